"""`verify`: whether a published folder is what it says.

It may be anyone's folder, so nothing in it is trusted: no link is followed, no file outside it is opened, and a table
is read only if its hash is right, within the bounds of `builder.publish.reading`.
"""

import hashlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from builder.errors import LandsBetweenError, PublishError
from builder.files import explained
from builder.publish import hub
from builder.publish.checks import check_images, check_part, check_tables
from builder.publish.history import HISTORY, HISTORY_FILES, VERSION, read_history
from builder.publish.layout import Part, part_of
from builder.publish.provenance import File, Provenance, read_provenance
from builder.publish.reading import read_table
from loading_script.lands_between import PROVENANCE
from loading_script.untrusted.parquet import IMAGES, LEAST_KEPT, MOST_EXPANSION, first_line


def verify(folder: Path) -> list[str]:
    """What is wrong with a published folder, a line each; empty where nothing is.

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
        found = [*_files(folder, provenance), *_version(folder, provenance)]
    except LandsBetweenError as error:
        return [str(error)]
    return found or _tables(folder, provenance)


def verify_dataset(repo: str, revision: str | None) -> list[str]:
    """What is wrong with a version on the Hub, "user/name" at a tag, branch or commit (None: the newest version).

    Raises:
        PublishError: there is none, or the Hub refuses or cannot be reached.
    """
    parent = Path(repo).parent
    if parent != Path() and parent.is_dir():
        raise PublishError(f"{repo}: no such folder; name one, or a dataset, user/name")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        if revision:
            hub.fetch(repo, revision, folder)
        elif hub.fetch_current(repo, folder) is None:
            raise PublishError(f"{repo}: no such dataset, or it has no version; name a folder or a dataset, user/name")
        return verify(folder)


def _files(folder: Path, provenance: Provenance) -> Iterator[str]:
    listed = {*provenance.files, *HISTORY_FILES, PROVENANCE}
    for path in _walk(folder):
        if path not in listed:
            yield f"{path}: is no file of this version"
        elif (folder / path).is_symlink():
            yield f"{path}: is a link"
    for path, file in provenance.files.items():
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
    found: list[str] = []
    kept = 0
    tables: dict[str, list[pa.Table]] = {}
    parts = {path: part for path in sorted(provenance.files) if (part := part_of(path))}
    for path, part in parts.items():
        try:
            rows = read_table(folder / path, part.table, provenance.files[path].rows or 0)
            found += [f"{path}: {problem}" for problem in check_part(part, rows, provenance)]
            if part.table == "pairs":
                found += [f"{path}: {problem}" for problem in _shown(folder, part, rows, provenance)]
            tables.setdefault(part.table, []).append(rows.drop_columns(IMAGES.get(part.table, [])))
            kept += tables[part.table][-1].nbytes
        except (pa.ArrowException, OSError, ValueError, PublishError) as error:
            found.append(f"{path}: {first_line(error)}")
        if kept > max(LEAST_KEPT, MOST_EXPANSION * sum(file.bytes for file in provenance.files.values())):
            return [*found, f"{path}: with the tables before it, {kept} bytes of memory, too many for what they hold"]
    for table, of_table in tables.items():
        if any(rows.schema != of_table[0].schema for rows in of_table):
            found.append(f"{table}: its files do not have the same columns")
    if "pairs" not in tables or "images" not in tables:
        found.append("there are no tables pairs and images")
    if found:
        return found
    return check_tables({table: pa.concat_tables(of_table) for table, of_table in tables.items()}, provenance)


def _shown(folder: Path, part: Part, pairs: pa.Table, provenance: Provenance) -> Iterator[str]:
    images = part._replace(table="images").path
    if images in provenance.files:
        yield from check_images(pairs, read_table(folder / images, "images", provenance.files[images].rows or 0))
