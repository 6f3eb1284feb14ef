"""Reads a table of somebody else's published folder within bounds.

What a Parquet file says of itself is checked before it is read: rows, values, bytes when expanded. Texts and images are
read as the dictionaries that they are stored as, so that a file cannot have one repeated in memory a million times; of
an image the head alone is looked at.
"""

import io
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from PIL import Image

from builder.errors import PublishError
from loading_script import lands_between as schema

MOST_ROWS = 10_000_000
"""Of one file; `publish` writes one a batch."""

MOST_VALUES = 500_000_000
"""Of one column of one file, latents and embeddings having hundreds a row."""

MOST_EXPANDED = 4 * 2**30
"""Bytes of one file, expanded."""

MOST_EXPANSION, LEAST_EXPANDED = 200, 2**26
"""A file may expand this many times; or to this many bytes, where that is more."""

MOST_TEXT = 2**30
"""Bytes of one column of texts, repeated as often as rows have them."""

MOST_PIXELS = 2**26
"""Of one image."""

IMAGES = {"pairs": ["base", "sample"], "images": ["image"]}
"""Columns of images by table."""


def read_table(path: Path, table: str, rows: int) -> pa.Table:
    """A file of `table` that has `rows` rows; images as dictionaries of bytes.

    Raises:
        PublishError: it has other columns or rows, or would take more memory than such a file may.
        pa.ArrowException, OSError, ValueError: it is no whole Parquet file.
    """
    columns = pq.read_schema(path)
    try:
        schema.read_features(table, columns)
    except ValueError as error:
        raise PublishError(str(error)) from None
    images = IMAGES.get(table, [])
    texts = [field.name for field in columns if pa.types.is_string(field.type)]
    dictionaries = [*(f"{column}.bytes" for column in images), *texts]
    with pq.ParquetFile(path, read_dictionary=dictionaries) as file:
        _check_size(file.metadata, path.stat().st_size, rows)
        read = file.read(use_threads=False)
    read.validate(full=True)
    if read.num_rows != rows:
        raise PublishError(f"has {read.num_rows} rows, {schema.PROVENANCE} says {rows}")
    for column in texts:
        read = read.set_column(read.column_names.index(column), columns.field(column), _texts(read[column], column))
    read.validate(full=True)  # now of the texts themselves: are they UTF-8?
    for column in images:
        _check_images(read[column])
    return read


def image_bytes(column: pa.ChunkedArray) -> tuple[list[bytes], list[int]]:
    """The different images of a column that was read as a dictionary, and which of them each row has.

    Raises:
        PublishError: a row has none.
    """
    images = column.combine_chunks().field("bytes").dictionary_encode()
    if images.null_count:
        raise PublishError("a row has no image")
    return images.dictionary.to_pylist(), images.indices.to_pylist()


def _check_size(metadata: pq.FileMetaData, size: int, rows: int) -> None:
    groups = [metadata.row_group(at) for at in range(metadata.num_row_groups)]
    columns = [group.column(at) for group in groups for at in range(group.num_columns)]
    expanded = sum(column.total_uncompressed_size for column in columns)
    if metadata.num_rows != rows or rows > MOST_ROWS:
        raise PublishError(
            f"has {metadata.num_rows} rows, {schema.PROVENANCE} says {rows}, at most {MOST_ROWS} are read"
        )
    if any(column.num_values > MOST_VALUES for column in columns):
        raise PublishError(f"has a column of more than {MOST_VALUES} values")
    if expanded > min(MOST_EXPANDED, max(LEAST_EXPANDED, MOST_EXPANSION * size)):
        raise PublishError(f"would take {expanded} bytes of memory, {expanded // max(size, 1)} times its own")


def _texts(column: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    size = sum(
        pc.sum(pc.binary_length(chunk.dictionary).cast(pa.int64()).take(chunk.indices)).as_py() or 0
        for chunk in column.chunks
    )
    if size > MOST_TEXT:
        raise PublishError(f"{name}: texts of {size} bytes; at most {MOST_TEXT} are read")
    return column.cast(pa.string())


def _check_images(column: pa.ChunkedArray) -> None:
    for content in image_bytes(column)[0]:
        try:
            with Image.open(io.BytesIO(content), formats=["PNG"]) as image:
                pixels = image.width * image.height
        except (OSError, ValueError, Image.DecompressionBombError) as error:
            raise PublishError(f"an image is no PNG that can be read: {error}") from None
        if pixels > MOST_PIXELS:
            raise PublishError(f"an image of {pixels} pixels; at most {MOST_PIXELS} are read")
