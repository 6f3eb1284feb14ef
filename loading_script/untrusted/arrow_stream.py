"""Reads Arrow IPC streams that may be anyone's: within the memory that the file takes, and checked as a whole.

Streams of this project are neither compressed nor hold dictionaries, so what a batch says of itself cannot be more than
what is in the file; a stream that is or does is refused before it is expanded.
"""

import struct
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

_SCHEMA, _RECORD_BATCH = 1, 3
"""Types of message in Arrow's Message.fbs."""

_HEADER_TYPE, _HEADER, _COMPRESSION = 1, 2, 3
"""Places of fields: the first two in a message, the last in a record batch."""


def read_stream(content: pa.Buffer) -> pa.Table:
    """The rows of a whole stream, without a copy; every length, offset and text in them was checked.

    Raises:
        ValueError: it is no such stream, or is damaged.
    """
    try:
        for message in _messages(content):
            _check(message)
        with pa.ipc.open_stream(pa.BufferReader(content)) as reader:
            rows = reader.read_all()
        rows.validate(full=True)
    except (pa.ArrowException, OSError, struct.error) as error:
        raise ValueError(next(iter(str(error).splitlines()), type(error).__name__)) from error
    return rows


def map_stream(path: Path) -> pa.Table:
    """The rows in a file, which stays on disk until they are used; as `read_stream`."""
    if not path.stat().st_size:
        raise ValueError("is empty")
    with pa.memory_map(str(path)) as source:
        return read_stream(source.read_buffer())


def _messages(content: pa.Buffer) -> Iterator[pa.Message]:
    reader = pa.ipc.MessageReader.open_stream(pa.BufferReader(content))
    while True:
        try:
            yield reader.read_next_message()
        except StopIteration:
            return


def _check(message: pa.Message) -> None:
    metadata = message.metadata.to_pybytes()
    (root,) = struct.unpack_from("<I", metadata)
    at = _field(metadata, root, _HEADER_TYPE)
    kind = metadata[at] if at else 0
    if kind not in (_SCHEMA, _RECORD_BATCH):
        raise ValueError(f"has a message of type {kind}, which no stream of this project has")
    if kind == _RECORD_BATCH:
        place = _field(metadata, root, _HEADER)
        (offset,) = struct.unpack_from("<I", metadata, place)
        if _field(metadata, place + offset, _COMPRESSION):
            raise ValueError("is compressed, which no stream of this project is")


def _field(metadata: bytes, table: int, number: int) -> int:
    """The place of a field of a table of FlatBuffers; 0 where the table does not have it."""
    (back,) = struct.unpack_from("<i", metadata, table)
    vtable = table - back
    if vtable < 0:
        raise ValueError("has a message that is no FlatBuffers")
    size, slot = struct.unpack_from("<H", metadata, vtable)[0], 4 + 2 * number
    offset = struct.unpack_from("<H", metadata, vtable + slot)[0] if slot < size else 0
    return table + offset if offset else 0
