"""`verify`: whether a published folder is what it says.

It may be anyone's folder, so nothing in it is trusted: no link is followed, no file outside it is opened, and a table
is read only if its hash is right, within the bounds of `builder.publish.reading`.
"""

import contextlib
import hashlib
import logging
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
from datasets import Features

from builder.errors import LandsBetweenError, PublishError
from builder.files import explained
from builder.publish import hub
from builder.publish.checks import check_derived, check_part, check_pictures, check_tables
from builder.publish.history import HISTORY, HISTORY_FILES, VERSION, read_history
from builder.publish.layout import Part, part_of
from builder.publish.pictures import picture_columns
from builder.publish.provenance import PICTURES, File, Provenance, kind_of, read_provenance
from builder.publish.reading import read_table
from builder.studies import StudyKind
from builder.tables import TableSpec, published_specs
from builder.toml import literal
from loading_script.lands_between import PROVENANCE
from loading_script.untrusted.parquet import LEAST_KEPT, MOST_EXPANSION, first_line

log = logging.getLogger(__name__)


def verify(folder: Path) -> list[str]:
    """The errors of a published folder, a line each; empty where there are none.

    Where files are not those of the version, what is in them is not looked at.

    Raises:
        PublishError: there is no published version in it.
    """
    if not (folder / PROVENANCE).exists():
        if (folder / HISTORY).exists():
            raise PublishError(f"{folder}: its version was withdrawn; CHANGELOG.md says why")
        raise PublishError(f"{folder}: holds no published version; name a folder or a dataset, user/name")
    try:
        provenance = read_provenance(folder)
        errors = [*_files(folder, provenance), *_version(folder, provenance)]
    except LandsBetweenError as error:
        return [str(error)]
    return errors or _tables(folder, provenance)


@contextlib.contextmanager
def opened(dataset: str, revision: str | None) -> Iterator[Path]:
    """The folder of a published version: one of this machine; or that of a dataset on the Hub, "user/name" at a tag,
    branch or commit (None: the newest version), which is there for the block.

    Raises:
        PublishError: there is none, the folder is of another version, or the Hub refuses or cannot be reached.
    """
    if Path(dataset).exists():
        _check_revision(Path(dataset), revision)
        yield Path(dataset)
        return
    parent = Path(dataset).parent
    if parent != Path() and parent.is_dir():
        raise PublishError(f"{dataset}: no such folder; name one, or a dataset, user/name")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        if revision:
            hub.fetch(dataset, revision, folder)
        elif hub.fetch_current(dataset, folder) is None:
            raise PublishError(
                f"{dataset}: no such dataset, or it has no version; name a folder or a dataset, user/name"
            )
        yield folder


def _check_revision(folder: Path, revision: str | None) -> None:
    if revision is not None and (folder / PROVENANCE).exists():
        version = read_provenance(folder).version
        if revision.removeprefix("v") != version:
            raise PublishError(
                f"{folder}: is version {version}, not {revision}; a folder has one version: leave --revision out"
            )


def _files(folder: Path, provenance: Provenance) -> Iterator[str]:
    listed = {*provenance.files, *HISTORY_FILES, PROVENANCE}
    for path in _walk(folder):
        if path not in listed:
            yield f"{path}: is no file of this version"
        elif (folder / path).is_symlink():
            yield f"{path}: is a link"
    for path, file in provenance.files.items():
        if provenance.withheld and path.startswith(PICTURES):
            yield f"{path}: is a picture, which {PROVENANCE} says are withheld"
        problem = _file(folder, path, file)
        if problem:
            yield f"{path}: {problem}"


def _walk(folder: Path) -> Iterator[str]:
    """Every file and every link in a folder, by its path within; hidden ones and what links lead to left out."""
    for parent, folders, files in os.walk(folder, followlinks=False):
        folders[:] = [name for name in folders if not name.startswith(".")]
        links = [name for name in folders if Path(parent, name).is_symlink()]
        for name in (*files, *links):
            if not name.startswith("."):
                yield Path(parent, name).relative_to(folder).as_posix()


