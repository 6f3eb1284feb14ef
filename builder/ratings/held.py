"""The ratings of a study folder, as a whole: read, changed, written back."""

from dataclasses import dataclass, replace
from dataclasses import field as default
from pathlib import Path

import pandas as pd
import pyarrow as pa

from builder.files import Folder
from builder.ratings import records
from builder.ratings.items import Design, read_design
from builder.ratings.quality import batches, flags
from builder.ratings.store import RatingsFolder, schemas
from builder.tasks import Questionnaire

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
    withdrawn: pd.DataFrame = default(default_factory=lambda: pd.DataFrame(columns=records.WITHDRAWN, dtype="str"))
    imports: pd.DataFrame = default(default_factory=lambda: pd.DataFrame(columns=records.IMPORTS, dtype="str"))


def read_held(folder: Path, asks: Questionnaire) -> Held:
    """The ratings of the folder; who writes them back has it locked from before.

    Raises:
        FolderError: a file of it is damaged.
    """
    store = RatingsFolder(folder, asks)
    return Held(
        frame(store.ratings()),
        frame(store.participants()).set_index("participant_id"),
        records.read(folder, "held-back", records.HELD_BACK),
        records.read(folder, "released", records.RELEASED),
        records.without_names(records.read(folder, "refused", records.refused_lines(asks.key))),
        records.read(folder, "forgotten", records.FORGOTTEN),
        records.read(folder, "withdrawn", records.WITHDRAWN),
        records.read(folder, "imports", records.IMPORTS),
    )


def judged(held: Held, design: Design) -> Held:
    """The same with every participant's batch and flags made anew, by the bounds that the study file names now."""
    people = held.participants.assign(
        batch=batches(held.ratings, design).reindex(held.participants.index).astype("Int32"),
        flags=flags(held.ratings, design, held.participants.index),
    )
    return replace(held, participants=people)


def write_held(folder: Path, held: Held, design: Design) -> None:
    """Writes it back, judged: all of it or, on an error, nothing.

    The tables come last: an import that was killed between two renames is run again and ends the same.

    Raises:
        FolderError: there is no room, or no right to write.
    """
    held = judged(held, design)
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
    Folder(folder).write(files | RatingsFolder(folder, design.asks).files(*_tables(held, design.asks)))


def read_tables(folder: Path) -> tuple[pa.Table, pa.Table]:
    """The ratings and the participants, these judged by the bounds that the study file names now.

    Raises:
        FolderError: this is no study folder, or a file of it is damaged.
        RatingsError: no batch is built.
    """
    design = read_design(folder)
    return judged_tables(read_held(folder, design.asks), design)


def judged_tables(held: Held, design: Design) -> tuple[pa.Table, pa.Table]:
    """The ratings and the participants of what was read of a study folder, judged."""
    return _tables(judged(held, design), design.asks)


def _tables(held: Held, asks: Questionnaire) -> tuple[pa.Table, pa.Table]:
    of = schemas(asks)
    participants = held.participants.reset_index(names="participant_id")
    return table(held.ratings, of["ratings"]), table(participants, of["participants"])


def frame(rows: pa.Table) -> pd.DataFrame:
    """Arrow rows in pandas, nulls kept apart from numbers."""
    read: pd.DataFrame = rows.to_pandas(types_mapper=_NULLABLE.get)
    return read


def table(rows: pd.DataFrame, schema: pa.Schema) -> pa.Table:
    """Rows in pandas as an Arrow table of the schema's columns.

    A number that is null is 0 beneath: pandas keeps the one that was there, which would tell what was taken out.
    """
    made = pa.Table.from_pandas(rows[schema.names], schema=schema, preserve_index=False)
    for at, field in enumerate(made.schema):
        if made.column(at).null_count and (pa.types.is_integer(field.type) or pa.types.is_floating(field.type)):
            column = made.column(at)
            mask = column.is_null().to_numpy()
            made = made.set_column(at, field, pa.array(column.fill_null(0).to_numpy(), field.type, mask=mask))
    return made
