"""`ratings withdrawn`: whose submission does not count any more, and taking out what they said."""

from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from builder.ratings import records, undo
from builder.ratings.collection import read_collection, write_collection
from builder.ratings.export import REJECTED
from builder.ratings.forget import NobodyHereError, forget, import_lines_of
from builder.ratings.items import read_design
from builder.ratings.store import RatingsFolder
from builder.ratings.submissions import WITHDRAWN
from builder.shards import StudyFolder


def withdrawn_people(folder: Path) -> pd.DataFrame:
    """The people who stand outside: participant_id, status, and how many ratings of theirs are here still.

    Raises:
        FolderError: this is no study folder, or a file of it is damaged.
    """
    collection = read_collection(folder, StudyFolder(folder).study().questionnaire())
    counts = collection.ratings["participant_id"].value_counts()
    return collection.withdrawn.assign(
        ratings=collection.withdrawn["participant_id"].map(counts).fillna(0).astype("int64")
    )


@dataclass(frozen=True)
class Removed:
    """People by status, ratings and answers in the survey's database that went with them, and the published versions
    that hold them still.
    """

    people: dict[str, int]
    ratings: int
    answers: int
    published: list[str]


def remove_withdrawn(folder: Path, database: str | None = None) -> Removed:
    """Takes who stands outside out of the ratings.

    Who returned or revoked withdrew, and is forgotten, in the survey's database too; who was rejected is taken out of
    the tables alone, and may come back with an export that says that they count.

    Raises:
        FolderError: this is no study folder, or it cannot be written.
        SurveyError: the survey's database cannot be opened.
    """
    people = withdrawn_people(folder)
    forgotten = set(records.read(folder, "forgotten", records.FORGOTTEN)["participant_id"])
    gone = dict.fromkeys(WITHDRAWN, 0)
    ratings = answers = 0
    published: list[str] = []
    for participant_id, status in people[people["status"] != REJECTED][records.WITHDRAWN].to_numpy():
        if participant_id in forgotten:
            continue
        try:
            each = forget(folder, participant_id, database)
        except NobodyHereError:  # who was kept out
            continue
        gone[status] += 1
        ratings, answers = ratings + each.ratings, answers + each.answers
        published += [version for version in each.published if version not in published]
    rejected = set(people["participant_id"][people["status"] == REJECTED])
    gone[REJECTED], more = _take_out(folder, rejected)
    return Removed(gone, ratings + more, answers, published)


def _take_out(folder: Path, participant_ids: set[str]) -> tuple[int, int]:
    """Takes people out of the tables, and says how many people and ratings those were."""
    design = read_design(folder)
    with RatingsFolder(folder, design.asks).locked():
        collection = read_collection(folder, design.asks)
        of_people = collection.ratings["participant_id"].isin(participant_ids)
        here = collection.participants.index.isin(participant_ids)
        if here.any() or of_people.any():
            mine = import_lines_of(collection, list(participant_ids)) & collection.imports["kind"].ne(undo.WITHDRAWN)
            left = replace(
                collection,
                ratings=collection.ratings[~of_people],
                participants=collection.participants[~here],
                held_back=collection.held_back[~collection.held_back["participant_id"].isin(participant_ids)],
                released=collection.released[~collection.released["participant_id"].isin(participant_ids)],
                imports=collection.imports[~mine],
            )
            write_collection(folder, left, design)
    return int(here.sum()), int(of_people.sum())
