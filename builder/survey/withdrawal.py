"""A withdrawal of consent in the survey's database."""

import contextlib
from pathlib import Path

from builder.shards import StudyFolder
from builder.survey.database import DATABASE_FILE, default_url, open_database, participants, ratings


def remove_participant(folder: Path, participant_id: str, database: str | None) -> int | None:
    """Removes a person with all answers, while a survey may be running.

    Args:
        folder: The study folder.
        participant_id: The pseudonym.
        database: Its address; None: the one in the study folder, if there is one.

    Returns:
        How many ratings there were; None where the person is not in the database.

    Raises:
        SurveyError: the database cannot be opened or is another study's.
    """
    if database is None and not (folder / DATABASE_FILE).is_file():
        return None
    study = StudyFolder(folder).study()
    engine = open_database(database or default_url(folder), study.name, study.hash())
    try:
        with engine.execution_options(writes=True).begin() as connection:
            answers = connection.execute(ratings.delete().where(ratings.c.participant_id == participant_id))
            person = connection.execute(participants.delete().where(participants.c.participant_id == participant_id))
        if engine.dialect.name == "sqlite":  # the answers are in its log too
            with contextlib.closing(engine.raw_connection()) as raw:
                raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return answers.rowcount if person.rowcount else None
    finally:
        engine.dispose()
