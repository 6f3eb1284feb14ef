"""The storage of a study folder: a disk, or a store that has an fsspec URL (`s3://`, `gs://`, `hf://`).

Names of files are relative to the folder, with `/`. What is written is whole or not there: on a disk by a rename, in an
object store because an upload appears when it is complete. A store that shows half a file would show one that no
manifest lists yet, since a batch's manifest is written last.
"""

import contextlib
import errno
import io
import mmap
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import fsspec
import pyarrow as pa

from builder.errors import FolderError
from builder.files import Folder, explained

READ_AT_ONCE = 100
"""Small files that are asked of a store together."""

S3_CLIENT = {
    "read_timeout": 10,
    "max_pool_connections": READ_AT_ONCE,
    "retries": {"mode": "standard", "total_max_attempts": 7},
}
"""Settings of botocore's client: a store that refuses is asked again for up to 50 seconds, one that does not answer for
up to 2 minutes. `config_kwargs` of fsspec's own configuration for s3 goes before it."""

UPLOAD_SECONDS, LEAST_RATE = 150, 100_000
"""An upload is given up after so many seconds and one for every so many bytes: S3's client itself, while it waits to be
let upload, waits for ever."""


class StoreError(FolderError):
    """A store that cannot be asked: nothing is known of the file, and nothing about it is damaged."""


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

    def strangers(self, folder: str) -> list[str]:
        """Names of what lies right in `folder` and is no file: folders, links. None in a store, where all are files."""

    def size(self, name: str) -> int | None:
        """Bytes of one file; None where there is none.

        Raises:
            FolderError: something else lies in its place.
        """

    def read(self, names: Sequence[str], most: int) -> Iterator[bytes | FolderError]:
        """The content of each file in order, or why there is none: absent, unreadable, more than `most` bytes.

        Raises:
            StoreError: the store cannot be asked.
        """

    def write(self, name: str, content: bytes) -> None:
        """Writes a file whole.

        Raises:
            FolderError: no room, no right, no answer; nothing partial stays.
        """

    def remove(self, name: str) -> None:
        """Removes a file if it is there; on a disk, what lies in its place is removed or set aside."""

    def open(self, name: str) -> io.BufferedIOBase:
        """A file to read.

        Raises:
            StoreError: the store cannot be asked.
        """

    def arrow(self, name: str) -> pa.NativeFile:
        """A file for pyarrow to read."""


def open_storage(where: str | Path) -> Storage:
    """The storage at a path or a URL.

    Raises:
        FolderError: no library for such a URL is installed, or the URL is not one that it takes.
    """
    if isinstance(where, Path) or "://" not in where:
        return Disk(Path(where))
    protocol, path = where.split("://", 1)
    if protocol in {"file", "local"}:
        return Disk(Path(path))
    s3 = protocol in {"s3", "s3a"}
    try:
        files, path = fsspec.core.url_to_fs(where, use_listings_cache=False, **(_s3_options() if s3 else {}))
    except ImportError as error:
        extra = "; the extra s3 brings it: pip install -e '.[s3]'" if s3 else ""
        raise FolderError(f"{where}: {error}{extra}") from error
    except ValueError as error:
        raise FolderError(f"{where}: {error}") from error
    if s3:
        files.retries = 1  # s3fs would multiply, twice for a read, the attempts of the client below it
    return Store(where.rstrip("/"), files, path.rstrip("/"))


def _s3_options() -> dict[str, Any]:
    configured = fsspec.config.conf.get("s3", {}).get("config_kwargs", {})
    return {"config_kwargs": S3_CLIENT | configured}