def _file(folder: Path, path: str, file: File) -> str | None:
    location = folder / path
    between = [location, *list(location.parents)[: len(Path(path).parts) - 1]]
    if any(each.is_symlink() for each in between):
        return "lies behind a link"
    if not location.is_file():
        return "is missing"
    if location.stat().st_size != file.bytes:
        return f"has {location.stat().st_size} bytes, {PROVENANCE} says {file.bytes}"
    with explained(location), location.open("rb") as opened:
        if hashlib.file_digest(opened, "sha256").hexdigest() != file.sha256:
            return f"its bytes do not have the SHA-256 that {PROVENANCE} says"
    return None


def _version(folder: Path, provenance: Provenance) -> Iterator[str]:
    for needed in ("README.md", VERSION):
        if needed not in provenance.files:
            yield f"{needed}: is missing"
            return
    if (folder / VERSION).read_bytes() != f"{provenance.version}\n".encode():
        yield f"{VERSION}: is not {provenance.version}, the version that {PROVENANCE} says"
    history = read_history(folder)
    if not any((event.event, event.version) == ("published", provenance.version) for event in history):
        yield f"{HISTORY}: does not say that {provenance.version} was published"
    if any((event.event, event.version) == ("withdrawn", provenance.version) for event in history):
        yield f"{HISTORY}: says that {provenance.version} was withdrawn"


def _tables(folder: Path, provenance: Provenance) -> list[str]:
    kind = kind_of(provenance)
    specs = {spec.name: spec for spec in published_specs(kind.tables, kind.derived)} if kind else {}
    if not kind:
        log.warning(
            "study = %s: no such kind of study is installed, so its tables were checked as any study's are and no "
            "further; install the package that brings it, and verify again",
            literal(provenance.study.get("study")),
        )
    errors: list[str] = []
    memory = 0
    tables: dict[str, list[pa.Table]] = {}
    parts = {path: part for path in sorted(provenance.files) if (part := part_of(path))}
    for path, part in parts.items():
        try:
            count, withheld = provenance.files[path].rows or 0, provenance.withheld
            rows = read_table(folder / path, part.table, count, kind, withheld=withheld)
            errors += [f"{path}: {problem}" for problem in check_part(part, rows, provenance)]
            if kind and part.table in specs:
                problems = [
                    *kind.check(part.table, rows, provenance.thresholds()),
                    *_pictures(folder, specs[part.table], part, rows, provenance, kind),
                ]
                errors += [f"{path}: {problem}" for problem in problems]
            tables.setdefault(part.table, []).append(_without_pictures(rows))
            memory += tables[part.table][-1].nbytes
        except (pa.ArrowException, OSError, ValueError, PublishError) as error:
            errors.append(f"{path}: {first_line(error)}")
        if memory > max(LEAST_KEPT, MOST_EXPANSION * sum(file.bytes for file in provenance.files.values())):
            return [
                *errors,
                f"{path}: with the tables before it, {memory} bytes of memory, too many for what they hold",
            ]
    for table, of_table in tables.items():
        if any(rows.schema != of_table[0].schema for rows in of_table):
            errors.append(f"{table}: its files do not have the same columns")
    if kind:
        first = kind.tables[0]
        needed = [first.name, *(["images"] if first.shows else [])]
        if not set(needed) <= tables.keys():
            errors.append(f"there are no tables {' and '.join(needed)}")
        errors += [f"{table}: is no table of the study" for table in tables if table not in specs]
    if errors or not kind:
        return errors
    together = {table: pa.concat_tables(of_table) for table, of_table in tables.items()}
    return [*check_tables(list(specs.values()), together, provenance), *check_derived(kind, together, provenance)]


def _pictures(
    folder: Path, spec: TableSpec, part: Part, rows: pa.Table, provenance: Provenance, kind: StudyKind
) -> Iterator[str]:
    images = part._replace(table="images").path
    if spec.shows and images in provenance.files and not provenance.withheld:
        count = provenance.files[images].rows or 0
        yield from check_pictures(spec, rows, read_table(folder / images, "images", count, kind))


def _without_pictures(rows: pa.Table) -> pa.Table:
    return rows.drop_columns(picture_columns(Features.from_arrow_schema(rows.schema)))
