"""Files that are either whole or not there."""

import contextlib
import errno
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from builder.errors import FolderError

PARTIAL = ".partial"
"""Ending of a file that is being written."""

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def write_whole(path: Path, content: bytes) -> None:
    """Writes to a temporary name, flushes to the disk, renames.

    Raises:
        FolderError: no room, no right to write, or the folder is gone; nothing partial stays.
    """
    write_all({path: content})


def write_all(contents: Mapping[Path, bytes]) -> None:
    """Writes files to temporary names, flushes them to the disk, and renames all of them when all are there.

    Raises:
        FolderError: no room, no right to write, or a folder is gone; nothing partial stays.
    """
    partials = {path: path.with_name(f".{path.name}{PARTIAL}") for path in contents}
    try:
        for path, partial in partials.items():
            with explained(path):
                path.parent.mkdir(parents=True, exist_ok=True)
                with partial.open("wb") as file:
                    file.write(contents[path])
                    file.flush()
                    os.fsync(file.fileno())
        for path, partial in partials.items():
            with explained(path):
                os.replace(partial, path)
                _flush(path.parent)
    except FolderError:
        for partial in partials.values():
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)
        raise


def _flush(folder: Path) -> None:
    """Else a power cut could lose a rename."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


@contextlib.contextmanager
def explained(path: Path | str) -> Iterator[None]:
    """Turns an operating system's error about `path` into one that says what to do."""
    try:
        yield
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise FolderError(
                f"{path}: no room left on the disk ({error.strerror}). What is finished is kept: free some space and "
                "run the same command again"
            ) from error
        raise FolderError(f"{path}: {error.strerror or error}") from error
