"""Checks between the tables of a version, for what verification has none of."""

import pyarrow as pa

from builder.publish.checks import check_tables
from builder.publish.provenance import Aggregates, Provenance
from builder.tables import Reference, TableSpec

SPECS = [
    TableSpec("items", key=("item_id",), references=(Reference("panel_ids", "images", "image_id"),)),
    TableSpec("images", key=("image_id",)),
]
UNRATED = Provenance.model_construct(aggregates=Aggregates())


def test_every_id_in_a_list_is_looked_up():
    images = pa.table({"image_id": ["a", "b", "c"]})
    panels = pa.array([["a", "b"], None, ["c"]], pa.list_(pa.string()))
    whole = pa.table({"item_id": ["1", "2", "3"], "panel_ids": panels})
    assert check_tables(SPECS, {"items": whole, "images": images}, UNRATED) == []

    assert check_tables(SPECS, {"items": whole, "images": images.slice(0, 2)}, UNRATED) == [
        "items: 1 rows have a panel_ids that images does not have, such as c"
    ]
