"""The places of the tables in a published folder, and the way in which they are written.

    data/<table>/<split>-<batch>.parquet          for each table of the kind of study, and for ratings
    data/participants/<split>.parquet

One file a batch: a new batch leaves the files of the others as they are, byte for byte. One row group a file, with one
dictionary page a column, however large: the bytes of a picture that 28 items show are there once in each column that
shows it. The columns that are made from ratings are the last of the items: new ratings change the end of a file, so
that a store which cuts files by content, as the Hub's does, is sent that end alone; one that compares whole files is
sent the items of every batch that was rated. `benchmarks.publish` measures both.
"""

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
from datasets import Features

from builder.tables import TableSpec
from loading_script import lands_between as schema

_MOST_DICTIONARY = 2**30
"""Bytes of a dictionary page; beyond it the rest of a batch's images would be stored with each item."""


class Part(NamedTuple):
    """The part of a table in one Parquet file; `batch` is None where it is all of a split."""

    table: str
    split: str
    batch: int | None

    @property
    def path(self) -> str:
        """Path within the published folder."""
        batch = "" if self.batch is None else f"-{self.batch:06d}"
        return f"data/{self.table}/{self.split}{batch}.parquet"


@dataclass(frozen=True)
class Table:
    """A part as it was written: its features, its rows, its bytes in memory and on disk."""

    features: Features
    rows: int
    memory: int
    disk: int


def part_of(path: str) -> Part | None:
    """The part that lies at a path of a published folder; None for a path that is no table's."""
    match = schema.DATA_FILE.fullmatch(path)
    if not match:
        return None
    return Part(match["table"], match["split"], None if match["batch"] is None else int(match["batch"]))


def patterns(parts: Iterable[Part], specs: Sequence[TableSpec]) -> dict[str, dict[str, str]]:
    """Table -> split -> the pattern of its files, in the order of `specs`."""
    order = [spec.name for spec in specs]
    by_table: dict[str, dict[str, str]] = {}
    for part in sorted(parts, key=lambda part: order.index(part.table)):
        pattern = part.path if part.batch is None else f"data/{part.table}/{part.split}-*.parquet"
        by_table.setdefault(part.table, {})[part.split] = pattern
    return by_table


def parquet(rows: pa.Table, features: Features) -> bytes:
    """A table as the one row group of a Parquet file; the same rows give the same bytes.

    Raises:
        pa.ArrowInvalid: the rows do not have these features.
    """
    written = rows.cast(features.arrow_schema).replace_schema_metadata(schema.stored(features).metadata)
    sink = io.BytesIO()
    pq.write_table(
        written.combine_chunks(),
        sink,
        row_group_size=max(1, rows.num_rows),
        compression="zstd",
        use_dictionary=_texts(written.schema),
        dictionary_pagesize_limit=_MOST_DICTIONARY,
    )
    return sink.getvalue()


def _texts(columns: pa.Schema) -> list[str]:
    """The Parquet columns of texts and images that repeat; numbers hardly do."""
    leaves = []
    for field in columns:
        if pa.types.is_struct(field.type) and field.name != "image":  # in the table images each is there once
            leaves += [f"{field.name}.{inner.name}" for inner in field.type]
        elif pa.types.is_list(field.type) and pa.types.is_string(field.type.value_type):
            leaves.append(f"{field.name}.list.element")
        elif pa.types.is_string(field.type):
            leaves.append(field.name)
    return leaves