class Disk:
    """A folder of this machine."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = Folder(root)

    @property
    def address(self) -> str:
        """The path."""
        return str(self.root)

    def at(self, name: str) -> str:
        """The path of a file."""
        return str(self.root / name)

    def sizes(self, folder: str) -> dict[str, int]:
        """Does what `Storage` says."""
        entries = self.folder.listed(folder).items()
        return {name: status.st_size for name, status in entries if stat.S_ISREG(status.st_mode)}

    def strangers(self, folder: str) -> list[str]:
        """Does what `Storage` says."""
        return [name for name, status in self.folder.listed(folder).items() if not stat.S_ISREG(status.st_mode)]

    def size(self, name: str) -> int | None:
        """Does what `Storage` says."""
        return self.folder.size(name)

    def read(self, names: Sequence[str], most: int) -> Iterator[bytes | FolderError]:
        """Does what `Storage` says."""
        for name in names:
            try:
                yield self.folder.read(name, most)
            except FolderError as error:
                yield error

    def write(self, name: str, content: bytes) -> None:
        """Does what `Storage` says."""
        self.folder.write({name: content})

    def remove(self, name: str) -> None:
        """Does what `Storage` says."""
        self.folder.remove(name)

    def open(self, name: str) -> io.BufferedIOBase:
        """Does what `Storage` says."""
        return self.folder.open(name)

    def arrow(self, name: str) -> pa.NativeFile:
        """Mapped into memory: only the columns that are used are read."""
        with explained(self.at(name)), self.folder.open(name) as file:
            empty = not os.fstat(file.fileno()).st_size  # which cannot be mapped
            return pa.BufferReader(b"" if empty else mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


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
        """Does what `Storage` says, by one listing, whatever the number of files."""
        with self._explained(folder):
            try:
                listed = self._files.ls(f"{self._path}/{folder}", detail=True)
            except FileNotFoundError:
                return {}
            return {each["name"].rsplit("/", 1)[-1]: each["size"] for each in listed if each["type"] == "file"}

    def strangers(self, folder: str) -> list[str]:
        """No names: in a store all are files."""
        return []

    def size(self, name: str) -> int | None:
        """Does what `Storage` says."""
        with self._explained(name):
            try:
                return int(self._files.size(f"{self._path}/{name}"))
            except FileNotFoundError:
                return None

    def read(self, names: Sequence[str], most: int) -> Iterator[bytes | FolderError]:
        """Does what `Storage` says, for many at a time, as a store takes long to answer but answers many at once."""
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
        if isinstance(content, OSError) and content.errno == errno.EINVAL and self.size(name) == 0:
            return b""  # S3 has no range of it to give
        if isinstance(content, Exception):
            raise self._error(name, content)
        if len(content) > most:
            return FolderError(f"{self.at(name)}: damaged: larger than {most} bytes")
        return content

    def write(self, name: str, content: bytes) -> None:
        """Does what `Storage` says: one upload, which appears when it is complete."""
        seconds = {"timeout": UPLOAD_SECONDS + len(content) / LEAST_RATE} if self._files.async_impl else {}
        with self._explained(name):
            try:
                self._files.pipe_file(f"{self._path}/{name}", content, **seconds)
            except FileNotFoundError as error:
                raise FolderError(f"{self.at(name)}: {error}; make it first, or name another with --out") from error

    def remove(self, name: str) -> None:
        """Does what `Storage` says."""
        with self._explained(name), contextlib.suppress(FileNotFoundError):
            self._files.rm_file(f"{self._path}/{name}")

    def open(self, name: str) -> io.BufferedIOBase:
        """Fetched as a whole."""
        return io.BytesIO(self._fetched(name))

    def arrow(self, name: str) -> pa.NativeFile:
        """Fetched as a whole."""
        return pa.BufferReader(self._fetched(name))

    def _fetched(self, name: str) -> bytes:
        with self._explained(name):
            try:
                return self._files.cat_file(f"{self._path}/{name}")  # type: ignore[no-any-return]
            except FileNotFoundError as error:
                raise FolderError(f"{self.at(name)}: no such file") from error

    @contextlib.contextmanager
    def _explained(self, name: str) -> Iterator[None]:
        try:
            yield
        except FolderError:
            raise
        except Exception as error:  # every store's client has errors of its own, most of them no OSError
            raise self._error(name, error) from error

    def _error(self, name: str, error: Exception) -> StoreError:
        reason = str(error) or ("no answer" if isinstance(error, TimeoutError) else type(error).__name__)
        return StoreError(
            f"{self.at(name)}: {reason}. What is finished is kept: see that the store answers and lets you in, and run "
            "the same command again"
        )
