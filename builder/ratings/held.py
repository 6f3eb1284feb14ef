"""What a study folder holds of ratings, as a whole: read, changed, written back."""

from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd
import pyarrow as pa
from datasets import Features

from builder.files import Folder
from builder.ratings import records
from builder.ratings.pairs import read_pairs
from builder.ratings.quality import batches, flags
from builder.ratings.settings import RatingsSettings
from builder.ratings.store import RatingsFolder
from builder.shards import StudyFolder
from loading_script import lands_between as schema

_NULLABLE = {pa.int32(): pd.Int32Dtype(), pa.float32(): pd.Float32Dtype()}


@dataclass(frozen=True)
class Held:
    """Both tables with the columns of their schemas, `participants` indexed by participant_id, and the records
    of `builder.ratings.records`.
    """

    ratings: pd.DataFrame
    participants: pd.DataFrame
    held_back: pd.DataFrame
    released: pd.DataFrame
    refused: pd.DataFrame
    forgotten: pd.DataFrame
    withdrawn: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=records.WITHDRAWN, dtype="str"))
    imports: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=records.IMPORTS, dtype="str"))


def read_held(folder: Path) -> Held:
    """What the folder holds; who writes it back has it locked from before.

    Raises:
        FolderError: a file of it is damaged.
    """
    store = RatingsFolder(folder)
    return Held(
        frame(store.ratings()),
        frame(store.participants()).set_index("participant_id"),
        records.read(folder, "held-back", records.HELD_BACK),
        records.read(folder, "released", records.RELEASED),
        records.without_names(records.read(folder, "refused", records.REFUSED)),
        records.read(folder, "forgotten", records.FORGOTTEN),
        records.read(folder, "withdrawn", records.WITHDRAWN),
        records.read(folder, "imports", records.IMPORTS),
    )


def judged(held: Held, pairs: pd.DataFrame, settings: RatingsSettings) -> Held:
    """The same with every participant's batch and flags made anew, by the bounds that the study file names now."""
    people = held.participants.assign(
        batch=batches(held.ratings, pairs).reindex(held.participants.index).astype("Int32"),
        flags=flags(held.ratings, pairs, settings, held.participants.index),
    )
    return replace(held, participants=people)


def write_held(folder: Path, held: Held, pairs: pd.DataFrame, settings: RatingsSettings) -> None:
    """Writes it back, judged: all of it or, on an error, nothing.

    The tables come last: an import that was killed between two renames is run again and ends the same.

    Raises:
        FolderError: there is no room, or no right to write.
    """
    held = judged(held, pairs, settings)
    files = dict(
        records.file(name, rows)
        for name, rows in {
            "held-back": held.held_back,
            "released": held.released,
            "refused": held.refused,
            "forgotten": held.forgotten,
            "withdrawn": held.withdrawn,
            "imports": held.imports,
        }.items()
    )
    participants = table(held.participants.reset_index(names="participant_id"), schema.participants())
    Folder(folder).write(files | RatingsFolder.files(table(held.ratings, schema.ratings()), participants))


def read_tables(folder: Path) -> tuple[pa.Table, pa.Table]:
    """The ratings and the participants, these judged by the bounds that the study file names now.

    Raises:
        FolderError: this is no study folder, or a file of it is damaged.
        RatingsError: no batch is built.
    """
    return judged_tables(folder, read_held(folder))


def judged_tables(folder: Path, held: Held) -> tuple[pa.Table, pa.Table]:
    """The ratings and the participants of what was read of a study folder, judged.

    Raises:
        FolderError: this is no study folder.
        RatingsError: no batch is built.
    """
    held = judged(held, read_pairs(folder), StudyFolder(folder).study().ratings)
    participants = held.participants.reset_index(names="participant_id")
    return table(held.ratings, schema.ratings()), table(participants, schema.participants())


def frame(rows: pa.Table) -> pd.DataFrame:
    """Arrow rows in pandas, nulls kept apart from numbers."""
    read: pd.DataFrame = rows.to_pandas(types_mapper=_NULLABLE.get)
    return read


def table(rows: pd.DataFrame, features: Features) -> pa.Table:
    """Rows in pandas as an Arrow table of the schema's columns."""
    return pa.Table.from_pandas(rows[list(features)], schema=features.arrow_schema, preserve_index=False)
