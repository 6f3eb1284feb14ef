"""The answers as a file, JSON Lines, that `ratings import` reads, and as counts for the page of progress."""

import json
import statistics
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from builder.errors import SurveyError
from builder.files import write_whole
from builder.ratings.databases import remember
from builder.ratings.privacy import participant_key
from builder.ratings.signature import signed
from builder.shards import StudyFolder
from builder.survey.database import DATABASE_FILE, address, default_url, open_database, tables_of
from builder.survey.items import Item, SurveyItems
from builder.survey.store import SILENCE_MS
from builder.tasks import Questionnaire

FORMAT, VERSION = "lands-between-survey", 1

IN_PROGRESS, SILENT, FINISHED = "in progress", "silent", "finished"
"""States of a participant."""

_PARTICIPANT_LINE = '{"record": "participant"'


def result_lines(engine: sa.Engine, study: str, asks: Questionnaire) -> Iterator[str]:
    """The lines of the results file: what it is, then everyone who consented, then their ratings.

    Who says that somebody else took part with their platform's id has that one's participant_id as `disputes`.
    """
    tables = tables_of(asks)
    participants, ratings, disputes = tables.participants, tables.ratings, tables.disputes
    yield json.dumps({"format": FORMAT, "version": VERSION, "study": study}) + "\n"
    with engine.connect() as connection:
        disputing = disputes.c.participant_id == participants.c.participant_id
        people = sa.select(participants, disputes.c.disputed_id).outerjoin(disputes, disputing)
        people = people.where(participants.c.consented_at.is_not(None))
        for row in connection.execute(people.order_by(participants.c.started_at)).mappings():
            yield json.dumps(_participant(row, asks)) + "\n"
        rows = sa.select(ratings).order_by(ratings.c.rated_at, ratings.c.participant_id, ratings.c.position)
        for row in connection.execution_options(yield_per=1000).execute(rows).mappings():
            yield json.dumps(_rating(row, asks)) + "\n"


def write_results(folder: Path, file: Path, database: str | None) -> tuple[int, int]:
    """Writes the results file of a study folder's survey.

    Returns:
        How many participants and ratings are in it.

    Raises:
        SurveyError: there is no such database, or `file` has another ending.
        FolderError: there is no such study folder, or no room or right to write.
    """
    if file.suffix != ".jsonl":
        raise SurveyError(f"{file}: the results are JSON Lines; give them a name that ends in .jsonl")
    study = StudyFolder(folder).study()
    if database is None and not (folder / DATABASE_FILE).is_file():
        raise SurveyError(f"{folder / DATABASE_FILE}: there is none yet: nobody was asked; begin with survey serve")
    engine = open_database(database or default_url(folder), study.name, study.hash(), study.asked())
    if database:
        remember(folder, address(database))
    try:
        lines = list(signed(result_lines(engine, study.name, study.asked()), participant_key(folder)))
    finally:
        engine.dispose()
    write_whole(file, "".join(lines).encode())
    people = sum(line.startswith(_PARTICIPANT_LINE) for line in lines)
    return people, len(lines) - people - 2


def _participant(row: sa.RowMapping, asks: Questionnaire) -> dict[str, Any]:
    columns = ("age", "gender", "country", "continent", "consent_version", *asks.text_names)
    return {
        "record": "participant",
        "participant_id": row["participant_id"],
        "batch": asks.batch_of(row["batch"]),
        **{key: row[key] for key in columns},
        "started_at": _iso(row["started_at"]),
        "finished_at": _iso(row["finished_at"]),
        "duration_s": None if row["finished_at"] is None else (row["finished_at"] - row["started_at"]) / 1000,
        **({} if row["disputed_id"] is None else {"disputes": row["disputed_id"]}),
    }


def _rating(row: sa.RowMapping, asks: Questionnaire) -> dict[str, Any]:
    return {
        "record": "rating",
        **{key: row[key] for key in ("participant_id", asks.key)},
        **{question.name: _answer(row[question.name]) for question in asks.questions},
        **{key: row[key] for key in ("response_time_ms", "position", *(["side"] if asks.counterbalance else []))},
        "rated_at": _iso(row["rated_at"]),
    }


