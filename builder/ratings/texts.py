"""`ratings texts`: shows every free text that nobody has read yet, so that somebody releases or withholds it.

A program finds e-mail addresses and the like; names and places only a reader knows. What stands in released.csv was
read and goes out with the next version; what was withheld lies in held-back.csv and never does. Numbers are those of
the list that was shown last, shown.csv, so that nothing is released that came in after somebody looked.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from builder.errors import RatingsError
from builder.files import Folder
from builder.ratings import records
from builder.ratings.collection import Collection, read_collection, write_collection
from builder.ratings.export import stacked
from builder.ratings.items import read_design
from builder.ratings.privacy import findings
from builder.ratings.store import RatingsFolder
from builder.shards import StudyFolder
from builder.tasks import Questionnaire

WITHHELD = "withheld by a reader"
"""The finding in held-back.csv of a text that somebody withheld."""

_KEY = records.RELEASED


def show(folder: Path) -> pd.DataFrame:
    """The texts that wait for a reader, and notes that they were shown: participant_id, question, found, text.

    Raises:
        FolderError: this is no study folder, or its records are damaged.
    """
    asks = StudyFolder(folder).study().questionnaire()
    with RatingsFolder(folder, asks).locked():
        collection = read_collection(folder, asks)
        new = unread(collection, asks)
        suspect = collection.held_back[collection.held_back["found"] != WITHHELD]
        texts = stacked([new, suspect]).sort_values(["question", "participant_id"], kind="stable", ignore_index=True)
        Folder(folder).write(dict([records.file("shown", texts[_KEY])]))
    return texts


def unread(collection: Collection, asks: Questionnaire) -> pd.DataFrame:
    """The texts in the table that people wrote and nobody has released: participant_id, question, found, text."""
    written = collection.participants.loc[collection.participants["source"] == "human", list(asks.text_names)]
    texts = (
        written.rename_axis("participant_id").reset_index().melt("participant_id", None, "question", "text").dropna()
    )
    released = pd.MultiIndex.from_frame(collection.released[_KEY])
    texts = texts[~pd.MultiIndex.from_frame(texts[_KEY]).isin(released)]
    identifiers = ["; ".join(findings(text)) for text in texts["text"]]
    return texts.assign(found=pd.Series(identifiers, index=texts.index, dtype="str"))[records.HELD_BACK].astype("str")


def decide(folder: Path, released: Sequence[int] | None, withheld: Sequence[int] = ()) -> tuple[int, int]:
    """Releases or withholds texts by their numbers in the list that was shown last, from 1.

    Args:
        folder: The study folder.
        released: Those that identify nobody; None: all that were shown and are not withheld.
        withheld: Those that are never published.

    Returns:
        How many were released and withheld.

    Raises:
        RatingsError: no list was shown, there is no such number in it, or one is named twice.
    """
    design = read_design(folder)
    with RatingsFolder(folder, design.asks).locked():
        collection, last_list = read_collection(folder, design.asks), records.read(folder, "shown", _KEY)
        if last_list.empty:
            raise RatingsError(f"{folder}: no text was shown yet: run ratings texts first, and read them")
        if released is None:
            released = [number for number in range(1, len(last_list) + 1) if number not in withheld]
        for number in (*released, *withheld):
            if not 1 <= number <= len(last_list):
                raise RatingsError(
                    f"{folder}: the list that was shown last has {len(last_list)} texts, and no {number}"
                )
        if both := set(released) & set(withheld):
            raise RatingsError(f"{folder}: {min(both)} cannot be both released and withheld")
        read, kept_back = (
            last_list.iloc[[number - 1 for number in dict.fromkeys(each)]] for each in (released, withheld)
        )
        collection = _with_withheld(_with_released(collection, read), kept_back)
        write_collection(folder, collection, design)
    return len(read), len(kept_back)


def _with_released(collection: Collection, read: pd.DataFrame) -> Collection:
    participants = collection.participants.copy()
    present = read[read["participant_id"].isin(participants.index)]  # the others were forgotten since
    for participant, question, text in present[_KEY].to_numpy():
        before = participants.loc[participant, question]
        if pd.notna(before) and before != text:
            raise RatingsError(f"{participant} has another text for {question} already")
        participants.loc[participant, question] = text
    left = collection.held_back[~_among(collection.held_back, present)]
    released = stacked([collection.released, present[_KEY]]).drop_duplicates(ignore_index=True)
    return replace(collection, participants=participants, held_back=left, released=released)


def _with_withheld(collection: Collection, kept_back: pd.DataFrame) -> Collection:
    participants = collection.participants.copy()
    present = kept_back[kept_back["participant_id"].isin(participants.index)]
    for participant, question, text in present[_KEY].to_numpy():
        if participants.loc[participant, question] == text:
            participants.loc[participant, question] = None
    others = collection.held_back[~_among(collection.held_back, present)]
    back = stacked([others, present.assign(found=WITHHELD)[records.HELD_BACK]])
    return replace(
        collection,
        participants=participants,
        held_back=back,
        released=collection.released[~_among(collection.released, present)],
    )


def _among(rows: pd.DataFrame, texts: pd.DataFrame) -> pd.Series:
    """Whether each row is of one of these texts."""
    among = pd.MultiIndex.from_frame(rows[_KEY]).isin(pd.MultiIndex.from_frame(texts[_KEY]))
    return pd.Series(among, index=rows.index, dtype="bool")
