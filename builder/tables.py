"""The tables that a kind of study declares, and helpers to make them."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from PIL import Image

from builder.columns import PARTICIPANTS, RATINGS, Column

Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Reference:
    """A column whose values are ids: those of the column `key` of another table."""

    column: str
    table: str
    key: str


@dataclass(frozen=True)
class TableSpec:
    """A table of a study, as the engines, publishing and `verify` need to know it.

    name: of the table, of its config in the published dataset, and of its folder of shards.
    key: columns that together name a row.
    references: columns that name rows of other tables.
    shows: columns with a picture, each with the column that names the row of the table `images` that has it, too.
    large: all columns with pictures, or with numbers that show one, such as a map of its pixels; they are left out
        where only figures are wanted, and of versions whose pictures may not be published.
    trace: whether the table traces how items came about; it is listed behind the others.
    optional: whether some studies of the kind do not have the table; their batches have no shard of it.
    columns: the meaning of its columns; the first whose name fits says what one means.
    """

    name: str
    key: tuple[str, ...]
    references: tuple[Reference, ...] = ()
    shows: tuple[tuple[str, str], ...] = ()
    large: tuple[str, ...] = ()
    trace: bool = False
    optional: bool = False
    columns: tuple[Column, ...] = ()

    def meaning(self, column: str) -> Column | None:
        """The meaning of a column; None where the table does not declare it."""
        return next((each for each in self.columns if fnmatchcase(column, each.name)), None)


def published_specs(own: Sequence[TableSpec], derived: Sequence[TableSpec] = ()) -> tuple[TableSpec, ...]:
    """The tables of a published dataset in the order in which they are listed: those of a kind of study, of which the
    first holds the items, those that it derives from ratings, and the two that every study has.
    """
    (item,) = own[0].key
    ratings = TableSpec(
        "ratings",
        key=("rating_id",),
        references=(Reference(item, own[0].name, item), Reference("participant_id", "participants", "participant_id")),
        columns=(*(each for each in own[0].columns if each.name == item), *RATINGS),
    )
    participants = TableSpec("participants", key=("participant_id",), columns=PARTICIPANTS)
    before, behind = [each for each in own if not each.trace], [each for each in own if each.trace]
    return (*before, *derived, ratings, participants, *behind)


def arrow_bytes(table: pa.Table) -> bytes:
    """A table as an Arrow IPC stream, in one record batch."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table.combine_chunks())
    content: bytes = sink.getvalue().to_pybytes()
    return content


def image_value(name: str, png: bytes) -> dict[str, Any]:
    """A picture as `datasets` stores one; `name` is its file name without ending."""
    return {"bytes": png, "path": f"{name}.png"}


def png_bytes(pixels: Pixels) -> bytes:
    """(h, w, 3) uint8 as a PNG."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG")
    return buffer.getvalue()
