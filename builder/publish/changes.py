"""Changes between two published versions, read from their tables, and the version step that they need."""

import io
from collections.abc import Iterable, Iterator, Mapping, Set
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from datasets import Features

from builder.errors import PublishError
from builder.files import explained
from builder.publish.aggregates import aggregate_columns, questions_in
from builder.publish.history import STEPS, Step
from builder.publish.layout import Part, part_of
from builder.publish.provenance import File, Provenance, file_of, kind_of
from builder.publish.tables import by_day
from builder.studies import StudyKind
from builder.tables import TableSpec, published_specs
from builder.toml import first_difference, literal
from loading_script.lands_between import stored_features
from loading_script.tables import participants
from loading_script.untrusted.parquet import check_expansion, first_line

PEOPLE = ("ratings", "participants")
"""The tables that people and surveys fill; the others are those of the batches that were built."""

_GROWS = ["batch", "duration_s", "flags"]
"""Columns of a participant that more ratings change."""


DAYS = "ratings: rated_at is the day alone: by the time of a rating, a platform's log could tell who gave it"
"""The note of the version that is the first to say no more than the day."""


WITHHELD = "pictures: withheld; the versions that have them are to be withdrawn with --retract"
"""The note of the first version without pictures after one that has them."""


class Change(NamedTuple):
    """A change and the least step for it."""

    step: Step
    note: str


class Version(NamedTuple):
    """A version on disk: its folder, and its provenance, of which a new version's files are the tables alone."""

    folder: Path
    provenance: Provenance

    def parts(self) -> dict[Part, File]:
        """The files of the version's tables."""
        parts = {part_of(path): file for path, file in self.provenance.files.items()}
        return {part: file for part, file in parts.items() if part}

    def read(self, part: Part) -> pa.Table:
        """The rows of one file.

        Raises:
            PublishError: it is not as it was published.
        """
        path = self.folder / part.path
        with explained(path):
            content = path.read_bytes()
        if file_of(content).sha256 != self.provenance.files[part.path].sha256:
            raise PublishError(
                f"{path}: is not as it was published; put a copy of version {self.provenance.version} back"
            )
        try:
            with pq.ParquetFile(io.BytesIO(content)) as file:
                check_expansion(file.metadata, len(content))
                stored_features(file.schema_arrow)
                return file.read()
        except (pa.ArrowException, ValueError) as error:
            raise PublishError(f"{path}: cannot be read: {first_line(error)}") from error

    def read_all(self, table: str, columns: pa.Schema) -> pa.Table:
        """The rows of all splits of a table; none, of these columns, where the version has no such table."""
        parts = [part for part in self.parts() if part.table == table]
        return pa.concat_tables([self.read(part) for part in parts] or [columns.empty_table()])

    def participants(self) -> pa.Table:
        """The participants in the version."""
        return self.read_all("participants", participants([]).arrow_schema)


def needed_step(changes: Iterable[Change]) -> Step:
    """The largest step that any change needs."""
    return max((change.step for change in changes), key=STEPS.index)


def changes(old: Version, new: Version) -> list[Change]:
    """The changes, largest step first; empty where the content is the same."""
    kind = _kind(new.provenance)
    specs = {spec.name: spec for spec in published_specs(kind.tables, kind.derived)}
    derived = {spec.name for spec in kind.derived}
    people = [change for table in PEOPLE for change in _people(specs[table], old, new)]
    more_ratings = any(change.note.startswith("ratings: ") and change.note != DAYS for change in people)
    all_changes = [*_described(old.provenance, new.provenance), *_batches(old.provenance, new.provenance)]
    all_changes += [*_built(old, new, specs, derived, more_ratings=more_ratings), *people]
    return sorted(dict.fromkeys(all_changes), key=lambda change: -STEPS.index(change.step))


