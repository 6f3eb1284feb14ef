"""People's answers about the items of each kind."""

import numpy as np
import pandas as pd

from analysis.errors import MissingDataError
from analysis.inference import rate
from analysis.studies.classification.data import ACCEPTED, UNITS, Classification


def answers_by_kind(study: Classification) -> pd.DataFrame:
    """The number of items of each kind that people were asked about, and their answers.

    Columns: kind, n_items, n_asked (with five valid answers or more), n_answers (valid ones), yes (mean over items of
    the share of yes), low, high, interval, accepted (share of the asked items with at least 4 of 5), accepted_low,
    accepted_high, accepted_interval.

    Raises:
        MissingDataError: there are no answers.
    """
    judged = study.judged
    if not judged["n_answers"].any():
        raise MissingDataError("the dataset has no ratings")
    rows = []
    for kind, items in judged.groupby("kind", observed=True):
        answered, with_level = items.dropna(subset="share"), items.dropna(subset="level")
        yes = rate(answered["share"].to_numpy(np.float64), answered[list(UNITS)])
        accepted = rate(np.asarray(with_level["level"] >= ACCEPTED, np.float64), with_level[list(UNITS)])
        row = {"kind": str(kind), "n_items": len(items), "n_asked": len(with_level)}
        row |= {"n_answers": int(items["n_answers"].sum()), "yes": yes.estimate} | yes.columns()
        rows.append(row | {"accepted": accepted.estimate} | accepted.columns("accepted_"))
    return pd.DataFrame(rows)
