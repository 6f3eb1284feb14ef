"""The tables that a kind of study declares, and helpers to make them."""

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from PIL import Image

Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class TableSpec:
    """A table that every batch of a kind of study writes.

    name: of the table, of its config in the published dataset, and of its folder of shards.
    key: the column with the id of a row.
    large: columns with pictures, which are left out where only numbers are wanted.
    """

    name: str
    key: str
    large: tuple[str, ...] = ()


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
