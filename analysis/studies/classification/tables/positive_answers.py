"""Figure 2 of the paper: how many of five say yes to a mistake; and the error for every number that is enough."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.errors import MissingDataError
from analysis.inference import rate
from analysis.studies.classification.data import OF, UNITS, Classification
from analysis.studies.classification.verdicts import Verdicts, all_attack_verdicts, all_verdicts


def positive_answers(study: Classification) -> pd.DataFrame:
    """The mistakes of each classifier by their number of positive answers, by sampling weights.

    An item with more than five answers counts with the share of yes of five, rounded down: 8 or 9 of 10 as 4 of 5. Of a
    row with five classes, the class that most people accept counts.

    Columns: classifier, measure (as in `errors`, "after the attack" or "explained after the attack"), yes (0 to 5 of
    5), n (mistakes), share, low, high, interval.

    Raises:
        MissingDataError: no mistake was asked.
    """
    rows = []
    for verdicts in _asked(study):
        weighed = verdicts.weighed
        for yes in range(OF + 1):
            there = np.asarray(weighed["level"] == yes, np.float64)
            share = rate(there, weighed[list(UNITS)], weighed["weight"].to_numpy(np.float64))
            row = {"classifier": verdicts.classifier, "measure": verdicts.measure, "yes": yes, "n": int(there.sum())}
            rows.append(row | {"share": share.estimate} | share.columns())
    return pd.DataFrame(rows)


def rectified_curve(study: Classification) -> pd.DataFrame:
    """The rectified error where 1, 2, ... 5 of 5 positive answers are enough for siding with a mistake.

    Columns: classifier, measure (as in `errors`, "after the attack" or "explained after the attack"), enough (1 to 5
    of 5), raw, agreement, rectified, low, high, interval, least, most.

    Raises:
        MissingDataError: no mistake was asked.
    """
    rows = []
    for verdicts in _asked(study):
        raw = verdicts.raw().estimate
        for enough in range(1, OF + 1):
            row = {"classifier": verdicts.classifier, "measure": verdicts.measure, "enough": enough, "raw": raw}
            rectified, (least, most) = (verdicts.rectified(enough), verdicts.bounds(enough))
            row |= {"agreement": verdicts.agreement(enough).estimate, "rectified": rectified.estimate}
            rows.append(row | rectified.columns() | {"least": least, "most": most})
    return pd.DataFrame(rows)


def _asked(study: Classification) -> Sequence[Verdicts]:
    sets = [*all_verdicts(study), *all_attack_verdicts(study)]
    sets = [verdicts for verdicts in sets if len(verdicts.weighed)]
    if not sets:
        raise MissingDataError("no mistake has five valid answers")
    return sets