def _answer(value: Any) -> Any:
    """An answer as JSON; a whole number without its point."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _iso(milliseconds: int | None) -> str | None:
    if milliseconds is None:
        return None
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds")


@dataclass(frozen=True)
class BatchProgress:
    """A batch, or one arm of it: participants by state, and how many items have how many ratings."""

    batch: int
    arm: str | None
    in_progress: int
    silent: int
    finished: int
    ratings_of_items: dict[int, int]


@dataclass(frozen=True)
class Progress:
    """The progress of the survey; `latest` has the last participants to be seen, newest first."""

    batches: list[BatchProgress]
    ratings_of_items: dict[int, int]
    ratings: int
    in_progress: int
    silent: int
    finished: int
    median_minutes: float | None
    latest: list[dict[str, Any]]
    disputes: list[tuple[str, str]]
    """Participants who say that somebody else took part with their platform's id, and that one."""


def progress(engine: sa.Engine, items: SurveyItems, now: int, most_latest: int = 50) -> Progress:
    """Counts of what is in the store at `now`, milliseconds since 1970."""
    tables = tables_of(items.asks)
    participants, ratings, disputes = tables.participants, tables.ratings, tables.disputes
    key = ratings.c[items.asks.key]
    with engine.connect() as connection:
        states = connection.execute(_states(participants, now)).all()
        per_item = sa.select(key, sa.func.count()).group_by(key)
        counts: dict[str, int] = dict(connection.execute(per_item).all())
        ended = participants.c.finished_at.is_not(None)
        took = sa.select(participants.c.finished_at - participants.c.started_at).where(ended)
        minutes = [milliseconds / 60_000 for milliseconds in connection.scalars(took)]
        answered = sa.select(sa.func.count()).where(ratings.c.participant_id == participants.c.participant_id)
        newest = sa.select(participants, answered.scalar_subquery().label("answered"))
        newest = newest.order_by(participants.c.last_seen.desc()).limit(most_latest)
        latest = [dict(row) for row in connection.execute(newest).mappings()]
        pairs = sa.select(disputes.c.participant_id, disputes.c.disputed_id).order_by(disputes.c.said_at)
        disputing = [(row.participant_id, row.disputed_id) for row in connection.execute(pairs)]
    people = {(batch, state): count for batch, state, count in states}

    def of_state(state: str) -> int:
        return sum(count for (_, of), count in people.items() if of == state)

    return Progress(
        batches=[_batch_progress(batch, items, people, counts) for batch in items.sittings],
        ratings_of_items=_histogram(counts, [item for shown in items.sittings.values() for item in shown]),
        ratings=sum(counts.values()),
        in_progress=of_state(IN_PROGRESS),
        silent=of_state(SILENT),
        finished=of_state(FINISHED),
        median_minutes=statistics.median(minutes) if minutes else None,
        latest=latest,
        disputes=disputing,
    )


def _batch_progress(
    sitting: int, items: SurveyItems, people: Mapping[tuple[int, str], int], counts: Mapping[str, int]
) -> BatchProgress:
    return BatchProgress(
        batch=items.asks.batch_of(sitting),
        arm=items.asks.arm_of(sitting),
        in_progress=people.get((sitting, IN_PROGRESS), 0),
        silent=people.get((sitting, SILENT), 0),
        finished=people.get((sitting, FINISHED), 0),
        ratings_of_items=_histogram(counts, items.sittings[sitting]),
    )


def _states(participants: sa.Table, now: int) -> sa.Select[int, str, int]:
    state = sa.case(
        (participants.c.finished_at.is_not(None), FINISHED),
        (participants.c.last_seen > now - SILENCE_MS, IN_PROGRESS),
        else_=SILENT,
    ).label("state")
    return sa.select(participants.c.batch, state, sa.func.count()).group_by(participants.c.batch, state)


def _histogram(counts: Mapping[str, int], items: Iterable[Item]) -> dict[int, int]:
    """Number of ratings -> number of items that have so many."""
    return dict(sorted(Counter(counts.get(item.item_id, 0) for item in items).items()))
