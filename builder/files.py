"""Files that are either whole or not there."""

import contextlib
import errno
import os
from collections.abc import Iterator
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
    partial = path.with_name(f".{path.name}{PARTIAL}")
    with explained(path):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with partial.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(partial, path)
            folder = os.open(path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)  # else a power cut could lose the rename
            finally:
                os.close(folder)
        except OSError:
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)
            raise


@contextlib.contextmanager
def explained(path: Path) -> Iterator[None]:
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
