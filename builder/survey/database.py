"""The survey's database: its tables, and how SQLite and PostgreSQL are opened so that what is committed stays."""

import functools
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, assert_never

import sqlalchemy as sa
from sqlalchemy import BigInteger, Boolean, Column, Float, ForeignKey, Integer, MetaData, String, Table, Text

from builder.errors import SurveyError
from builder.files import Folder, explained
from builder.tasks import Choice, Question, Questionnaire, Scale, YesNo

DATABASE_FILE = Path("ratings", "survey.sqlite")
"""Within the study folder."""

FORMAT = 1
"""Version of the tables; a database of another version is refused."""


@dataclass(frozen=True)
class Tables:
    """The tables of a study's survey.

    survey: one row, 1: whose survey this is. Who assigns a batch holds it, so that two never take the same slot.
    participants: times are milliseconds since 1970, UTC; `participant_id` and `session` are pseudonyms, never a
    platform's own ids.
    ratings: one row per answer of a participant to an item; its key column is the study's.
    disputes: who says that somebody else, `disputed_id`, took part with their platform's id. Both keep their ratings.
    sittings: in a study with arms, those that a participant finished before the one in `participants`, whose column
    `batch` is the number of a sitting.
    """

    metadata: MetaData
    survey: Table
    participants: Table
    ratings: Table
    disputes: Table
    sittings: Table | None


@functools.cache
def tables_of(asks: Questionnaire) -> Tables:
    """The tables of a survey that asks this; a question that is not asked of every item may be null."""
    metadata = MetaData()
    survey = Table(
        "survey",
        metadata,
        Column("id", Integer, primary_key=True, autoincrement=False),
        Column("format", Integer, nullable=False),
        Column("study", String, nullable=False),
        Column("study_hash", String(64), nullable=False),
    )
    participants = _participants(metadata, asks)
    ratings = _ratings(metadata, asks, participants)
    disputes = Table(
        "disputes",
        metadata,
        Column("participant_id", String(200), primary_key=True),
        Column("disputed_id", String(200), nullable=False, index=True),
        Column("said_at", BigInteger, nullable=False),
    )
    sittings = None
    if asks.arms:
        sittings = Table(
            "sittings",
            metadata,
            Column("participant_id", ForeignKey(participants.c.participant_id), primary_key=True),
            Column("sitting", Integer, primary_key=True),
            Column("finished_at", BigInteger, nullable=False),
        )
    return Tables(metadata, survey, participants, ratings, disputes, sittings)


def _participants(metadata: MetaData, asks: Questionnaire) -> Table:
    return Table(
        "participants",
        metadata,
        Column("participant_id", String(200), primary_key=True),
        Column("token_sha256", String(64), nullable=False, unique=True),
        Column("session", String(200)),
        Column("batch", Integer, nullable=False, index=True),
        Column("seed", BigInteger, nullable=False),
        Column("started_at", BigInteger, nullable=False),
        Column("last_seen", BigInteger, nullable=False),
        Column("consented_at", BigInteger),
        Column("consent_version", Text),
        Column("said_demographics", Boolean, nullable=False),
        Column("age", Integer),
        Column("gender", String(40)),
        Column("country", String(2)),
        Column("continent", String(40)),
        *(Column(name, Text) for name in asks.text_names),
        Column("finished_at", BigInteger),
    )


def _ratings(metadata: MetaData, asks: Questionnaire, participants: Table) -> Table:
    return Table(
        "ratings",
        metadata,
        Column("participant_id", ForeignKey(participants.c.participant_id), primary_key=True),
        Column(asks.key, String(200), primary_key=True),
        *(
            Column(question.name, _type(question), nullable=not _is_always_asked(question, asks))
            for question in asks.questions
        ),
        Column("response_time_ms", Integer, nullable=False),
        Column("position", Integer, nullable=False),
        *([Column("side", String(10))] if asks.counterbalance else []),
        Column("rated_at", BigInteger, nullable=False),
    )


def _type(question: Question) -> sa.types.TypeEngine[Any]:
    match question:
        case Scale():
            return Float(53)
        case YesNo():
            return Boolean()
        case Choice():
            return String(200)
        case _:
            assert_never(question)


def _is_always_asked(question: Question, asks: Questionnaire) -> bool:
    return all(question in task.questions for task in asks.tasks)


_ADVISORY_LOCK = 0x1A9D5
"""Any number of ours."""

NO_MORE_THAN_S = 10
"""Waiting for a lock or for the server of the database."""


def default_url(folder: Path) -> str:
    """The URL of a study folder's database unless another is named.

    Raises:
        FolderError: it, or a file that SQLite keeps beside it, is a link.
    """
    for ending in ("", "-wal", "-shm", "-journal"):
        Folder(folder).check(f"{DATABASE_FILE.as_posix()}{ending}")
    return sa.URL.create("sqlite", database=str(folder / DATABASE_FILE)).render_as_string()


