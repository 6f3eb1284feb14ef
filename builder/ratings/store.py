"""The folder `ratings/` of a study: the two tables that the survey and the imports fill."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import filelock
import pyarrow as pa
from datasets import Features

from builder.errors import FolderError
from builder.files import explained, write_all
from loading_script import lands_between as schema
from loading_script.untrusted.arrow_stream import read_stream

_LOCK = ".lock"

_FEATURES = {"ratings": schema.ratings(), "participants": schema.participants()}


class RatingsFolder:
    """`ratings/` of the study folder `root`: ratings.arrow and participants.arrow, Arrow IPC as the shards are."""

    def __init__(self, root: Path) -> None:
        self.path = root / "ratings"

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Holds the folder for one change; the lock goes with the process, however that ends.

        Raises:
            FolderError: another process changes it.
        """
        with explained(self.path):
            self.path.mkdir(exist_ok=True)
            self.path.chmod(0o700)  # what is said of people is for its owner alone
        lock = filelock.FileLock(self.path / _LOCK)
        with explained(self.path / _LOCK):
            try:
                lock.acquire(timeout=0)
            except filelock.Timeout:
                raise FolderError(f"{self.path}: another command changes it; wait for it and try again") from None
        try:
            yield
        finally:
            lock.release()

    def ratings(self) -> pa.Table:
        """The ratings, with the schema `loading_script.lands_between.ratings`; no rows where none came in yet.

        Raises:
            FolderError: the file is damaged.
        """
        return self._read("ratings")

    def participants(self) -> pa.Table:
        """The participants, with the schema `loading_script.lands_between.participants`.

        Raises:
            FolderError: the file is damaged.
        """
        return self._read("participants")

    def write(self, ratings: pa.Table, participants: pa.Table) -> None:
        """Replaces both tables; a rating is never on disk without its participant.

        Raises:
            FolderError: there is no room, or no right to write; both are as they were.
        """
        write_all(self.files(ratings, participants))

    def files(self, ratings: pa.Table, participants: pa.Table) -> dict[Path, bytes]:
        """What `write` writes, in its order."""
        return {
            self._file("participants"): _arrow("participants", participants),
            self._file("ratings"): _arrow("ratings", ratings),
        }

    def _read(self, table: str) -> pa.Table:
        path = self._file(table)
        if not path.exists():
            return _schema(table).empty_table()
        try:
            with explained(path):
                read = read_stream(pa.py_buffer(path.read_bytes()))
        except ValueError as error:
            raise FolderError(f"{path}: damaged: {error}; put a copy in its place") from error
        if not read.schema.equals(_schema(table)):
            raise FolderError(f"{path}: damaged: its columns are not those of this version")
        return read

    def _file(self, table: str) -> Path:
        return self.path / f"{table}.arrow"


def _arrow(table: str, rows: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, _schema(table)) as writer:
        writer.write_table(rows.cast(_schema(table)).combine_chunks())
    return sink.getvalue().to_pybytes()  # type: ignore[no-any-return]


def _schema(table: str) -> pa.Schema:
    features: Features = _FEATURES[table]
    return features.arrow_schema
