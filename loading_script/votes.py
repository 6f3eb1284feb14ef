"""Label rules: from how people voted on a picture to the class that it counts as.

Users of FERPlus (Barsoum et al., "Training Deep Networks for Facial Expression Recognition with Crowd-Sourced Label
Distribution", 2016) take its ten votes a face in different ways, and their figures differ by that. No rule loses a
picture silently: what it does not count is dropped for a reason, and the shares of a picture add up to 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

import numpy as np
import numpy.typing as npt

Rule = Literal["majority", "plurality", "probabilistic", "ferplus"]
"""majority: the class of more than half of the votes. plurality: the class of most votes, unless two have as many.
probabilistic: every class by its share of the votes. ferplus: as FERPlus publishes it, see `_ferplus`.
"""

RULES: tuple[Rule, ...] = get_args(Rule)

UNCLEAR, NO_VOTES = "unclear", "no votes"
"""Reasons for which a rule drops a picture: it finds no class, or nobody voted. Another is the name of a class that is
voted on and not wanted."""

NO_CLASS = ("unknown", "no face")
"""The votes that are for no class."""

Shares = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Labels:
    """The labels of n pictures, as votes make them.

    weights: (n, k), the share of each picture that counts as each of k classes. dropped: (n,) by reason, the share that
    counts as none. All of them add up to 1 for every picture.
    """

    weights: Shares
    dropped: dict[str, Shares]

    def dropped_by_group(self, groups: Sequence[str]) -> "list[Drop]":
        """The pictures dropped of every group for every reason, also where there are none.

        Args:
            groups: of each picture, (n,).
        """
        rows = {group: np.array(groups) == group for group in sorted(set(groups))}
        return [
            Drop(group, reason, float(shares[faces].sum()), int(faces.sum()))
            for group, faces in rows.items()
            for reason, shares in self.dropped.items()
        ]


class Drop(NamedTuple):
    """The pictures of a group that are dropped for a reason, parts of one added up; `of` are all of the group."""

    group: str
    reason: str
    pictures: float
    of: int


def labels(votes: npt.NDArray[np.int64], names: Sequence[str], classes: Sequence[str], rule: Rule) -> Labels:
    """The labels of pictures under a rule.

    Args:
        votes: (n, m), how many people chose each of what they could choose.
        names: of what they could choose, m; those of `NO_CLASS` are no classes.
        classes: those that count, k of the names.
        rule: one of `RULES`.
    """
    total = votes.sum(axis=1)
    shares = _SHARES[rule](votes, np.isin(names, NO_CLASS))
    shares[total == 0] = 0
    none = {NO_VOTES: (total == 0).astype(float), UNCLEAR: ((shares.sum(axis=1) == 0) & (total > 0)).astype(float)}
    others = {name: shares[:, at] for at, name in enumerate(names) if name not in classes}
    return Labels(shares[:, [list(names).index(name) for name in classes]], none | others)


def _majority(votes: npt.NDArray[np.int64], no_class: npt.NDArray[np.bool_]) -> Shares:
    shares: Shares = (2 * votes > votes.sum(axis=1, keepdims=True)).astype(float)
    return shares


def _plurality(votes: npt.NDArray[np.int64], no_class: npt.NDArray[np.bool_]) -> Shares:
    largest = votes == votes.max(axis=1, keepdims=True)
    shares: Shares = (largest & (largest.sum(axis=1, keepdims=True) == 1)).astype(float)
    return shares


def _probabilistic(votes: npt.NDArray[np.int64], no_class: npt.NDArray[np.bool_]) -> Shares:
    shares: Shares = votes / np.maximum(votes.sum(axis=1, keepdims=True), 1)
    return shares


def _ferplus(votes: npt.NDArray[np.int64], no_class: npt.NDArray[np.bool_]) -> Shares:
    """FERPlus's own preparation of a distribution.

    Single votes are outliers and do not count. Classes are taken in the order of their votes, those with as many
    together, until they have three quarters of the votes, or three are taken, or "unknown" or "no face" comes up, which
    is taken only where nothing was before it. Where what is taken has no more than half of the votes, or is more than
    three classes, the picture is unclear. What is taken counts by its share.
    """
    counts = np.where(votes > 1, votes, 0)
    return np.array([_taken(row, no_class) for row in counts]).reshape(votes.shape)


def _taken(counts: npt.NDArray[np.int64], no_class: npt.NDArray[np.bool_]) -> Shares:
    taken = np.zeros(len(counts))
    total, stopped = counts.sum(), False
    for count in sorted({int(each) for each in counts if each}, reverse=True):
        if stopped or 4 * taken.sum() >= 3 * total or np.count_nonzero(taken) >= 3:
            break
        level = counts == count
        stopped = bool((level & no_class).any())
        taken[level & ~no_class] = count
        if stopped and not taken.any():
            taken[np.flatnonzero(level)[0]] = count
    if 2 * taken.sum() <= total or np.count_nonzero(taken) > 3:
        return np.zeros(len(counts))
    shares: Shares = taken / taken.sum()
    return shares


_SHARES = {
    "majority": _majority,
    "plurality": _plurality,
    "probabilistic": _probabilistic,
    "ferplus": _ferplus,
}
