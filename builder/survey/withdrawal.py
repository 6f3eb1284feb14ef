"""A withdrawal of consent in the survey's databases."""

import contextlib
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

from builder.errors import SurveyError
from builder.ratings.databases import DATABASES, remembered
from builder.shards import StudyFolder
from builder.survey.database import (
    DATABASE_FILE,
    NO_MORE_THAN_S,
    Tables,
    address,
    default_url,
    open_database,
    tables_of,
)

ARCHIVES = (
    "PostgreSQL: the rows are gone from its tables; archives of its log (WAL) and backups keep them until they expire "
    "or you remove them there"
)


@dataclass(frozen=True)
class Removal:
    """A removal: how many ratings of each participant who was in a database; in words, what can still be read in
    a database's files although it is removed, and what is out of our reach.
    """

    answers: dict[str, int] = field(default_factory=dict)
    remains: list[str] = field(default_factory=list)
    beyond: list[str] = field(default_factory=list)


def remove_participants(folder: Path, participant_ids: Sequence[str], database: str | None) -> Removal:
    """Removes participants with all answers from every database that the survey used, while one may be running.

    Args:
        folder: The study folder.
        participant_ids: The pseudonyms.
        database: The address of one, with its password if it needs one; the others are those that the study remembers.

    Raises:
        SurveyError: a database cannot be opened or is another study's; nothing was removed.
    """
    removal, tables = Removal(), tables_of(StudyFolder(folder).study().asked())
    with contextlib.ExitStack() as stack:
        engines = [stack.enter_context(_opened(folder, url)) for url in _urls(folder, database)]
        for engine in engines:
            for id_, answers in _remove_all(engine, tables, participant_ids).items():
                removal.answers[id_] = removal.answers.get(id_, 0) + answers
        for engine in engines:
            removal.remains.extend(_overwrite(engine, tables))
            if engine.dialect.name == "postgresql" and ARCHIVES not in removal.beyond:
                removal.beyond.append(ARCHIVES)
    return removal


def _urls(folder: Path, database: str | None) -> list[str]:
    """The address of every database once: as it is given, else as the study remembers it."""
    urls: Mapping[str, str] = {each: each for each in remembered(folder)}
    if (folder / DATABASE_FILE).is_file():
        own = default_url(folder)
        urls = {address(own): own, **urls}
    return list((dict(urls) | ({address(database): database} if database else {})).values())


@contextlib.contextmanager
def _opened(folder: Path, url: str) -> Iterator[sa.Engine]:
    study = StudyFolder(folder).study()
    try:
        engine = open_database(url, study.name, study.hash(), study.asked())
    except SurveyError as error:
        if url not in remembered(folder):
            raise
        raise SurveyError(
            f"{error}\n  The survey of this study kept answers there, so nobody was removed. Give its address, "
            f"with the password if it needs one, with --database; if that database is gone for good, remove its line "
            f"from {folder / DATABASES}"
        ) from None
    try:
        yield engine
    finally:
        engine.dispose()


def _remove_all(engine: sa.Engine, tables: Tables, participant_ids: Sequence[str]) -> dict[str, int]:
    with engine.execution_options(writes=True).begin() as connection:
        removed = {each: _remove(connection, tables, each) for each in participant_ids}
    return {each: answers for each, answers in removed.items() if answers is not None}


def _remove(connection: sa.Connection, tables: Tables, participant_id: str) -> int | None:
    """The number of ratings of a participant, who is removed; None where they are not there."""
    participants, ratings, disputes = tables.participants, tables.ratings, tables.disputes
    both = (disputes.c.participant_id == participant_id) | (disputes.c.disputed_id == participant_id)
    connection.execute(disputes.delete().where(both))
    if tables.sittings is not None:
        connection.execute(tables.sittings.delete().where(tables.sittings.c.participant_id == participant_id))
    answers = connection.execute(ratings.delete().where(ratings.c.participant_id == participant_id))
    person = connection.execute(participants.delete().where(participants.c.participant_id == participant_id))
    return answers.rowcount if person.rowcount else None


def _overwrite(engine: sa.Engine, tables: Tables) -> list[str]:
    """Makes what was removed unreadable in the database's files; says where that could not be done."""
    address = engine.url.render_as_string(hide_password=True)
    if engine.dialect.name == "sqlite":  # secure_delete has overwritten the rows, but the log has them from before
        with contextlib.closing(engine.raw_connection()) as raw:
            busy, *_ = raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return [f"{address}: its log, as long as somebody reads in the database"] if busy else []
    try:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql(f"SET lock_timeout = '{NO_MORE_THAN_S}s'")
            alone = _is_alone(connection)
            for table in (each for each in reversed(tables.metadata.sorted_tables) if each is not tables.survey):
                connection.exec_driver_sql(f"VACUUM (FULL) {table.name}")
    except sa.exc.SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        return [f"{address}: its tables, which could not be vacuumed ({reason})"]
    return [] if alone else [f"{address}: its tables, as long as a transaction from before is open"]


def _is_alone(connection: sa.Connection) -> bool:
    """Waits until no transaction is open that sees the removed rows, for else a VACUUM keeps them."""
    here = connection.exec_driver_sql("SELECT pg_current_xact_id()::xid::text").scalar_one()
    older = sa.text(
        "SELECT count(*) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database() "
        "AND backend_type = 'client backend' AND age(backend_xmin) >= age(CAST(:here AS xid))"
    )
    deadline = time.monotonic() + NO_MORE_THAN_S
    while connection.execute(older, {"here": here}).scalar_one():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True
