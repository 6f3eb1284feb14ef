"""Reads a table of somebody else's published folder, within the bounds of `loading_script.untrusted`.

Images stay the dictionaries that they are stored as; of one the head alone is looked at.
"""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from datasets import Features

from builder.errors import PublishError
from builder.publish.aggregates import built_columns, rated_features
from builder.publish.pictures import features_without_pictures, picture_columns
from builder.studies import StudyKind
from loading_script import lands_between as schema
from loading_script.tables import read_people
from loading_script.untrusted.parquet import check_parquet, first_line
from loading_script.untrusted.png import open_png


def read_table(path: Path, table: str, rows: int, kind: StudyKind | None, *, withheld: bool = False) -> pa.Table:
    """A file of `table` that has `rows` rows; images as dictionaries of bytes, or none where they are withheld.

    Where the version's kind of study is not installed, None, its columns may be any of an allowed type.

    Raises:
        PublishError: it is no whole Parquet file, has other columns or rows, or would take more memory than such a file
            may.
    """
    try:
        return _read_table(path, table, rows, kind, withheld=withheld)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise PublishError(first_line(error)) from error


def _read_table(path: Path, table: str, rows: int, kind: StudyKind | None, *, withheld: bool) -> pa.Table:
    columns = pq.read_schema(path)
    features = published_features(table, columns, kind, withheld=withheld) if kind else schema.stored_features(columns)
    images = picture_columns(features)
    if withheld and images:
        raise PublishError(f"{images[0]}: holds pictures, which {schema.PROVENANCE} says are withheld")
    with pq.ParquetFile(path, read_dictionary=[f"{column}.bytes" for column in images]) as file:
        if file.metadata.num_rows != rows:
            raise PublishError(f"has {file.metadata.num_rows} rows, {schema.PROVENANCE} says {rows}")
        check_parquet(path, apart=images)
        read = file.read(use_threads=False)
    read.validate(full=True)
    if read.num_rows != rows:
        raise PublishError(f"has {read.num_rows} rows, {schema.PROVENANCE} says {rows}")
    for column in images:
        _check_images(read[column])
    # A file's own words about its columns, which nothing compared with them, are nothing to go by.
    return read.replace_schema_metadata(features.arrow_schema.metadata)


def published_features(table: str, columns: pa.Schema, kind: StudyKind, *, withheld: bool = False) -> Features:
    """The features of a published table of this kind of study, with or without ratings; pictures may be withheld.

    Raises:
        ValueError: the columns are not those of such a table.
    """
    if table in ("ratings", "participants"):
        (key,) = kind.tables[0].key
        return read_people(table, columns, key)
    built, questions, by_question = built_columns(columns)
    try:
        features = kind.features(table, built)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(f"{table}: not the columns of such a table: {error!r}") from error
    if withheld:
        spec = next(spec for spec in (*kind.tables, *kind.derived) if spec.name == table)
        features = features_without_pictures(spec, features)
    if built is not columns:
        features = rated_features(features, questions, by_question=by_question)
    if not features.arrow_schema.equals(columns):
        wrong = [name for name in columns.names if name not in features]
        wrong += [field.name for field in features.arrow_schema if field not in columns]
        raise ValueError(f"{table}: not the columns of such a table: {', '.join(wrong[:5]) or 'another order'}")
    return features


def image_bytes(column: pa.ChunkedArray) -> tuple[list[bytes], list[int]]:
    """The different images of a column that was read as a dictionary, and which of them each row has.

    Raises:
        PublishError: a row has none.
    """
    images = column.combine_chunks().field("bytes").dictionary_encode()
    if images.null_count:
        raise PublishError("a row has no image")
    return images.dictionary.to_pylist(), images.indices.to_pylist()


def _check_images(column: pa.ChunkedArray) -> None:
    for content in image_bytes(column)[0]:
        try:
            open_png(content)
        except ValueError as error:
            raise PublishError(f"an image {error}") from None
