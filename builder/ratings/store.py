"""The folder `ratings/` of a study: the two tables that the survey and the imports fill."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from builder.errors import FolderError
from builder.files import Folder, locked, written_name
from builder.ratings.schema import participant_features, rating_features
from builder.tasks import Questionnaire
from loading_script.untrusted.arrow_stream import read_stream

_NAME, _LOCK = "ratings", ".lock"
_SIDE = "side"


class RatingsFolder:
    """`ratings/` of the study folder `root`: ratings.arrow and participants.arrow, Arrow IPC as the shards are.

    asks: what the study asks, which makes the tables' columns.
    """

    def __init__(self, root: Path, asks: Questionnaire) -> None:
        self.path = root / _NAME
        self._schemas = schemas(asks)
        self._study = Folder(root)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Holds the folder for one change; the lock goes with the process, however that ends.

        Raises:
            FolderError: another process changes it.
        """
        self._study.make(_NAME, 0o700)  # what is said of people is for its owner alone
        with locked(
            self.path / _LOCK, FolderError(f"{self.path}: another command changes it; wait for it and try again")
        ):
            self._tidy()
            yield

    def _tidy(self) -> None:
        """Removes what was being written when a command was stopped: it holds what people said."""
        for name in self._study.listed(_NAME):
            if (written_name(name) or "").endswith((".arrow", ".csv")):
                self._study.remove(f"{_NAME}/{name}")

    def ratings(self) -> pa.Table:
        """The ratings, with the schema of `builder.ratings.schema`; no rows where none came in yet.

        Raises:
            FolderError: the file is damaged.
        """
        return self._read("ratings")

    def participants(self) -> pa.Table:
        """The participants, with the schema of `builder.ratings.schema`.

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

    def files(self, ratings: pa.Table, participants: pa.Table) -> dict[str, bytes]:
        """The files that `write` writes, in its order, by names in the study folder."""
        return {
            _file("participants"): _arrow(participants, self._schemas["participants"]),
            _file("ratings"): _arrow(ratings, self._schemas["ratings"]),
        }

    def _read(self, table: str) -> pa.Table:
        path = self._study.root / _file(table)
        if self._study.size(_file(table)) is None:
            return self._schemas[table].empty_table()
        try:
            read = read_stream(pa.py_buffer(self._study.read(_file(table))))
        except ValueError as error:
            raise FolderError(f"{path}: damaged: {error}; put a copy in its place") from error
        read = _with_side(read, self._schemas[table], path)
        if not read.schema.equals(self._schemas[table]):
            raise FolderError(f"{path}: damaged: its columns are not those of this version")
        return read


def _with_side(rows: pa.Table, schema: pa.Schema, path: Path) -> pa.Table:
    """The rows with a column `side` of nulls where sides are counterbalanced only since some came in.

    Raises:
        FolderError: they tell sides, and the study file no longer counterbalances.
    """
    if _SIDE in rows.schema.names and _SIDE not in schema.names:
        raise FolderError(f"{path}: says on which side each image stood; put counterbalance = true back into [survey]")
    if _SIDE not in schema.names or _SIDE in rows.schema.names:
        return rows
    return rows.add_column(schema.get_field_index(_SIDE), schema.field(_SIDE), pa.nulls(len(rows), pa.string()))


def _file(table: str) -> str:
    return f"{_NAME}/{table}.arrow"


def _arrow(rows: pa.Table, schema: pa.Schema) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema) as writer:
        writer.write_table(rows.cast(schema).combine_chunks())
    return sink.getvalue().to_pybytes()  # type: ignore[no-any-return]


def schemas(asks: Questionnaire) -> dict[str, pa.Schema]:
    """The Arrow schemas of both tables in a study that asks this."""
    return {
        "ratings": rating_features(asks).arrow_schema,
        "participants": participant_features(asks).arrow_schema,
    }
