"""`ratings import`: exports of survey tools into the ratings of a study folder."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pyarrow as pa
from tqdm import tqdm

from builder.files import explained
from builder.ratings.clean import cleaned
from builder.ratings.formats import read_export
from builder.ratings.held import frame, read_held, write_held
from builder.ratings.mapping import read_mapping
from builder.ratings.merge import Outcome, merged, stacked
from builder.ratings.pairs import by_batch, read_pairs
from builder.ratings.privacy import participant_key
from builder.ratings.records import file_label
from builder.ratings.signature import is_signed
from builder.ratings.store import RatingsFolder
from builder.shards import StudyFolder

log = logging.getLogger(__name__)

_MANY, _ODD_SCALE = 10, 10
"""So many ratings without one above this are hardly of a scale of 0 to 100: 1 to 7, or 0 to 1."""


def import_exports(
    folder: Path, exports: Sequence[Path], format_name: str = "auto", mapping: Path | None = None
) -> list[Outcome]:
    """Merges exports into the ratings of a study folder, all of them or, on an error, none.

    Returns:
        What became of each, in order.

    Raises:
        RatingsError: a file cannot be read as an export, naming file, line and column.
        FolderError: this is no study folder, or it cannot be written.
    """
    pairs = read_pairs(folder)
    settings = StudyFolder(folder).study().ratings
    meaning = read_mapping(mapping) if mapping else None
    with RatingsFolder(folder).locked():
        key = participant_key(folder)
        held, outcomes = read_held(folder), []
        for path in tqdm(exports, desc="exports", unit="file", disable=None, leave=False):
            export = read_export(path, by_batch(pairs), format_name, meaning)
            if len(export.ratings) >= _MANY and export.ratings["similarity"].max() <= _ODD_SCALE:
                log.warning("%s: no similarity is above %d: was the question asked on 0 to 100?", path, _ODD_SCALE)
            with explained(path):
                ours = is_signed(path.read_bytes(), key)
            rows = cleaned(export, pairs.index, key, settings, pseudonyms=ours)
            held, outcome = merged(held, rows, file_label(path))
            outcomes.append(outcome)
        write_held(folder, held, pairs, settings)
    return outcomes


def add(folder: Path, ratings: pa.Table, participants: pa.Table) -> int:
    """Adds ratings that no person gave; those that are there already stay as they are.

    Returns:
        How many are new.

    Raises:
        FolderError: this is no study folder, or it cannot be written.
    """
    pairs = read_pairs(folder)
    with RatingsFolder(folder).locked():
        held = read_held(folder)
        new = frame(ratings)
        new = new[~new["rating_id"].isin(held.ratings["rating_id"])]
        raters = frame(participants).set_index("participant_id")
        raters = raters[~raters.index.isin(held.participants.index)]
        people = pd.concat([each for each in (held.participants, raters) if len(each)] or [held.participants])
        held = replace(held, ratings=stacked([held.ratings, new]), participants=people)
        write_held(folder, held, pairs, StudyFolder(folder).study().ratings)
    return len(new)
