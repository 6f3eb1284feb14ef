"""`ratings status`: how far the ratings of a study are."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from builder.ratings.clean import is_asked
from builder.ratings.collection import judged, read_collection
from builder.ratings.items import Design, read_design
from builder.shards import StudyFolder
from loading_script.tables import FLAGS, SOURCES


@dataclass(frozen=True)
class SourceStatus:
    """A source's state: ratings, and the answers to each question in them; items by their number of ratings, items with
    fewer answers than wanted to a question that is asked of them, participants, and how many of them each flag has by
    the bounds that the study file names now.
    """

    ratings: int
    answers: dict[str, int]
    items_by_ratings: dict[int, int]
    short: int
    participants: int
    flagged: dict[str, int]


@dataclass(frozen=True)
class RatingsStatus:
    """The state of the ratings, by source, of the items, which are called as their `table` is; and what was refused by
    reason, texts held back, persons removed, and persons whose submission does not count, by what their platform says.
    """

    wanted: int
    items: int
    table: str
    sources: dict[str, SourceStatus]
    reasons: Counter[str]
    held_back: int
    forgotten: int
    withdrawn: Counter[str]


def ratings_status(folder: Path) -> RatingsStatus:
    """The state of the ratings of a study folder.

    Raises:
        FolderError: this is no study folder, or a file of it is damaged.
    """
    design = read_design(folder)
    asks = design.asks
    collection = judged(read_collection(folder, asks), design)
    wanted = StudyFolder(folder).study().survey.raters_per_item
    sources = {}
    for source in SOURCES:
        ratings = collection.ratings[collection.ratings["source"] == source]
        raters_mask = collection.participants.index.isin(ratings["participant_id"])
        raters = collection.participants[(collection.participants["source"] == source) & raters_mask]
        counts = ratings[asks.key].value_counts().reindex(design.shown.index, fill_value=0)
        lacking = _short(ratings, design, wanted)
        flagged = Counter(flag for each in raters["flags"] for flag in each)
        sources[source] = SourceStatus(
            ratings=len(ratings),
            answers={name: int(ratings[name].count()) for name in asks.names},
            items_by_ratings=dict(sorted(Counter(counts.tolist()).items())),
            short=int(lacking.sum()),
            participants=len(raters),
            flagged={flag: flagged[flag] for flag in FLAGS},
        )
    return RatingsStatus(
        wanted=wanted,
        items=len(design.shown),
        table=asks.table,
        sources=sources,
        reasons=Counter(collection.refused["reason"]),
        held_back=len(collection.held_back),
        forgotten=len(collection.forgotten),
        withdrawn=Counter(collection.withdrawn["status"]),
    )


def _short(ratings: pd.DataFrame, design: Design, wanted: int) -> pd.Series:
    """A mark for each item with fewer answers than wanted to a question that is asked of it."""
    asks, items = design.asks.restricted(design.settings.questions), design.shown
    marks = pd.Series(data=False, index=items.index)
    for question in asks.questions:
        counts = ratings.loc[ratings[question.name].notna(), asks.key].value_counts()
        marks |= is_asked(question, asks, items) & (counts.reindex(items.index, fill_value=0) < wanted)
    return marks
