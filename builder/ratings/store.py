"""The folder `ratings/` of a study: the two tables that the survey and the imports fill."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import filelock
import pyarrow as pa
from datasets import Features

from builder.errors import FolderError
from builder.files import Folder, explained, written_name
from loading_script import lands_between as schema
from loading_script.untrusted.arrow_stream import read_stream

_NAME, _LOCK = "ratings", ".lock"

_FEATURES = {"ratings": schema.ratings(), "participants": schema.participants()}


class RatingsFolder:
    """`ratings/` of the study folder `root`: ratings.arrow and participants.arrow, Arrow IPC as the shards are."""

    def __init__(self, root: Path) -> None:
        self.path = root / _NAME
        self._study = Folder(root)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Holds the folder for one change; the lock goes with the process, however that ends.

        Raises:
            FolderError: another process changes it.
        """
        self._study.make(_NAME, 0o700)  # what is said of people is for its owner alone
        lock = filelock.FileLock(self.path / _LOCK)
        with explained(self.path / _LOCK):
            try:
                lock.acquire(timeout=0)
            except filelock.Timeout:
                raise FolderError(f"{self.path}: another command changes it; wait for it and try again") from None
        try:
            self._tidy()
            yield
        finally:
            lock.release()

    def _tidy(self) -> None:
        """Removes what was being written when a command was stopped: it holds what people said."""
        for name in self._study.listed(_NAME):
            if (written_name(name) or "").endswith((".arrow", ".csv")):
                self._study.remove(f"{_NAME}/{name}")

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
        self._study.write(self.files(ratings, participants))

    @staticmethod
    def files(ratings: pa.Table, participants: pa.Table) -> dict[str, bytes]:
        """What `write` writes, in its order, by names in the study folder."""
        return {
            _file("participants"): _arrow("participants", participants),
            _file("ratings"): _arrow("ratings", ratings),
        }

    def _read(self, table: str) -> pa.Table:
        path = self._study.root / _file(table)
        if self._study.size(_file(table)) is None:
            return _schema(table).empty_table()
        try:
            read = read_stream(pa.py_buffer(self._study.read(_file(table))))
        except ValueError as error:
            raise FolderError(f"{path}: damaged: {error}; put a copy in its place") from error
        if not read.schema.equals(_schema(table)):
            raise FolderError(f"{path}: damaged: its columns are not those of this version")
        return read


def _file(table: str) -> str:
    return f"{_NAME}/{table}.arrow"


def _arrow(table: str, rows: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, _schema(table)) as writer:
        writer.write_table(rows.cast(_schema(table)).combine_chunks())
    return sink.getvalue().to_pybytes()  # type: ignore[no-any-return]


def _schema(table: str) -> pa.Schema:
    features: Features = _FEATURES[table]
    return features.arrow_schema
