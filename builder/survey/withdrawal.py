"""A withdrawal of consent in the survey's database."""

import contextlib
from collections.abc import Sequence
from pathlib import Path

import sqlalchemy as sa

from builder.shards import StudyFolder
from builder.survey.database import DATABASE_FILE, default_url, disputes, open_database, participants, ratings


def remove_participants(folder: Path, participant_ids: Sequence[str], database: str | None) -> dict[str, int]:
    """Removes participants with all answers, while a survey may be running.

    Args:
        folder: The study folder.
        participant_ids: The pseudonyms.
        database: Its address; None: the one in the study folder, if there is one.

    Returns:
        How many ratings each had who is in the database.

    Raises:
        SurveyError: the database cannot be opened or is another study's.
    """
    if database is None and not (folder / DATABASE_FILE).is_file():
        return {}
    study = StudyFolder(folder).study()
    engine = open_database(database or default_url(folder), study.name, study.hash())
    try:
        with engine.execution_options(writes=True).begin() as connection:
            removed = {each: _remove(connection, each) for each in participant_ids}
        if engine.dialect.name == "sqlite":  # the answers are in its log too
            with contextlib.closing(engine.raw_connection()) as raw:
                raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return {each: answers for each, answers in removed.items() if answers is not None}
    finally:
        engine.dispose()


def _remove(connection: sa.Connection, participant_id: str) -> int | None:
    """How many ratings there were; None where the participant is not there."""
    both = (disputes.c.participant_id == participant_id) | (disputes.c.disputed_id == participant_id)
    connection.execute(disputes.delete().where(both))
    answers = connection.execute(ratings.delete().where(ratings.c.participant_id == participant_id))
    person = connection.execute(participants.delete().where(participants.c.participant_id == participant_id))
    return answers.rowcount if person.rowcount else None
