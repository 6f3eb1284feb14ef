"""`ratings forget`: one person's withdrawal of consent."""

import datetime
import json
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from builder.errors import RatingsError
from builder.files import explained
from builder.ratings import records
from builder.ratings.held import read_held, write_held
from builder.ratings.merge import stacked
from builder.ratings.pairs import read_pairs
from builder.ratings.privacy import is_pseudonym, participant_key, pseudonym
from builder.ratings.store import RatingsFolder
from builder.shards import StudyFolder


@dataclass(frozen=True)
class Forgotten:
    """Who was removed, with how many ratings, and the published versions (with where they are) that hold them still."""

    participant_id: str
    ratings: int
    published: list[str]


def forget(folder: Path, participant: str) -> Forgotten:
    """Removes a person from the ratings of a study folder; later imports will not bring them back.

    What stays is a line in forgotten.csv: the pseudonym, when, and how many ratings there were.

    Args:
        folder: The study folder.
        participant: The platform's id of the person, or the participant_id in the tables.

    Raises:
        RatingsError: nobody with this id is or was here.
        FolderError: this is no study folder, or it cannot be written.
    """
    pairs = read_pairs(folder)
    with RatingsFolder(folder).locked():
        held = read_held(folder)
        here = set(held.participants.index) | set(held.held_back["participant_id"])
        gone = set(held.forgotten["participant_id"])
        id_ = participant if participant in here | gone else pseudonym(participant_key(folder), participant)
        if id_ not in here | gone:
            given = "participant_id" if is_pseudonym(participant) else "participant_id, and no platform's id,"
            raise RatingsError(f"{folder}: no {given} {participant!r} has ratings here; look it up in the export")
        theirs = held.ratings["participant_id"] == id_
        if id_ in here:
            line = pd.DataFrame([[id_, _now(), str(int(theirs.sum()))]], columns=records.FORGOTTEN)
            held = replace(
                held,
                ratings=held.ratings[~theirs],
                participants=held.participants.drop(index=id_, errors="ignore"),
                held_back=held.held_back[held.held_back["participant_id"] != id_],
                forgotten=stacked([held.forgotten, line]),
            )
            write_held(folder, held, pairs, StudyFolder(folder).study().ratings)
    return Forgotten(id_, int(theirs.sum()), _published(folder, id_))


def _published(folder: Path, participant_id: str) -> list[str]:
    """The versions whose record in `published/` names the participant."""
    found = []
    for path in sorted((folder / "published").glob("*.json")):
        with explained(path):
            record = json.loads(path.read_text("utf-8"))
        if participant_id in record["participant_ids"]:
            found.append(f"{record['version']} in {record['target']}")
    return found


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
