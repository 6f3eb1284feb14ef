"""`ratings forget`: one person's withdrawal of consent."""

import datetime
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from builder.errors import RatingsError
from builder.files import Folder
from builder.publish.record import forget_in_records
from builder.ratings import records
from builder.ratings.collection import Collection, read_collection, write_collection
from builder.ratings.databases import remembered
from builder.ratings.export import stacked
from builder.ratings.items import read_design
from builder.ratings.privacy import is_pseudonym, other_pseudonyms, participant_key, pseudonym
from builder.ratings.store import RatingsFolder

if TYPE_CHECKING:
    from builder.survey.withdrawal import Removal


class NobodyHereError(RatingsError):
    """Nobody with this id has ratings."""


@dataclass(frozen=True)
class Erasure:
    """A removal: the person's ratings in the tables and in the survey's database, and the published versions
    (with where they are) that still hold them or another who was removed.

    `remains` says where it can still be read although it is removed, until the same command is run again; `beyond` what
    is out of its reach. `others` took part with the same platform's id and said that the first was somebody else: they
    are removed too, and counted.
    """

    participant_id: str
    others: list[str]
    ratings: int
    answers: int
    published: list[str]
    remains: list[str]
    beyond: list[str]


def forget(folder: Path, participant: str, database: str | None = None) -> Erasure:
    """Removes a person from the ratings and the survey of a study folder; later imports will not bring them back.

    What stays is a line in forgotten.csv: the pseudonym, when, and how many ratings there were.

    Args:
        folder: The study folder.
        participant: The platform's id of the person, or the participant_id in the tables.
        database: The survey's, where it is not in the study folder and the study cannot open it as it remembers it.

    Raises:
        NobodyHereError: nobody with this id is or was here.
        FolderError: this is no study folder, or it cannot be written.
        SurveyError: the survey's database cannot be opened.
    """
    design = read_design(folder)
    with RatingsFolder(folder, design.asks).locked():
        collection = read_collection(folder, design.asks)
        here = set(collection.participants.index) | set(collection.held_back["participant_id"])
        gone = set(collection.forgotten["participant_id"])
        ids = [participant]
        if participant not in here | gone and not is_pseudonym(participant):
            key = participant_key(folder)
            ids = [pseudonym(key, participant), *other_pseudonyms(key, participant)]
        removed = _remove_from_survey(folder, ids, database)
        answers = removed.answers if removed else {}
        met = [each for each in ids if each in here | gone or each in answers]
        if not met:
            raise NobodyHereError(
                f"{folder}: nobody with the id {participant!r} has ratings here; give the platform's id as it stands "
                "in the export, or the participant_id of the tables"
            )
        of_person = collection.ratings["participant_id"].isin(met)
        new = [each for each in met if each not in gone]
        if new:
            counts = collection.ratings["participant_id"].value_counts()
            lines = [[each, _now(), str(int(counts.get(each, 0)))] for each in new]
            collection = replace(
                collection,
                ratings=collection.ratings[~of_person],
                participants=collection.participants.drop(index=new, errors="ignore"),
                imports=collection.imports[~import_lines_of(collection, new)],
                held_back=collection.held_back[~collection.held_back["participant_id"].isin(new)],
                released=collection.released[~collection.released["participant_id"].isin(new)],
                forgotten=stacked([collection.forgotten, pd.DataFrame(lines, columns=records.FORGOTTEN)]),
            )
            releases = records.read(folder, "shown", records.RELEASED)
            Folder(folder).write(dict([records.file("shown", releases[~releases["participant_id"].isin(new)])]))
            write_collection(folder, collection, design)
    versions = list(dict.fromkeys(version for each in met for version in forget_in_records(folder, each)))
    remains, beyond = (removed.remains, removed.beyond) if removed else ([], [])
    return Erasure(met[0], met[1:], int(of_person.sum()), sum(answers.values()), versions, remains, beyond)


def import_lines_of(collection: Collection, participant_ids: list[str]) -> pd.Series:
    """Whether each line of imports.csv is of one of these participants."""
    keys = collection.imports["key"]
    rating_ids = collection.ratings["rating_id"][collection.ratings["participant_id"].isin(participant_ids)]
    return keys.str.split("\t").str[0].isin({*rating_ids, *participant_ids})


def _remove_from_survey(folder: Path, participant_ids: list[str], database: str | None) -> "Removal | None":
    if database is None and not (folder / "ratings" / "survey.sqlite").is_file() and not remembered(folder):
        return None  # and the survey's packages need not be installed
    from builder.survey.withdrawal import remove_participants

    return remove_participants(folder, participant_ids, database)


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