def _kind(provenance: Provenance) -> StudyKind:
    """A version's kind of study, which is installed where one is published."""
    kind = kind_of(provenance)
    if kind is None:
        raise PublishError(f"study = {literal(provenance.study.get('study'))}: no such kind of study is installed")
    return kind


def _described(old: Provenance, new: Provenance) -> Iterator[Change]:
    difference = first_difference(old.study, new.study)
    if difference:
        key, before, after = difference
        yield Change("major", f"study: {key} was {literal(before)}, is {literal(after)}")
    before, after = _stated(old), _stated(new)
    changed = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    if old.statements.keys() != new.statements.keys():  # the first human ratings, and with them all of [survey]
        changed = [*dict.fromkeys(name.split(".")[0] for name in changed)]
    if changed:
        yield Change("patch", f"card: {', '.join(changed)} changed")
    yield from _weights(old, new)
    if new.withheld and not old.withheld:
        yield Change("major", WITHHELD)
    if old.aggregates != new.aggregates and old.aggregates.source:
        yield Change("major", f"aggregates were of {_of_whom(old)}, are of {_of_whom(new)}")


def _weights(old: Provenance, new: Provenance) -> Iterator[Change]:
    before, after = ({name: v.files[path].sha256 for name, path in v.weights().items()} for v in (old, new))
    if not before.items() <= after.items():
        yield Change("major", "weights: changed or removed")
    elif before != after:
        yield Change("patch", f"weights: added: {', '.join(sorted(after.keys() - before.keys()))}")


def _stated(version: Provenance) -> dict[str, Any]:
    """The statements of the card, by the key of the study file or the name of the model."""
    stated = {f"{table}.{key}": value for table, keys in version.statements.items() for key, value in keys.items()}
    pictures = {"pictures": version.pictures} if version.pictures else {}
    return stated | pictures | {model.name: model for model in version.models}


def _of_whom(version: Provenance) -> str:
    excluded = " without flagged participants" if version.aggregates.flagged_excluded else ""
    return f"{version.aggregates.source or 'no'} ratings{excluded}"


def _batches(old: Provenance, new: Provenance) -> Iterator[Change]:
    before = {batch.batch: batch.split for batch in old.batches}
    after = {batch.batch: batch.split for batch in new.batches}
    moved = {batch for batch in before.keys() & after.keys() if before[batch] != after[batch]}
    listed: list[tuple[Step, str, set[int]]] = [
        ("major", "removed", before.keys() - after.keys()),
        ("major", "moved to another split", moved),
        ("minor", "added", after.keys() - before.keys()),
    ]
    for step, what, batches in listed:
        if batches:
            yield Change(step, f"{len(batches)} {'batch' if len(batches) == 1 else 'batches'} {what}: {_few(batches)}")


def _few(batches: Iterable[int], most: int = 10) -> str:
    ordered = sorted(batches)
    return ", ".join(map(str, ordered[:most])) + (", ..." if len(ordered) > most else "")


def _built(
    old: Version, new: Version, specs: Mapping[str, TableSpec], derived: Set[str], *, more_ratings: bool
) -> Iterator[Change]:
    """The changes in the batches that both versions have; `derived` are the tables that are made from ratings."""
    before, after = old.parts(), new.parts()
    places = {(part.table, part.batch): part for part in before}
    built = {batch.batch for batch in old.provenance.batches}
    for part, file in after.items():
        if part.table in PEOPLE or part.batch not in built:
            continue
        place = places.pop((part.table, part.batch), None)
        if not place:
            if part.table not in derived or part.table not in {each.table for each in before}:
                yield Change("minor", f"{part.table}: added to a batch")
        elif before[place].sha256 != file.sha256:
            old_table, new_table = old.read(place), new.read(part)
            yield from _columns(part.table, old_table, new_table)
            if part.table in derived:
                if not more_ratings:
                    yield Change("major", f"{part.table}: changed without new ratings")
                continue
            aggregates = [name for name in _aggregates(old_table, new, old) if name in new_table.column_names]
            if (
                aggregates
                and not more_ratings
                and not old_table.select(aggregates).equals(new_table.select(aggregates))
            ):
                yield Change("major", f"{part.table}: aggregates changed without new ratings")
            unrated = new_table.drop_columns(_aggregates(new_table, new, old))
            yield from _rows(specs[part.table], old_table, unrated, grown="minor")
    batches = {batch.batch for batch in new.provenance.batches}
    for table, batch in places:
        if table not in PEOPLE and batch in batches:
            yield Change("major", f"{table}: removed from a batch")


