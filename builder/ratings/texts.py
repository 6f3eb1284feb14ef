"""`ratings texts`: free texts held back because something in them may identify somebody."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from builder.errors import RatingsError
from builder.ratings import records
from builder.ratings.held import read_held, write_held
from builder.ratings.merge import stacked
from builder.ratings.pairs import read_pairs
from builder.ratings.store import RatingsFolder
from builder.shards import StudyFolder


def held_back(folder: Path) -> pd.DataFrame:
    """The texts: participant_id, question, found, text.

    Raises:
        FolderError: this is no study folder, or its records are damaged.
    """
    StudyFolder(folder).manifest()
    return read_held(folder).held_back


def release(folder: Path, numbers: Sequence[int]) -> None:
    """Confirms that these texts, numbered from 1 as `held_back` lists them, identify nobody: they join the table, and
    released.csv tells the gate of publishing that somebody has read them.

    Raises:
        RatingsError: there is no such text, or a participant's answer to that question is in the table already.
    """
    pairs = read_pairs(folder)
    with RatingsFolder(folder).locked():
        held = read_held(folder)
        unknown = [number for number in numbers if not 1 <= number <= len(held.held_back)]
        if unknown:
            raise RatingsError(f"{folder}: no text {unknown[0]} is held back; there are {len(held.held_back)}")
        rows = held.held_back.iloc[[number - 1 for number in dict.fromkeys(numbers)]]
        participants = held.participants.copy()
        for participant, question, text in rows[["participant_id", "question", "text"]].to_numpy():
            if pd.notna(participants.loc[participant, question]):
                raise RatingsError(f"{folder}: {participant} has another text for {question} already")
            participants.loc[participant, question] = text
        held = replace(
            held,
            participants=participants,
            held_back=held.held_back.drop(index=rows.index),
            released=stacked([held.released, rows[records.RELEASED]]),
        )
        write_held(folder, held, pairs, StudyFolder(folder).study().ratings)
