"""What must hold between and within the tables of a published version; a line for each thing that does not."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from builder.publish.aggregates import counted, rated
from builder.publish.anonymity import smallest_group
from builder.publish.layout import Part
from builder.publish.provenance import Provenance
from builder.publish.reading import image_bytes
from loading_script import lands_between as schema

Tables = Mapping[str, pa.Table]
"""All splits of each table, without images."""

_TOLERANCE = 1e-9
"""Relative, of an aggregate: another version of Arrow may add up in another order."""

_REFERENCES = [
    ("pairs", "base_id", "images", "image_id"),
    ("pairs", "sample_id", "images", "image_id"),
    ("pairs", "anchor_id", "images", "image_id"),
    ("pairs", "search_id", "searches", "search_id"),
    ("searches", "base_id", "images", "image_id"),
    ("searches", "anchor_id", "images", "image_id"),
    ("embeddings", "image_id", "images", "image_id"),
    ("ratings", "pair_id", "pairs", "pair_id"),
    ("ratings", "participant_id", "participants", "participant_id"),
]
"""Table and column that name a row of another table by that column."""

_UNIQUE = {"pairs": "pair_id", "images": "image_id", "embeddings": "image_id", "ratings": "rating_id"}


def check_part(part: Part, rows: pa.Table, provenance: Provenance) -> Iterator[str]:
    """What is wrong within one file: its batch and split, decisions that are not their distance's."""
    splits = {batch.batch: batch.split for batch in provenance.batches}
    if part.batch is not None and splits.get(part.batch) != part.split:
        yield f"batch {part.batch} is in the split {splits.get(part.batch)}"
    if "batch" in rows.column_names and part.batch is not None and rows["batch"].unique().to_pylist() != [part.batch]:
        yield f"has rows of other batches than {part.batch}"
    if part.table == "pairs":
        for name, threshold in provenance.thresholds().items():
            yield from _decisions(rows, name, threshold)


def check_images(pairs: pa.Table, images: pa.Table) -> Iterator[str]:
    """Whether the pairs of a batch show the images of the table `images` that they name."""
    contents, at = image_bytes(images["image"])
    of_image = dict(zip(images["image_id"].to_pylist(), (contents[index] for index in at), strict=True))
    for column in ("base", "sample"):
        contents, at = image_bytes(pairs[column])
        shown = set(zip(pairs[f"{column}_id"].to_pylist(), at, strict=True))
        wrong = sorted(str(image) for image, index in shown if of_image.get(image) != contents[index])
        if wrong:
            yield f"{column}: {len(wrong)} images are not those of the table images, such as {wrong[0]}"


def check_tables(tables: Tables, provenance: Provenance) -> list[str]:
    """What is wrong between the tables: ids, aggregates, the size of demographic groups."""
    return [*_ids(tables), *_aggregates(tables, provenance), *_people(tables, provenance)]


def _decisions(rows: pa.Table, name: str, threshold: float) -> Iterator[str]:
    columns = f"{name}_distance", f"{name}_accept"
    if not set(columns) <= set(rows.column_names):
        yield f"has no columns {' and '.join(columns)}"
        return
    distance, accept = (rows[column] for column in columns)
    expected = pc.less_equal(distance.cast(pa.float64()), threshold)
    if not expected.equals(accept):
        yield f"{name}_accept: is not {name}_distance <= {threshold} in every row"


def _ids(tables: Tables) -> Iterator[str]:
    for table, column in {**_UNIQUE, "participants": "participant_id"}.items():
        ids = tables[table][column] if table in tables else pa.chunked_array([[]], pa.string())
        if ids.null_count or pc.count_distinct(ids).as_py() != len(ids):
            yield f"{table}: {column} is not one for each row"
    for table, column, other, key in _REFERENCES:
        if table not in tables:
            continue
        ids = tables[table][column].drop_null()
        known = tables[other][key] if other in tables else pa.chunked_array([[]], pa.string())
        missing = ids.filter(pc.invert(pc.is_in(ids, value_set=known.combine_chunks())))
        if len(missing):
            yield f"{table}: {len(missing)} rows have a {column} that {other} does not have, such as {missing[0]}"


def _aggregates(tables: Tables, provenance: Provenance) -> Iterator[str]:
    pairs, source = tables["pairs"], provenance.aggregates.source
    held = [name for name in schema.AGGREGATES if name in pairs.column_names]
    if (source is None) != (not held):
        yield f"pairs: has {len(held)} columns of aggregates, which {schema.PROVENANCE} says are of {source} ratings"
    if "ratings" in tables:
        unknown = set(tables["ratings"]["source"].to_pylist()) - set(schema.SOURCES)
        if unknown:
            yield f"ratings: source is none of {', '.join(schema.SOURCES)} in some rows"
    if source is None or not held:
        return
    if not {"ratings", "participants"} <= tables.keys():
        yield "pairs: has aggregates, and there are no tables ratings and participants"
        return
    excluded = provenance.aggregates.flagged_excluded
    ratings = counted(tables["ratings"], tables["participants"], source, flagged_excluded=excluded)
    again = rated(pairs.drop_columns(held), ratings.sort_by("rating_id"), source)
    for name in held:
        both = zip(pairs[name].to_pylist(), again[name].to_pylist(), strict=True)
        wrong = sum(not _same(ours, theirs) for ours, theirs in both)
        if wrong:
            yield f"pairs: {name} is not that of the ratings in {wrong} rows"


def _same(ours: Any, theirs: Any) -> bool:
    if isinstance(ours, float) and isinstance(theirs, float):
        return math.isclose(ours, theirs, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE)
    return bool(ours == theirs)


def _people(tables: Tables, provenance: Provenance) -> Iterator[str]:
    if "participants" in tables:
        smallest = smallest_group(tables["participants"])
        k = provenance.demographics.k
        if smallest is not None and smallest < k:
            columns = ", ".join(schema.DEMOGRAPHICS)
            yield f"participants: a combination of {columns} is that of {smallest}, fewer than {k}"
