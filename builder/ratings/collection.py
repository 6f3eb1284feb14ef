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
class Collection:
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


def read_collection(folder: Path, asks: Questionnaire) -> Collection:
    """The ratings of the folder; who writes them back has it locked from before.

    Raises:
        FolderError: a file of it is damaged.
    """
    store = RatingsFolder(folder, asks)
    return Collection(
        frame(store.ratings()),
        frame(store.participants()).set_index("participant_id"),
        records.read(folder, "held-back", records.HELD_BACK),
        records.read(folder, "released", records.RELEASED),
        records.without_names(records.read(folder, "refused", records.refused_lines(asks.key))),
        records.read(folder, "forgotten", records.FORGOTTEN),
        records.read(folder, "withdrawn", records.WITHDRAWN),
        records.read(folder, "imports", records.IMPORTS),
    )


def judged(collection: Collection, design: Design) -> Collection:
    """The same with every participant's batch and flags made anew, by the bounds that the study file names now."""
    people = collection.participants.assign(
        batch=batches(collection.ratings, design).reindex(collection.participants.index).astype("Int32"),
        flags=flags(collection.ratings, design, collection.participants.index),
    )
    return replace(collection, participants=people)


def write_collection(folder: Path, collection: Collection, design: Design) -> None:
    """Writes it back, judged: all of it or, on an error, nothing.

    The tables come last: an import that was killed between two renames is run again and ends the same.

    Raises:
        FolderError: there is no room, or no right to write.
    """
    collection = judged(collection, design)
    files = dict(
        records.file(name, rows)
        for name, rows in {
            "held-back": collection.held_back,
            "released": collection.released,
            "refused": collection.refused,
            "forgotten": collection.forgotten,
            "withdrawn": collection.withdrawn,
            "imports": collection.imports,
        }.items()
    )
    Folder(folder).write(files | RatingsFolder(folder, design.asks).files(*_tables(collection, design.asks)))


def read_tables(folder: Path) -> tuple[pa.Table, pa.Table]:
    """The ratings and the participants, these judged by the bounds that the study file names now.

    Raises:
        FolderError: this is no study folder, or a file of it is damaged.
        RatingsError: no batch is built.
    """
    design = read_design(folder)
    return flagged_tables(read_collection(folder, design.asks), design)


def flagged_tables(collection: Collection, design: Design) -> tuple[pa.Table, pa.Table]:
    """The ratings and the participants of what was read of a study folder, judged."""
    return _tables(judged(collection, design), design.asks)


def _tables(collection: Collection, asks: Questionnaire) -> tuple[pa.Table, pa.Table]:
    of = schemas(asks)
    participants = collection.participants.reset_index(names="participant_id")
    return table(collection.ratings, of["ratings"]), table(participants, of["participants"])


def frame(rows: pa.Table) -> pd.DataFrame:
    """Arrow rows in pandas, nulls kept apart from numbers."""
    read: pd.DataFrame = rows.to_pandas(types_mapper=_NULLABLE.get)
    return read


def table(rows: pd.DataFrame, schema: pa.Schema) -> pa.Table:
    """Rows in pandas as an Arrow table of the schema's columns.

    A number that is null is 0 beneath, and a truth is false: pandas keeps what was there, which would tell what was
    taken out.
    """
    arrow = pa.Table.from_pandas(rows[schema.names], schema=schema, preserve_index=False)
    for at, field in enumerate(arrow.schema):
        plain = pa.types.is_integer(field.type) or pa.types.is_floating(field.type) or pa.types.is_boolean(field.type)
        if arrow.column(at).null_count and plain:
            column = arrow.column(at)
            mask = column.is_null().to_numpy()
            cells = column.fill_null(pa.scalar(0).cast(field.type)).to_numpy()
            arrow = arrow.set_column(at, field, pa.array(cells, field.type, mask=mask))
    return arrow