def _columns(table: str, old: pa.Table, new: pa.Table) -> Iterator[Change]:
    removed = [name for name in old.column_names if name not in new.column_names]
    added = [name for name in new.column_names if name not in old.column_names]
    if removed:
        yield Change("major", f"{table}: columns removed: {', '.join(removed)}")
    if added:
        yield Change("minor", f"{table}: columns added: {', '.join(added)}")
    before, after = Features.from_arrow_schema(old.schema), Features.from_arrow_schema(new.schema)
    changed = [name for name in before if name in after and before[name] != after[name]]
    if changed:
        yield Change("major", f"{table}: types changed: {', '.join(changed)}")


def _people(spec: TableSpec, old: Version, new: Version) -> Iterator[Change]:
    before, after = (
        {part: file for part, file in version.parts().items() if part.table == spec.name} for version in (old, new)
    )
    if before != after:
        columns = _columns_of(spec.name, new, old)
        old_people, new_people = old.read_all(spec.name, columns), new.read_all(spec.name, columns)
        yield from _columns(spec.name, old_people, new_people)
        yield from _rows(spec, old_people, new_people, grown="patch")


def _columns_of(table: str, *versions: Version) -> pa.Schema:
    """The columns of a table in the first of the versions that has it; none where none has."""
    for version in versions:
        for part in version.parts():
            if part.table == table:
                return version.read(part).schema
    return pa.schema([])


def _aggregates(rows: pa.Table, *versions: Version) -> list[str]:
    """The columns of items that are made from ratings, told from the first of the versions that has ratings."""
    ratings = _columns_of("ratings", *versions)
    return [name for name in aggregate_columns(questions_in(ratings), by_question=True) if name in rows.column_names]


def _rows(spec: TableSpec, old: pa.Table, new: pa.Table, grown: Step) -> Iterator[Change]:
    """Rows removed, added (a change of the step `grown`), changed, in the columns of `new` that `old` has too."""
    before, after = _positions(spec, old), _positions(spec, new)
    removed, added = before.keys() - after.keys(), after.keys() - before.keys()
    if removed:
        yield Change("major", f"{spec.name}: {len(removed)} rows removed")
    if added:
        yield Change(grown, f"{spec.name}: {len(added)} rows added")
    both = [key for key in before if key in after]
    old_rows = old.take(pa.array([before[key] for key in both], pa.int64()))
    new_rows = new.take(pa.array([after[key] for key in both], pa.int64()))
    for name in new.column_names:
        if name in old.column_names and not old_rows[name].equals(new_rows[name]):
            if name == "rated_at" and by_day(old_rows)[name].equals(new_rows[name]):
                yield Change("minor", DAYS)
                continue
            more = spec.name == "participants" and (name in _GROWS or _filled(old_rows[name], new_rows[name]))
            yield Change("patch" if more else "major", f"{spec.name}: {name} changed")


def _filled(old: pa.ChunkedArray, new: pa.ChunkedArray) -> bool:
    """Whether nothing but nulls changed."""
    has_value = pc.is_valid(old)
    return bool(old.filter(has_value).equals(new.filter(has_value)))


def _positions(spec: TableSpec, rows: pa.Table) -> dict[tuple[Any, ...], int]:
    keys = zip(*(rows[name].to_pylist() for name in spec.key), strict=True)
    return {key: at for at, key in enumerate(keys)}
