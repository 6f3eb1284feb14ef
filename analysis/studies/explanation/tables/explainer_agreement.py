"""Whether explainers of one decision say the same."""

import numpy as np
import pandas as pd

from analysis.errors import MissingDataError
from analysis.inference import jackknife, weighted_mean
from analysis.studies.explanation.data import BETWEEN, UNITS


def explainer_agreement(comparisons: pd.DataFrame) -> pd.DataFrame:
    """The likeness of the maps of every two explainers of one network.

    Columns: classifier, first, second, measure, n (pictures of which the measure is defined), mean, low, high,
    interval.

    Raises:
        MissingDataError: no batch compares explainers.
    """
    of_check = comparisons[comparisons["check"] == BETWEEN]
    rows = of_check[(of_check["explainer"] != of_check["other_explainer"]) & of_check["value"].notna()]
    if rows.empty:
        raise MissingDataError("no batch compares explainers with one another")
    lines = []
    for key, cell in rows.groupby(["classifier", "explainer", "other_explainer", "measure"], sort=False):
        interval = jackknife(weighted_mean(cell["value"].to_numpy(np.float64)), cell[UNITS])
        names = dict(zip(("classifier", "first", "second", "measure"), key, strict=True))
        lines.append({**names, "n": len(cell), "mean": interval.estimate, **interval.columns()})
    return pd.DataFrame(lines)
