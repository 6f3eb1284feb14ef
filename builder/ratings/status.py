"""`ratings status`: how far the ratings of a study are."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from builder.ratings.held import judged, read_held
from builder.ratings.pairs import read_pairs
from builder.shards import StudyFolder
from loading_script.lands_between import FLAGS, SOURCES


@dataclass(frozen=True)
class SourceStatus:
    """Of one source: pairs by their number of ratings, pairs with fewer than wanted, participants, and how many of
    them each flag has by the bounds that the study file names now.
    """

    ratings: int
    pairs_by_ratings: dict[int, int]
    short: int
    participants: int
    flagged: dict[str, int]


@dataclass(frozen=True)
class RatingsStatus:
    """By source; and what was refused by reason, texts held back, persons removed, and persons whose submission does
    not count, by what their platform says.
    """

    wanted: int
    pairs: int
    sources: dict[str, SourceStatus]
    reasons: Counter[str]
    held_back: int
    forgotten: int
    withdrawn: Counter[str]


def ratings_status(folder: Path) -> RatingsStatus:
    """How many ratings the pairs of a study folder have.

    Raises:
        FolderError: this is no study folder, or a file of it is damaged.
    """
    pairs = read_pairs(folder)
    study = StudyFolder(folder).study()
    held = judged(read_held(folder), pairs, study.ratings)
    wanted = study.survey.raters_per_pair
    sources = {}
    for source in SOURCES:
        ratings = held.ratings[held.ratings["source"] == source]
        rated = held.participants.index.isin(ratings["participant_id"])
        raters = held.participants[(held.participants["source"] == source) & rated]
        counts = ratings["pair_id"].value_counts().reindex(pairs.index, fill_value=0)
        flagged = Counter(flag for each in raters["flags"] for flag in each)
        sources[source] = SourceStatus(
            ratings=len(ratings),
            pairs_by_ratings=dict(sorted(Counter(counts.tolist()).items())),
            short=int((counts < wanted).sum()),
            participants=len(raters),
            flagged={flag: flagged[flag] for flag in FLAGS},
        )
    return RatingsStatus(
        wanted=wanted,
        pairs=len(pairs),
        sources=sources,
        reasons=Counter(held.refused["reason"]),
        held_back=len(held.held_back),
        forgotten=len(held.forgotten),
        withdrawn=Counter(held.withdrawn["status"]),
    )