def address(url: str) -> str:
    """The database that a URL names: without a password, of a file its whole path.

    Raises:
        SurveyError: it is no URL.
    """
    parsed = _parsed(url)
    if parsed.drivername == "sqlite":
        return sa.URL.create("sqlite", database=str(Path(parsed.database or "").absolute())).render_as_string()
    where = {key: value for key, value in parsed.query.items() if key in ("host", "port")}
    return parsed.set(drivername="postgresql", password=None, query=where).render_as_string()


def open_database(url: str, study: str, study_hash: str, asks: Questionnaire) -> sa.Engine:
    """The database with its tables, made where it has none.

    Args:
        url: as SQLAlchemy writes it, of SQLite (a file) or PostgreSQL.
        study: name of the study.
        study_hash: what the database must be for.
        asks: what is asked.

    Raises:
        SurveyError: it cannot be opened, is another study's or another version's, or was made when other questions
            were asked.
    """
    engine, tables = _engine(url), tables_of(asks)
    address = engine.url.render_as_string(hide_password=True)
    try:
        with engine.execution_options(writes=True).begin() as connection:
            if connection.dialect.name == "postgresql":  # two servers that start at once must not both make tables
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_ADVISORY_LOCK)))
            tables.metadata.create_all(connection)
            stored = connection.execute(sa.select(tables.survey)).one_or_none()
            if stored is None:
                row = {"id": 1, "format": FORMAT, "study": study, "study_hash": study_hash}
                connection.execute(tables.survey.insert(), row)
            columns = {each["name"]: each["nullable"] for each in sa.inspect(connection).get_columns("ratings")}
    except sa.exc.SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        raise SurveyError(f"{address}: {reason}; is it there, whole, and may you write to it?") from error
    if stored is not None and stored.format != FORMAT:
        raise SurveyError(f"{address}: has format {stored.format}, this version reads {FORMAT}")
    if stored is not None and stored.study_hash != study_hash:
        raise SurveyError(
            f"{address}: holds the answers to another study, {stored.study!r}; name another with --database"
        )
    wrong = [name for name in (*asks.names, *tables.ratings.c.keys()) if name not in columns]
    wrong += [name for name, nullable in columns.items() if name not in tables.ratings.c and not nullable]
    if wrong:
        raise SurveyError(
            f"{address}: was made when other questions were asked ({', '.join(wrong)}); take its results with survey "
            "results, import them, and name another with --database"
        )
    return engine


def drop_unconsented(engine: sa.Engine, asks: Questionnaire) -> None:
    """Removes whom earlier versions kept already when they entered, who then did not consent."""
    participants = tables_of(asks).participants
    with engine.execution_options(writes=True).begin() as connection:
        connection.execute(participants.delete().where(participants.c.consented_at.is_(None)))


def _parsed(url: str) -> sa.URL:
    try:
        return sa.make_url(url)
    except sa.exc.ArgumentError as error:
        raise SurveyError("--database: is no address such as postgresql://user@host/name") from error


def _engine(url: str) -> sa.Engine:
    parsed = _parsed(url)
    options: dict[str, Any] = {"hide_parameters": True, "pool_pre_ping": True}  # no answer gets into a log
    if parsed.drivername == "sqlite" and parsed.database not in (None, "", ":memory:") and not parsed.query:
        _private(Path(str(parsed.database)))
        engine = sa.create_engine(parsed, connect_args={"timeout": NO_MORE_THAN_S}, **options)
        sa.event.listen(engine, "connect", _set_up_sqlite)
        sa.event.listen(engine, "begin", _begin_sqlite)
        return engine
    if parsed.drivername in ("postgresql", "postgresql+psycopg"):
        parsed = parsed.set(drivername="postgresql+psycopg")
        return sa.create_engine(parsed, connect_args={"connect_timeout": NO_MORE_THAN_S}, **options)
    raise SurveyError(
        f"--database {parsed.render_as_string(hide_password=True)}: must be postgresql://... or sqlite:///FILE"
    )


def _private(path: Path) -> None:
    """Makes the file readable by its owner alone; SQLite gives its other files the same rights."""
    with explained(path):
        path.parent.mkdir(exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


def _set_up_sqlite(connection: Any, _: object) -> None:
    connection.isolation_level = None  # transactions begin where _begin_sqlite says
    # secure_delete: answers that are withdrawn do not stay in free pages.
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}").fetchall()


def _begin_sqlite(connection: sa.Connection) -> None:
    """IMMEDIATE: a transaction that reads and then writes would else fail where another wrote in between."""
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
