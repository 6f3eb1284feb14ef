"""What card and pictures are made from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from builder.publish.layout import Part, Table
from builder.publish.provenance import Provenance
from builder.publish.tables import People
from builder.studies import load_kind
from builder.studies.verification.study import verification
from builder.study import Study
from builder.tables import TableSpec, published_specs

IMAGES = ["base", "sample"]
"""The columns of `pairs` that are large."""


@dataclass(frozen=True)
class Content:
    """A version whose tables are written: `folder`, what lies there, and `pairs` without its images."""

    folder: Path
    study: Study
    provenance: Provenance
    tables: Mapping[Part, Table]
    people: People
    pairs: pa.Table

    @property
    def title(self) -> str:
        """On one line."""
        return " ".join((self.study.publish.title or self.study.name).split())

    @property
    def specs(self) -> tuple[TableSpec, ...]:
        """The tables that a version of this study may have, in the order in which they are listed."""
        return published_specs(load_kind(self.study.study).tables)

    @property
    def kinds(self) -> list[str]:
        """The names of the label `kind`."""
        names: list[str] = next(
            table.features["kind"].names for part, table in self.tables.items() if part.table == "pairs"
        )
        return names

    @property
    def recognizers(self) -> list[str]:
        """Their names in the study."""
        return [each.name for each in verification(self.study).recognizers]


def read_pairs(folder: Path, tables: Mapping[Part, Table]) -> pa.Table:
    """`pairs` of all splits without images."""
    pairs = [(part, table) for part, table in tables.items() if part.table == "pairs"]
    light = [name for name in pairs[0][1].features if name not in IMAGES]
    return pa.concat_tables([pq.ParquetFile(folder / part.path).read(columns=light) for part, _ in pairs])


def read_images(content: Content, pair_ids: Sequence[str]) -> dict[str, tuple[bytes, bytes]]:
    """Base and sample of some pairs, as PNG."""
    batches = content.pairs.filter(pc.is_in(content.pairs["pair_id"], value_set=pa.array(pair_ids, pa.string())))
    found: dict[str, tuple[bytes, bytes]] = {}
    for part in content.tables:
        if part.table == "pairs" and part.batch in batches["batch"].to_pylist():
            rows = pq.ParquetFile(content.folder / part.path).read(columns=["pair_id", *IMAGES])
            wanted = rows.filter(pc.is_in(rows["pair_id"], value_set=pa.array(pair_ids, pa.string())))
            found |= {row["pair_id"]: (row["base"]["bytes"], row["sample"]["bytes"]) for row in wanted.to_pylist()}
    return found
