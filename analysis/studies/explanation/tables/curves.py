"""Whether an explanation hangs on what the network has learned."""

from typing import Any

import numpy as np
import pandas as pd

from analysis.errors import MissingDataError
from analysis.inference import independent, jackknife, weighted_mean
from analysis.studies.explanation.data import REPLACED, UNITS

_BY = ["check", "classifier", "explainer", "measure", "place"]
_NETWORK = ["check", "classifier", "place"]


def curves(comparisons: pd.DataFrame, sanity: pd.DataFrame) -> pd.DataFrame:
    """The likeness of the maps of a network to those of one that took its place, layer by layer.

    Columns: check, classifier, explainer, measure, place (of the layer, from the output, which is 1; 0 of permuted
    labels), layer, n (pictures of which the measure is defined), pictures, batches, mean, low, high, interval,
    same_class (the share of pictures to which that network gives the same class).

    Raises:
        MissingDataError: no network was replaced.
    """
    control = (comparisons["first_map"] == comparisons["second_map"]) & comparisons["item_id"].notna()
    rows = comparisons[comparisons["check"].isin(REPLACED) & ~control]
    if rows.empty:
        raise MissingDataError("no batch compares a network with one that took its place")
    same = sanity.groupby(_NETWORK)["same_class"].mean().to_dict()
    lines = []
    for key, cell in rows.groupby(_BY, sort=False):
        named = dict(zip(_BY, key, strict=True))
        network = tuple(named[name] for name in _NETWORK)
        lines.append(named | {"layer": cell["layer"].iloc[0], **_mean(cell), "same_class": same[network]})
    return pd.DataFrame(lines)


def _mean(cell: pd.DataFrame) -> dict[str, Any]:
    """The mean of the defined values with its interval; batches are independent, whose weights were drawn apart."""
    cases = cell[cell["value"].notna()]
    values = cases["value"].to_numpy(np.float64)
    counted = {"n": len(cases), "pictures": len(cell)}
    if not len(cases):
        return counted | {"batches": 0, "mean": np.nan, "low": np.nan, "high": np.nan, "interval": "no picture"}
    interval = jackknife(weighted_mean(values), cases[UNITS])
    batches = int(independent(cases[UNITS]).max()) + 1
    return counted | {"batches": batches, "mean": interval.estimate, **interval.columns()}
