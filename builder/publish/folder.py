"""A published folder on disk: replaced as a whole, or withdrawn.

FOLDER holds one version at a time; what it held before is in its changelog, and in whatever keeps its history, such as
git. What a version changes is first written beside it, into `.publishing.partial`, and made complete by one rename to
`.publishing`; then it is moved into place. A process that dies before that rename has changed nothing; after it, the
next `publish` moves the rest. Files that are no published version's (.git, say) are left alone.
"""

import contextlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath

from builder.errors import PublishError
from builder.files import Folder, explained, locked
from builder.publish.history import HISTORY, HISTORY_FILES, withdrawal
from builder.publish.provenance import is_published_path, read_provenance
from loading_script.lands_between import PROVENANCE

_PENDING, _PARTIAL, _LOCK = ".publishing", ".publishing.partial", ".publish.lock"
_FILES, _REMOVED = "files", "removed.json"


@contextlib.contextmanager
def opened(folder: Path) -> Iterator[None]:
    """Holds a published folder for one change, and completes one that was interrupted.

    Raises:
        PublishError: it holds something else, or another process changes it.
        FolderError: there is no right to write, or a file or a folder of its version is a link.
    """
    with explained(folder):
        if folder.exists() and not folder.is_dir():
            raise PublishError(f"{folder}: is a file, not a folder; name another with --to")
        folder.mkdir(parents=True, exist_ok=True)
        strangers = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
        if strangers and not (folder / HISTORY).exists() and not (folder / _PENDING).exists():
            raise PublishError(
                f"{folder}: holds {strangers[0]!r} and no dataset; name an empty or a new folder with --to"
            )
    with locked(folder / _LOCK, PublishError(f"{folder}: another publish is at work in it; wait for it")):
        _complete(folder)
        for path in version_files(folder):
            Folder(folder).check(path)
        yield


def replace_version(folder: Path, staged: Path) -> None:
    """Makes an opened folder the version in `staged`.

    Raises:
        FolderError: there is no room; the folder is as it was.
    """
    files = {path: staged / path for path in version_files(staged)}
    _change(folder, files, removed=set(version_files(folder)) - files.keys())


def withdraw_version(folder: Path, version: str, why: str) -> bool:
    """Withdraws a version from an opened folder. Of the current one all files go, but for the changelog and a notice.

    Returns:
        Whether it was the current one.

    Raises:
        PublishError: there is no such version, or no reason.
    """
    files, current = withdrawal(folder, version, why)
    _change(folder, files, removed=set(version_files(folder)) - files.keys() if current else ())
    return current


def version_files(folder: Path) -> list[str]:
    """The paths of all files of the version in a folder; of a withdrawn one, of what is left of it."""
    if not (folder / PROVENANCE).exists():
        return [path for path in (*HISTORY_FILES, "README.md") if (folder / path).exists()]
    return [*read_provenance(folder).files, *HISTORY_FILES, PROVENANCE]


def _change(folder: Path, files: Mapping[str, Path | bytes], removed: Iterable[str]) -> None:
    target = Folder(folder)
    try:
        for path, source in files.items():
            with explained(folder / path):
                content = source if isinstance(source, bytes) else source.read_bytes()
            if target.size(path) is None or content != target.read(path):
                target.write({f"{_PARTIAL}/{_FILES}/{path}": content})
        target.write({f"{_PARTIAL}/{_REMOVED}": json.dumps(sorted(removed)).encode()})
    except BaseException:
        shutil.rmtree(folder / _PARTIAL, ignore_errors=True)  # which follows no link
        raise
    with explained(folder):
        os.rename(folder / _PARTIAL, folder / _PENDING)
    _complete(folder)


def _complete(folder: Path) -> None:
    """Moves into place what was written as a whole; throws away what was not."""
    target, files, removed = Folder(folder), f"{_PENDING}/{_FILES}", f"{_PENDING}/{_REMOVED}"
    for name in (_PARTIAL, _PENDING):
        target.check(name)
    with explained(folder):
        if (folder / _PARTIAL).exists():
            shutil.rmtree(folder / _PARTIAL)
        if not (folder / _PENDING).exists():
            return
        for source in [path for path in (folder / files).rglob("*") if not path.is_dir()]:
            path = source.relative_to(folder / files).as_posix()
            target.move(f"{files}/{path}", path)
        done = target.size(removed) is None  # it was stopped while it threw the rest away
        for path in () if done else json.loads(target.read(removed)):
            if is_published_path(path):
                target.remove(path)
                for parent in PurePosixPath(path).parents[:-1]:
                    target.remove_folder(str(parent))
        shutil.rmtree(folder / _PENDING)
