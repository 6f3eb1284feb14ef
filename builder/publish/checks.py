"""Checks between and within the tables of a published version; a line for each thing that is wrong."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from builder.publish.aggregates import aggregate_columns, counted, has_counts, questions_in, with_aggregates
from builder.publish.anonymity import smallest_group
from builder.publish.layout import Part
from builder.publish.provenance import Provenance
from builder.publish.reading import image_bytes
from builder.studies import StudyKind
from builder.tables import TableSpec
from loading_script.lands_between import PROVENANCE
from loading_script.tables import DEMOGRAPHICS, SOURCES

Tables = Mapping[str, pa.Table]
"""All splits of each table, without images."""

_TOLERANCE = 1e-9
"""Relative, of an aggregate: another version of Arrow may add up in another order."""


def check_part(part: Part, rows: pa.Table, provenance: Provenance) -> Iterator[str]:
    """The errors in the batch and the split of one file."""
    splits = {batch.batch: batch.split for batch in provenance.batches}
    if part.batch is not None and splits.get(part.batch) != part.split:
        yield f"batch {part.batch} is in the split {splits.get(part.batch)}"
    if "batch" in rows.column_names and part.batch is not None and rows["batch"].unique().to_pylist() != [part.batch]:
        yield f"has rows of other batches than {part.batch}"


def check_pictures(spec: TableSpec, rows: pa.Table, images: pa.Table) -> Iterator[str]:
    """Whether the rows of a batch show the pictures of the table `images` that they name."""
    contents, at = image_bytes(images["image"])
    of_image = dict(zip(images["image_id"].to_pylist(), (contents[index] for index in at), strict=True))
    for picture, name in spec.shows:
        contents, at = image_bytes(rows[picture])
        pairs = set(zip(rows[name].to_pylist(), at, strict=True))
        wrong = sorted(str(image) for image, index in pairs if of_image.get(image) != contents[index])
        if wrong:
            yield f"{picture}: {len(wrong)} images are not those of the table images, such as {wrong[0]}"


def check_tables(specs: Sequence[TableSpec], tables: Tables, provenance: Provenance) -> list[str]:
    """The errors between the tables: ids, aggregates, the size of demographic groups."""
    return [*_ids(specs, tables), *_aggregates(specs[0], tables, provenance), *_people(tables, provenance)]


def _ids(specs: Sequence[TableSpec], tables: Tables) -> Iterator[str]:
    for spec in specs:
        rows = tables.get(spec.name)
        if rows is None:
            continue
        if len(spec.key) == 1:
            (column,) = spec.key
            if rows[column].null_count or pc.count_distinct(rows[column]).as_py() != rows.num_rows:
                yield f"{spec.name}: {column} is not one for each row"
        for reference in spec.references:
            ids = rows[reference.column].drop_null()
            if pa.types.is_list(ids.type):
                ids = pc.list_flatten(ids)
            other = tables.get(reference.table)
            targets = pa.chunked_array([[]], pa.string()) if other is None else other[reference.key]
            missing = ids.filter(pc.invert(pc.is_in(ids, value_set=targets.combine_chunks())))
            if len(missing):
                yield (
                    f"{spec.name}: {len(missing)} rows have a {reference.column} that {reference.table} does not have, "
                    f"such as {missing[0]}"
                )


def _aggregates(spec: TableSpec, tables: Tables, provenance: Provenance) -> Iterator[str]:
    """Whether the items' columns of aggregates are those of the ratings; `spec` is the table of the items."""
    items, source = tables[spec.name], provenance.aggregates.source
    questions = questions_in(tables["ratings"].schema) if "ratings" in tables else ()
    by_question = has_counts(items.column_names, questions)
    columns = [name for name in aggregate_columns(questions, by_question=by_question) if name in items.column_names]
    if (source is None) != (not columns):
        yield f"{spec.name}: has {len(columns)} columns of aggregates, which {PROVENANCE} says are of {source} ratings"
    if "ratings" in tables:
        unknown = set(tables["ratings"]["source"].to_pylist()) - set(SOURCES)
        if unknown:
            yield f"ratings: source is none of {', '.join(SOURCES)} in some rows"
    if source is None or not columns:
        return
    if not {"ratings", "participants"} <= tables.keys():
        yield f"{spec.name}: has aggregates, and there are no tables ratings and participants"
        return
    excluded = provenance.aggregates.flagged_excluded
    ratings = counted(tables["ratings"], tables["participants"], source, flagged_excluded=excluded)
    (key,) = spec.key
    ours, ordered = items.drop_columns(columns), ratings.sort_by("rating_id")
    again = with_aggregates(ours, key, ordered, questions, source, by_question=by_question)
    for name in columns:
        both = zip(items[name].to_pylist(), again[name].to_pylist(), strict=True)
        wrong = sum(not _same(stored_value, new_value) for stored_value, new_value in both)
        if wrong:
            yield f"{spec.name}: {name} is not that of the ratings in {wrong} rows"


def check_derived(kind: StudyKind, tables: Tables, provenance: Provenance) -> Iterator[str]:
    """Whether the tables that a kind of study derives from ratings are what those of the version give."""
    source, people = provenance.aggregates.source, {"ratings", "participants"}
    for spec in kind.derived:
        rows = tables.get(spec.name)
        if source is None or not people <= tables.keys():
            if rows is not None:
                yield f"{spec.name}: is made from ratings, and there are none that {PROVENANCE} says it is made from"
            continue
        excluded = provenance.aggregates.flagged_excluded
        ratings = counted(tables["ratings"], tables["participants"], source, flagged_excluded=excluded)
        again = _by_key(spec, kind.derive(spec.name, tables[kind.tables[0].name], ratings))
        ours = {} if rows is None else _by_key(spec, rows)
        if rows is not None and len(ours) < rows.num_rows:
            yield f"{spec.name}: {', '.join(spec.key)} is not one for each row"
        wrong = sum(not _same_row(ours.get(key), again.get(key)) for key in ours.keys() | again.keys())
        if wrong:
            yield f"{spec.name}: {wrong} rows are not what the ratings give, or are missing"


def _by_key(spec: TableSpec, rows: pa.Table) -> dict[tuple[Any, ...], dict[str, Any]]:
    return {tuple(row[name] for name in spec.key): row for row in rows.to_pylist()}


def _same_row(one: dict[str, Any] | None, other: dict[str, Any] | None) -> bool:
    return None not in (one, other) and all(_same(one[name], other[name]) for name in other)  # type: ignore[index,union-attr]


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE)
    return bool(one == other)


def _people(tables: Tables, provenance: Provenance) -> Iterator[str]:
    if "participants" in tables:
        smallest = smallest_group(tables["participants"])
        k = provenance.demographics.k
        if smallest is not None and smallest < k:
            columns = ", ".join(DEMOGRAPHICS)
            yield f"participants: a combination of {columns} is that of {smallest}, fewer than {k}"
