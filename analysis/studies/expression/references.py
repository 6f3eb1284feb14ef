"""References of an expression study: how far each face counts as each emotion, by labels or by people's answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.frames import Column, Numbers
from loading_script.votes import Rule, labels

EMOTIONS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
"""The emotions, in the order of the numbers of `label_shares`."""

VOTED = (*EMOTIONS, "contempt", "unknown", "no face")
"""The classes of votes, in the order of the numbers of `votes`."""

ANSWERED = {**{emotion: emotion for emotion in EMOTIONS}, "another": "another emotion", "no_face": "no face"}
"""The answers that people could give, with what each is called as a vote."""

RULES: tuple[Rule, ...] = get_args(Rule)

LABELS, PEOPLE = "labels", "people"
"""The names of references."""

NO_LABEL = "no label"
"""The reason for which a face of a source that labels others counts as nothing."""


@dataclass(frozen=True)
class Reference:
    """A reference: how far each of n faces counts as each emotion.

    of: LABELS or PEOPLE. shares: (n, 7), from 0 to 1; a face whose shares are all 0 counts as nothing. dropped: by
    reason, (n,), the share of each face that counts as nothing. Of each face all of them add up to 1.
    """

    of: str
    shares: Numbers
    dropped: Mapping[str, Numbers]

    @property
    def weight(self) -> Numbers:
        """The weight of each face, (n,), from 0 to 1."""
        weight: Numbers = self.shares.sum(axis=1)
        return weight

    @property
    def has_label(self) -> npt.NDArray[np.bool_]:
        """Whether a face counts, (n,)."""
        return np.asarray(self.weight > 0)


def by_labels(items: pd.DataFrame) -> Reference:
    """The reference by the labels of a source without votes."""
    nothing = np.zeros(len(EMOTIONS))
    rows = [nothing if shares is None else np.asarray(shares, np.float64) for shares in items["label_shares"]]
    shares = np.array(rows, np.float64).reshape(-1, len(EMOTIONS))
    rest, reasons = 1 - shares.sum(axis=1), items["dropped"].fillna(NO_LABEL)
    rest[rest < 1e-9] = 0
    named = sorted(set(reasons[rest > 0])) or [NO_LABEL]
    return Reference(LABELS, shares, {reason: rest * (reasons == reason).to_numpy(np.float64) for reason in named})


def by_votes(votes: Column, rule: Rule) -> Reference:
    """The reference by votes, (n,) lists of a count for each of VOTED, under a rule."""
    nobody = np.zeros(len(VOTED), np.int64)
    counts = np.array([nobody if each is None else np.asarray(each, np.int64) for each in votes], np.int64)
    counted = labels(counts.reshape(-1, len(VOTED)), VOTED, EMOTIONS, rule)
    return Reference(LABELS, counted.weights, counted.dropped)


def by_answers(ids: Column, ratings: pd.DataFrame, key: str, rule: Rule) -> Reference:
    """The reference by people's answers to which emotion a face shows, which count as votes, under a rule.

    ids: of the faces, (n,).
    """
    names = tuple(ANSWERED.values())
    answers = ratings["emotion"].map(ANSWERED)
    there = answers.notna()
    counts = pd.crosstab(ratings.loc[there, key], answers[there])
    counts = counts.reindex(index=ids, columns=list(names), fill_value=0)
    counted = labels(counts.to_numpy(np.int64), names, EMOTIONS, rule)
    return Reference(PEOPLE, counted.weights, counted.dropped)
