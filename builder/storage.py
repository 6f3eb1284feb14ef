"""Where the files of a study folder lie: on a disk, or in a store that has an fsspec URL (`s3://`, `gs://`, `hf://`).

Names of files are relative to the folder, with `/`. What is written is whole or not there: on a disk by a rename, in an
object store because an upload appears when it is complete. A store that shows half a file would show one that no
manifest lists yet, since a batch's manifest is written last.
"""

import contextlib
import os
from collections.abc import Iterator, Sequence
from io import BufferedIOBase
from pathlib import Path
from typing import Protocol

import fsspec
import pyarrow as pa

from builder.errors import FolderError
from builder.files import explained, write_whole

READ_AT_ONCE = 1000
"""Small files that are asked of a store together."""


class Storage(Protocol):
    """The files of one folder."""

    @property
    def address(self) -> str:
        """The folder, as a person would write it."""

    def at(self, name: str) -> str:
        """A file's own address, for messages."""

    def sizes(self, folder: str) -> dict[str, int]:
        """Bytes of every file right in `folder`, by its name there; empty where there is no such folder.

        Raises:
            FolderError: it cannot be listed. Taken for empty, finished batches would be computed again.
        """

    def size(self, name: str) -> int | None:
        """Bytes of one file; None where there is none."""

    def read(self, names: Sequence[str], most: int) -> Iterator[bytes | FolderError]:
        """The content of each file in order, or why there is none: absent, unreadable, more than `most` bytes."""

    def write(self, name: str, content: bytes) -> None:
        """Writes a file whole.

        Raises:
            FolderError: no room, no right, no answer; nothing partial stays.
        """

    def remove(self, name: str) -> None:
        """Removes a file if it is there."""

    def open(self, name: str) -> BufferedIOBase:
        """A file to read from start to end."""

    def arrow(self, name: str) -> pa.NativeFile:
        """A file for pyarrow to read."""


def open_storage(where: str | Path) -> Storage:
    """The storage at a path or a URL.

    Raises:
        FolderError: no library for such a URL is installed, or the URL is not one that it takes.
    """
    if isinstance(where, Path) or "://" not in where:
        return Disk(Path(where))
    if where.startswith("file://"):
        return Disk(Path(where.removeprefix("file://")))
    try:
        files, path = fsspec.core.url_to_fs(where, use_listings_cache=False)
    except (ImportError, ValueError) as error:
        raise FolderError(f"{where}: {error}") from error
    return Store(where.rstrip("/"), files, path.rstrip("/"))


class Disk:
    """A folder of this machine."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def address(self) -> str:
        """The path."""
        return str(self.root)

    def at(self, name: str) -> str:
        """The path of a file."""
        return str(self.root / name)

    def sizes(self, folder: str) -> dict[str, int]:
        """As in `Storage`; what is no file, or a link to nothing, is left out."""
        path = self.root / folder
        if not path.exists():
            return {}
        with explained(path), os.scandir(path) as entries:
            return {entry.name: entry.stat().st_size for entry in entries if entry.is_file()}

    def size(self, name: str) -> int | None:
        """As in `Storage`."""
        path = self.root / name
        with explained(path):
            return path.stat().st_size if path.is_file() else None

    def read(self, names: Sequence[str], most: int) -> Iterator[bytes | FolderError]:
        """As in `Storage`."""
        for name in names:
            try:
                yield _read(self.root / name, most)
            except FolderError as error:
                yield error

    def write(self, name: str, content: bytes) -> None:
        """As in `Storage`."""
        write_whole(self.root / name, content)

    def remove(self, name: str) -> None:
        """As in `Storage`."""
        with explained(self.root / name):
            (self.root / name).unlink(missing_ok=True)

    def open(self, name: str) -> BufferedIOBase:
        """As in `Storage`."""
        return (self.root / name).open("rb")

    def arrow(self, name: str) -> pa.NativeFile:
        """Mapped into memory: only the columns that are used are read."""
        return pa.memory_map(self.at(name))


class Store:
    """A folder in a store behind an fsspec URL."""

    def __init__(self, address: str, files: fsspec.AbstractFileSystem, path: str) -> None:
        self._address, self._files, self._path = address, files, path

    @property
    def address(self) -> str:
        """The URL."""
        return self._address

    def at(self, name: str) -> str:
        """The URL of a file."""
        return f"{self._address}/{name}"

    def sizes(self, folder: str) -> dict[str, int]:
        """As in `Storage`; one listing, whatever the number of files."""
        with self._explained(folder):
            try:
                listed = self._files.ls(f"{self._path}/{folder}", detail=True)
            except FileNotFoundError:
                return {}
            return {each["name"].rsplit("/", 1)[-1]: each["size"] for each in listed if each["type"] == "file"}

    def size(self, name: str) -> int | None:
        """As in `Storage`."""
        with self._explained(name):
            try:
                return int(self._files.size(f"{self._path}/{name}"))
            except FileNotFoundError:
                return None

    def read(self, names: Sequence[str], most: int) -> Iterator[bytes | FolderError]:
        """As in `Storage`; many at a time, as a store takes long to answer but answers many at once."""
        for start in range(0, len(names), READ_AT_ONCE):
            some = names[start : start + READ_AT_ONCE]
            paths = [f"{self._path}/{name}" for name in some]
            with self._explained(some[0]):
                contents = self._files.cat_ranges(paths, 0, most + 1, on_error="return")
            for name, content in zip(some, contents, strict=True):
                yield self._judged(name, content, most)

    def _judged(self, name: str, content: bytes | Exception, most: int) -> bytes | FolderError:
        if isinstance(content, FileNotFoundError):
            return FolderError(f"{self.at(name)}: no such file")
        if isinstance(content, Exception):
            return self._error(name, content)
        if len(content) > most:
            return FolderError(f"{self.at(name)}: damaged: larger than {most} bytes")
        return content

    def write(self, name: str, content: bytes) -> None:
        """As in `Storage`: one upload, which appears when it is complete."""
        with self._explained(name):
            self._files.pipe_file(f"{self._path}/{name}", content)

    def remove(self, name: str) -> None:
        """As in `Storage`."""
        with self._explained(name), contextlib.suppress(FileNotFoundError):
            self._files.rm_file(f"{self._path}/{name}")

    def open(self, name: str) -> BufferedIOBase:
        """As in `Storage`."""
        with self._explained(name):
            return self._files.open(f"{self._path}/{name}", "rb")  # type: ignore[no-any-return]

    def arrow(self, name: str) -> pa.NativeFile:
        """Fetched as a whole."""
        with self._explained(name):
            return pa.BufferReader(self._files.cat_file(f"{self._path}/{name}"))

    @contextlib.contextmanager
    def _explained(self, name: str) -> Iterator[None]:
        try:
            yield
        except FolderError:
            raise
        except Exception as error:  # every store's client has errors of its own, most of them no OSError
            raise self._error(name, error) from error

    def _error(self, name: str, error: Exception) -> FolderError:
        said = str(error) or type(error).__name__
        return FolderError(f"{self.at(name)}: {said}. What is finished is kept; the same command goes on")


def _read(path: Path, most: int) -> bytes:
    with explained(path):
        if not path.is_file():
            raise FolderError(f"{path}: no such file")
        if path.stat().st_size > most:
            raise FolderError(f"{path}: damaged: larger than {most} bytes")
        return path.read_bytes()
