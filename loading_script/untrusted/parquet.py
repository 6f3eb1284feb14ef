"""Bounds for Parquet files of datasets, which may be anyone's.

What a file says of itself is checked before it is read: rows, values, bytes when expanded. Texts are first read as the
dictionaries that they are stored as: a file of a few bytes can say one a million times.
"""

from collections.abc import Collection
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

MOST_ROWS = 10_000_000
"""Rows of the largest file; `publish` writes one a batch."""

MOST_EXPANDED = 4 * 2**30
"""Bytes of one file, expanded."""

MOST_EXPANSION, LEAST_EXPANDED = 200, 2**26
"""A file may expand this many times; or to this many bytes, where that is more. Its pages are counted, its values, for
a page of a few bytes can say one a million times, and its texts as often as rows have them."""

LEAST_KEPT = 2**30
"""Bytes of all files together that any dataset may take; a larger one, as many times its own as one file may."""

_VALUE_BYTES = 8
"""Bytes of a number, at most; of a text and of an image, what its place in a dictionary takes."""


def first_line(error: Exception) -> str:
    """The first line of a library's error; its name where it says nothing."""
    return next(iter(str(error).splitlines()), type(error).__name__)


def check_parquet(path: Path, apart: Collection[str] = (), *, flat: bool = False) -> int:
    """Refuses a Parquet file that would take more memory than it may, before it is read.

    What repeats in the columns `apart` is not counted: whoever reads those reads them as dictionaries, or not at all.
    A file that must be `flat`, without lists, is refused where it is not, and is never asked about a column: pyarrow
    ends the process where what a file says of a column's values is damaged.

    Returns:
        About how many bytes it takes in memory.

    Raises:
        ValueError: it would take too much.
        pa.ArrowException, OSError: it is no whole Parquet file.
    """
    size = path.stat().st_size
    with pq.ParquetFile(path) as file:
        expanded = (_check_flat if flat else check_expansion)(file.metadata, size)
        leaves = [file.schema.column(at) for at in range(len(file.schema))]
    texts = [leaf.path for leaf in leaves if leaf.physical_type == "BYTE_ARRAY" and _top(leaf.path) not in apart]
    with pq.ParquetFile(path, read_dictionary=texts) as file:
        for group in range(file.num_row_groups) if texts else ():
            rows = file.read_row_group(group, columns=texts, use_threads=False)
            expanded += sum(_text_bytes(chunk) for column in rows.columns for chunk in column.chunks)
            _check_size(expanded, size)
    return expanded


def check_expansion(metadata: pq.FileMetaData, size: int) -> int:
    """Refuses a Parquet file of `size` bytes that would take more memory than it may, by what it says of itself.

    Returns:
        The bytes of its pages and of its values, in memory.

    Raises:
        ValueError: it would.
    """
    if metadata.num_rows > MOST_ROWS:
        raise ValueError(f"has {metadata.num_rows} rows; at most {MOST_ROWS} are read")
    widths = [max(metadata.schema.column(at).length or 0, _VALUE_BYTES) for at in range(metadata.num_columns)]
    groups = [metadata.row_group(at) for at in range(metadata.num_row_groups)]
    columns = [(group.column(at), widths[at]) for group in groups for at in range(group.num_columns)]
    expanded: int = sum(column.total_uncompressed_size + width * column.num_values for column, width in columns)
    _check_size(expanded, size)
    return expanded


def _check_flat(metadata: pq.FileMetaData, size: int) -> int:
    """Checks what `check_expansion` does, of a file in which a column has a value a row."""
    if metadata.num_rows > MOST_ROWS:
        raise ValueError(f"has {metadata.num_rows} rows; at most {MOST_ROWS} are read")
    leaves = [metadata.schema.column(at) for at in range(metadata.num_columns)]
    if any(leaf.max_repetition_level or leaf.path != leaf.name for leaf in leaves):
        raise ValueError("has a column of lists or of records; a column must have one value a row")
    pages = sum(metadata.row_group(at).total_byte_size for at in range(metadata.num_row_groups))
    expanded: int = pages + metadata.num_rows * sum(max(leaf.length or 0, _VALUE_BYTES) for leaf in leaves)
    _check_size(expanded, size)
    return expanded


def _top(path: str) -> str:
    return path.partition(".")[0]


def _text_bytes(array: pa.Array) -> int:
    """The size of the texts in an array that was read as dictionaries, counted as often as they are there."""
    if pa.types.is_struct(array.type):
        return sum(map(_text_bytes, array.flatten()))
    if pa.types.is_list(array.type) or pa.types.is_fixed_size_list(array.type) or pa.types.is_large_list(array.type):
        return _text_bytes(array.values)
    if pa.types.is_dictionary(array.type):
        lengths = pc.binary_length(array.dictionary).cast(pa.int64())
        array.validate(full=True)  # its indices may lead out of the dictionary
        return int(pc.sum(lengths.take(array.indices)).as_py() or 0)
    return int(array.nbytes)


def _check_size(expanded: int, size: int) -> None:
    if expanded > min(MOST_EXPANDED, max(LEAST_EXPANDED, MOST_EXPANSION * size)):
        raise ValueError(f"would take {expanded} bytes of memory, {expanded // max(size, 1)} times its own")
