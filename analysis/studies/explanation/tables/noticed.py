"""The change of a picture at which people see a difference, and the rest of its explanation there."""

import numpy as np
import pandas as pd

from analysis.errors import MissingDataError
from analysis.inference import jackknife, rate, weighted_mean
from analysis.studies.explanation.data import DIFFERENCE, UNITS, Explanations
from analysis.studies.explanation.tables.properties import LIKENESS
from analysis.studies.explanation.tried import CELL, likenesses
from analysis.tables.psychometric import psychometric

SCORE = "l_inf"


def thresholds(of: Explanations) -> pd.DataFrame:
    """The psychometric function of the share of people who see a difference by L-inf, over all changed pictures and
    of each kind; one picture twice is in all.

    Columns: those of `analysis.tables.psychometric`; the slope is below 0 where more people see a difference the
    larger it is.

    Raises:
        MissingDataError: nobody was asked.
    """
    answers = of.about(DIFFERENCE)
    joined = answers.joined().dropna(subset=DIFFERENCE)
    shares = joined.groupby(answers.key)[DIFFERENCE].agg(["mean", "count"])
    items = answers.items.join(shares, on=answers.key)
    units, condition = answers.units, answers.condition
    return psychometric(items, scores={SCORE: SCORE}, rate="mean", answers="count", units=units, condition=condition)


def room(of: Explanations) -> pd.DataFrame:
    """The rest of the explanation that each setting of each manipulation of pictures changes, by the size of the
    change.

    Columns: those of `tried.CELL`, version, l_inf (mean), n (pictures), likeness (mean of Spearman's correlation of
    absolute values with the map as it was), low, high, interval.

    Raises:
        MissingDataError: no picture was manipulated.
    """
    alike = likenesses(of)
    own = alike[(alike["measure"] == LIKENESS) & (alike["of"] == alike["explainer"])].dropna(subset=SCORE)
    lines = []
    for key, cell in own.groupby([*CELL, "version"], sort=False):
        interval = jackknife(weighted_mean(cell["value"].to_numpy(np.float64)), cell[UNITS])
        names = dict(zip((*CELL, "version"), key, strict=True))
        lines.append(names | {"l_inf": cell["l_inf"].mean(), "n": len(cell), "likeness": interval.estimate})
        lines[-1] |= interval.columns()
    if not lines:
        raise MissingDataError("no map of a manipulated picture can be compared")
    return pd.DataFrame(lines)


def noticed(of: Explanations) -> pd.DataFrame:
    """The share of people who see a difference, by the size of the change.

    Columns: kind (of the item), l_inf (gray levels / 255, as the picture has it), n (items), n_answers, share, low,
    high, interval.

    Raises:
        MissingDataError: nobody was asked.
    """
    answers = of.about(DIFFERENCE)
    joined = answers.joined().dropna(subset=DIFFERENCE)
    rows = joined.merge(answers.items[[answers.key, SCORE]], on=answers.key)
    if rows.empty:
        raise MissingDataError("nobody was asked whether pictures differ")
    lines = []
    for key, cell in rows.assign(l_inf=rows[SCORE].round(6)).groupby(["kind", SCORE], observed=True):
        interval = rate(cell[DIFFERENCE].to_numpy(np.float64), cell[list(answers.units)])
        counted = {"n": cell[answers.key].nunique(), "n_answers": len(cell), "share": interval.estimate}
        lines.append(dict(zip(("kind", SCORE), key, strict=True)) | counted | interval.columns())
    return pd.DataFrame(lines)
