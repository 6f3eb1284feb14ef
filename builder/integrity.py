"""Whether a shard is the one that its manifest describes."""

import hashlib

import pyarrow as pa

from builder.errors import FolderError
from builder.files import explained
from builder.layout import shard_name
from builder.manifest import Shard
from builder.storage import Storage
from loading_script.untrusted.arrow_stream import read_stream


def check_size(storage: Storage, shard: Shard, batch: int, size: int | None) -> None:
    """A quick check, by the number of bytes; `size`: that of the file, None where a listing lacks it.

    Raises:
        FolderError: the file is missing, or has another size.
    """
    name = shard_name(shard.table, batch)
    where = storage.at(name)
    if size is None and storage.size(name) is None:  # which says what lies in its place
        raise FolderError(f"{where}: is missing")
    if size != shard.bytes:
        raise FolderError(f"{where}: has {size} bytes, its manifest says {shard.bytes}")


def check_content(storage: Storage, shard: Shard, batch: int) -> None:
    """A whole check, by the SHA-256 of every byte and the number of rows.

    Raises:
        FolderError: the file has other bytes or rows, or is damaged.
    """
    name = shard_name(shard.table, batch)
    where = storage.at(name)
    with explained(where), storage.open(name) as file:
        content = file.read()
    if hashlib.sha256(content).hexdigest() != shard.sha256:
        raise FolderError(f"{where}: its bytes do not have the SHA-256 that its manifest says")
    try:
        rows = read_stream(pa.py_buffer(content)).num_rows
    except ValueError as error:
        raise FolderError(f"{where}: damaged: {error}") from error
    if rows != shard.rows:
        raise FolderError(f"{where}: has {rows} rows, its manifest says {shard.rows}")
