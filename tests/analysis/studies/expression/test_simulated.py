"""Simulated raters follow a stated truth: its closed-form rates lie in the intervals of the tables."""

import numpy as np
import pytest
from scipy import stats

from analysis.studies.expression.data import Expression
from analysis.studies.expression.references import EMOTIONS
from analysis.studies.expression.tables.cells import needed
from analysis.studies.expression.tables.measured import measured
from builder.studies.expression.simulate import CONFUSION, RaterModel
from tests.analysis.studies.expression.faces import simulated

RATERS = 10


def closed_form(said: np.ndarray) -> dict[tuple[str, str], float]:
    """TPR and FPR of every emotion against the majority of the raters, given how often a classifier says each, (7,)."""
    follows = RaterModel().follows
    shown = np.full((7, 7), (1 - follows) / 6) + np.eye(7) * (follows - (1 - follows) / 6)  # by what is said
    most = stats.binom.sf(RATERS // 2, RATERS, np.array(CONFUSION)[:, :7])  # by what is shown
    joint = said[:, None] * (shown @ most)  # what is said, and what most say
    rates = {}
    for place, emotion in enumerate(EMOTIONS):
        others = joint.sum(axis=1) - joint[:, place]
        rates[emotion, "TPR"] = joint[place, place] / joint[:, place].sum()
        rates[emotion, "FPR"] = others[place] / others.sum()
    return rates


def inside(study: Expression) -> list[bool]:
    """Whether each interval of a cell that is large enough holds the closed form of its group."""
    held = []
    for each in measured(study, needed(study)):
        if each.rate in ("TPR", "FPR") and not each.small:
            of_group = np.ones(len(study.items), bool)
            if each.grouping != "all":
                of_group = (study.groupings[each.grouping] == each.group).to_numpy()
            said = np.bincount(study.decisions[each.classifier][of_group], minlength=7) / of_group.sum()
            truth = closed_form(said)[each.emotion, each.rate]
            held.append(each.value.low <= truth <= each.value.high)
    return held


def test_the_closed_form_of_one_emotion_by_hand():
    # who says one thing alone is right of it as often as most see it, and there are no others that it could say
    rates = closed_form(np.eye(7)[3])
    assert rates["happy", "TPR"] == rates["happy", "FPR"] == 1
    assert rates["sad", "TPR"] == rates["sad", "FPR"] == 0


@pytest.mark.parametrize("seed", [0, 1])
def test_closed_form_rates_lie_in_the_intervals(seed):
    held = inside(simulated(16, RATERS, seed))
    assert len(held) > 40
    assert np.mean(held) >= 0.9  # of 95 % intervals that go together
