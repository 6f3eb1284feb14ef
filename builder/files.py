"""Files that are either whole or not there, in folders that may be anybody's: no link in them is followed."""

import contextlib
import errno
import io
import os
import re
import secrets
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

from builder.errors import FolderError, LandsBetweenError

_PARTIAL = re.compile(r"\.(?P<name>.+?)(\.[0-9a-f]{32})?\.partial")
"""The name of a file that is being written; versions before 0.2 put no random number into it, which made it known."""

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # a pipe in a file's place holds nobody up
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def write_whole(path: Path, content: bytes) -> None:
    """Writes the file that a user named: to a temporary name, flushed to the disk, renamed.

    Raises:
        FolderError: no room, no right to write, or the folder is gone; nothing partial stays.
    """
    Folder(path.parent).write({path.name: content})


class Folder:
    """A folder whose files and subfolders are opened one from the other, so that no link in it leads out of it.

    The folder itself is wherever its user says, behind links or not. Names are relative to it, with `/`. Every method
    raises a FolderError where there is no right, no room, or where a name or a part of it is a link.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def size(self, name: str) -> int | None:
        """Bytes of a file; None where there is none.

        Raises:
            FolderError: it is a link, a folder, or anything else that is no file.
        """
        with self._parent(name) as (parent, last):
            if parent is None:
                return None
            try:
                status = os.stat(last, dir_fd=parent, follow_symlinks=False)
            except FileNotFoundError:
                return None
            self._check_file(name, status)
            return status.st_size

    def listed(self, name: str) -> dict[str, os.stat_result]:
        """The names right in a subfolder ("" is the folder itself), links as links; empty where there is none."""
        with explained(self.root / name), self._opened(PurePosixPath(name).parts) as folder:
            if folder is None:
                return {}
            with os.scandir(folder) as entries:
                return {entry.name: entry.stat(follow_symlinks=False) for entry in entries}

    def open(self, name: str) -> io.BufferedReader:
        """A file to read.

        Raises:
            FolderError: there is none, or it is a link or no file.
        """
        with self._parent(name) as (parent, last):
            if parent is None:
                raise FolderError(f"{self.root / name}: no such file")
            try:
                opened = os.open(last, _FILE, dir_fd=parent)
            except FileNotFoundError:
                raise FolderError(f"{self.root / name}: no such file") from None
            except OSError:
                self._check_file(name, os.stat(last, dir_fd=parent, follow_symlinks=False))
                raise
            try:
                self._check_file(name, os.fstat(opened))
            except FolderError:
                os.close(opened)
                raise
            return os.fdopen(opened, "rb")

    def read(self, name: str, most: int | None = None) -> bytes:
        """The content of a file of at most so many bytes.

        Raises:
            FolderError: there is none, it is a link or no file, or it is larger.
        """
        with self.open(name) as file, explained(self.root / name):
            content = file.read() if most is None else file.read(most + 1)
        if most is not None and len(content) > most:
            raise FolderError(f"{self.root / name}: damaged: larger than {most} bytes")
        return content

    def write(self, contents: Mapping[str, bytes], rights: int = 0o666) -> None:
        """Writes files to names that nobody can guess, flushes them, and renames all of them when all are there.

        The folder and its subfolders are made where they are missing.

        Args:
            contents: The content of each file, by its name.
            rights: Those of the files, less what the process's umask takes away.

        Raises:
            FolderError: as for the class; nothing partial stays.
        """
        partials = {name: _beside(name) for name in contents}
        try:
            for name, partial in partials.items():
                with self._parent(name, partial, make=True) as (parent, last):
                    _write(last, contents[name], rights, parent)
            for name, partial in partials.items():
                self._rename(partial, name)
        except BaseException:
            for partial in partials.values():
                with contextlib.suppress(FolderError):
                    self.remove(partial)
            raise

    def write_first(self, name: str, content: bytes, rights: int) -> None:
        """Writes a file unless there is one already: of several processes that do so at once, one succeeds."""
        partial = _beside(name)
        try:
            with self._parent(name, partial, make=True) as (parent, last):
                _write(last, content, rights, parent)
            with self._parent(name) as (parent, last), contextlib.suppress(FileExistsError):
                os.link(PurePosixPath(partial).name, last, src_dir_fd=parent, dst_dir_fd=parent, follow_symlinks=False)
        finally:
            self.remove(partial)

    def move(self, source: str, target: str) -> None:
        """Renames a file; the target's subfolders are made where they are missing.

        Raises:
            FolderError: the source is a link or no file.
        """
        if self.size(source) is None:
            raise FolderError(f"{self.root / source}: no such file")
        self._rename(source, target)

    def remove(self, name: str) -> None:
        """Removes a file or a link if it is there; a folder that lies in its place is set aside, under another name."""
        with self._parent(name) as (parent, last):
            if parent is None:
                return
            try:
                os.unlink(last, dir_fd=parent)
            except FileNotFoundError:
                pass
            except OSError:
                if not stat.S_ISDIR(os.stat(last, dir_fd=parent, follow_symlinks=False).st_mode):
                    raise
                aside = f"{last}.{secrets.token_hex(4)}.aside"
                os.rename(last, aside, src_dir_fd=parent, dst_dir_fd=parent)

    def remove_folder(self, name: str) -> None:
        """Removes a subfolder that is empty; another stays."""
        with self._parent(name) as (parent, last), contextlib.suppress(OSError):
            if parent is not None:
                os.rmdir(last, dir_fd=parent)

    def make(self, name: str, rights: int) -> None:
        """Makes a subfolder, or gives one that is there these rights."""
        with explained(self.root / name), self._opened(PurePosixPath(name).parts, make=True) as folder:
            if folder is not None:
                os.fchmod(folder, rights)

    def check(self, name: str) -> None:
        """Checks that neither a name nor a part of it is a link, whether or not it is there."""
        with self._parent(name) as (parent, last):
            if parent is not None:
                self._check_no_link(name, last, parent)

    def _rename(self, source: str, target: str) -> None:
        with self._parent(target, target, make=True) as (to, last), self._parent(source) as (origin, first):
            try:
                os.replace(first, last, src_dir_fd=origin, dst_dir_fd=to)
            except IsADirectoryError:
                raise FolderError(
                    f"{self.root / target}: is a folder where a file belongs; move it away and run the same command "
                    "again"
                ) from None
            os.fsync(to)  # type: ignore[arg-type] # it was made; else a power cut could lose the rename

    @contextlib.contextmanager
    def _parent(self, name: str, within: str | None = None, *, make: bool = False) -> Iterator[tuple[int | None, str]]:
        """The opened subfolder that a name lies in, None where there is none, and the name's last part.

        `within` is what is opened, where a message is to say `name`.
        """
        path = PurePosixPath(within or name)
        if {"..", "/"} & set(path.parts):
            raise FolderError(f"{self.root}: {name!r} leads out of it")
        if "\0" in name:
            raise FolderError(f"{self.root}: {name!r} is no name of a file")
        with explained(self.root / name), self._opened(path.parts[:-1], make=make) as folder:
            yield folder, path.name

    @contextlib.contextmanager
    def _opened(self, parts: Sequence[str], *, make: bool = False) -> Iterator[int | None]:
        folder = self._descended(parts, make=make)
        try:
            yield folder
        finally:
            if folder is not None:
                os.close(folder)

    def _descended(self, parts: Sequence[str], *, make: bool) -> int | None:
        if make:
            self.root.mkdir(parents=True, exist_ok=True)
        try:
            folder = os.open(self.root, _FOLDER)
            for depth, part in enumerate(parts, start=1):
                above = folder
                try:
                    folder = self._below("/".join(parts[:depth]), part, above, make=make)
                finally:
                    os.close(above)
        except FileNotFoundError:
            if make:
                raise
            return None
        return folder

    def _below(self, name: str, part: str, parent: int, *, make: bool) -> int:
        if make:
            with contextlib.suppress(FileExistsError):
                os.mkdir(part, dir_fd=parent)
        try:
            return os.open(part, _FOLDER | os.O_NOFOLLOW, dir_fd=parent)
        except FileNotFoundError:
            raise
        except OSError:
            self._check_no_link(name, part, parent)
            raise

    def _check_no_link(self, name: str, last: str, parent: int) -> None:
        try:
            status = os.stat(last, dir_fd=parent, follow_symlinks=False)
        except FileNotFoundError:
            return
        if stat.S_ISLNK(status.st_mode):
            raise FolderError(
                f"{self.root / name}: is a link, which may lead to files of yours and is not followed; put what it "
                "leads to in its place, or remove it"
            )

    def _check_file(self, name: str, status: os.stat_result) -> None:
        if stat.S_ISREG(status.st_mode):
            return
        what = {stat.S_IFLNK: "a link, which is not followed", stat.S_IFDIR: "a folder, not a file"}
        raise FolderError(f"{self.root / name}: is {what.get(stat.S_IFMT(status.st_mode), 'no file')}; move it away")


@contextlib.contextmanager
def locked(file: Path, busy: LandsBetweenError) -> Iterator[None]:
    """Holds a file, and with it the folder that it lies in, for one command; that goes with the process, however it
    ends.

    Raises:
        LandsBetweenError: `busy`, where another process holds it.
        FolderError: there is no right or no room for the file.
    """
    import filelock  # which --help need not wait for

    lock = filelock.FileLock(file)
    with explained(file):
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            raise busy from None
    try:
        yield
    finally:
        lock.release()


def written_name(name: str) -> str | None:
    """The file that one with this name is written for, without the folders; None where it is no partial file."""
    partial = _PARTIAL.fullmatch(name)
    return partial["name"] if partial else None


def _beside(name: str) -> str:
    path = PurePosixPath(name)
    return str(path.with_name(f".{path.name}.{secrets.token_hex(16)}.partial"))


def _write(name: str, content: bytes, rights: int, folder: int | None) -> None:
    with open(os.open(name, _NEW, rights, dir_fd=folder), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


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
