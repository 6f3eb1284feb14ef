"""The content that card and pictures are made from."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from builder.publish.layout import Part, Table
from builder.publish.provenance import Provenance
from builder.publish.tables import People
from builder.studies import load_kind
from builder.study import Study
from builder.tables import TableSpec, published_specs


@dataclass(frozen=True)
class Content:
    """A version whose tables are written: `folder`, what lies there, and the items without their
    pictures.
    """

    folder: Path
    study: Study
    provenance: Provenance
    tables: Mapping[Part, Table]
    people: People
    items: pa.Table
    repo: str | None = None

    @property
    def title(self) -> str:
        """The title of the dataset, on one line."""
        return " ".join((self.study.publish.title or self.study.name).split())

    @property
    def specs(self) -> tuple[TableSpec, ...]:
        """The tables that a version of this study may have, in the order in which they are listed."""
        kind = load_kind(self.study.study)
        return published_specs(kind.tables, kind.derived)


def read_items(folder: Path, tables: Mapping[Part, Table], spec: TableSpec) -> pa.Table:
    """The table of the items, of all splits, without pictures."""
    parts = [(part, table) for part, table in tables.items() if part.table == spec.name]
    light = [name for name in parts[0][1].features if name not in spec.large]
    return pa.concat_tables([pq.ParquetFile(folder / part.path).read(columns=light) for part, _ in parts])
