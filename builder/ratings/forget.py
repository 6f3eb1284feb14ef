"""`ratings forget`: one person's withdrawal of consent."""

import datetime
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from builder.errors import RatingsError
from builder.publish.record import forget_in_records
from builder.ratings import records
from builder.ratings.held import read_held, write_held
from builder.ratings.merge import stacked
from builder.ratings.pairs import read_pairs
from builder.ratings.privacy import participant_key, pseudonym
from builder.ratings.store import RatingsFolder
from builder.shards import StudyFolder


@dataclass(frozen=True)
class Forgotten:
    """Who was removed, with how many ratings in the tables and in the survey's database, and the published versions
    (with where they are) that still hold them or another who was removed.
    """

    participant_id: str
    ratings: int
    answers: int
    published: list[str]


def forget(folder: Path, participant: str, database: str | None = None) -> Forgotten:
    """Removes a person from the ratings and the survey of a study folder; later imports will not bring them back.

    What stays is a line in forgotten.csv: the pseudonym, when, and how many ratings there were.

    Args:
        folder: The study folder.
        participant: The platform's id of the person, or the participant_id in the tables.
        database: The survey's, where it is not in the study folder.

    Raises:
        RatingsError: nobody with this id is or was here.
        FolderError: this is no study folder, or it cannot be written.
        SurveyError: the survey's database cannot be opened.
    """
    pairs = read_pairs(folder)
    with RatingsFolder(folder).locked():
        held = read_held(folder)
        here = set(held.participants.index) | set(held.held_back["participant_id"])
        gone = set(held.forgotten["participant_id"])
        id_ = participant if participant in here | gone else pseudonym(participant_key(folder), participant)
        answers = _remove_from_survey(folder, id_, database)
        if id_ not in here | gone and answers is None:
            raise RatingsError(
                f"{folder}: nobody with the id {participant!r} has ratings here; give the platform's id as it stands "
                "in the export, or the participant_id of the tables"
            )
        theirs = held.ratings["participant_id"] == id_
        if id_ not in gone:
            line = pd.DataFrame([[id_, _now(), str(int(theirs.sum()))]], columns=records.FORGOTTEN)
            held = replace(
                held,
                ratings=held.ratings[~theirs],
                participants=held.participants.drop(index=id_, errors="ignore"),
                held_back=held.held_back[held.held_back["participant_id"] != id_],
                released=held.released[held.released["participant_id"] != id_],
                forgotten=stacked([held.forgotten, line]),
            )
            write_held(folder, held, pairs, StudyFolder(folder).study().ratings)
    return Forgotten(id_, int(theirs.sum()), answers or 0, forget_in_records(folder, id_))


def _remove_from_survey(folder: Path, participant_id: str, database: str | None) -> int | None:
    if database is None and not (folder / "ratings" / "survey.sqlite").is_file():
        return None  # and the survey's packages need not be installed
    from builder.survey.withdrawal import remove_participant

    return remove_participant(folder, participant_id, database)


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
