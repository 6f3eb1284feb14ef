"""Differences between measures: which of two sees as people do."""

from collections.abc import Callable, Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from analysis.errors import MissingDataError
from analysis.inference import Numbers, holm, jackknife, weighted_pearson
from analysis.tables.answers import Answers

_LEAST_ITEMS = 3


def measure_differences(couples: Answers, measures: Sequence[str]) -> pd.DataFrame:
    """The difference of every two measures in how closely they go with the likeness that people see.

    couples: the answers about items that show two maps.

    Columns: first, second, n (items of which both are defined), first_correlation, second_correlation (Pearson's with
    the mean likeness), difference (of their sizes; above 0 the first is closer to people), low, high, interval, p,
    p_holm (all couples are one family).

    Raises:
        MissingDataError: nobody rated, or no two measures are defined.
    """
    joined = couples.joined()
    mean = joined.groupby(couples.key)["likeness"].mean()
    items = couples.items.assign(likeness=couples.items[couples.key].map(mean))
    lines = []
    for first, second in combinations(measures, 2):
        cases = items.dropna(subset=["likeness", first, second])
        if len(cases) < _LEAST_ITEMS:
            continue
        people, *both = (cases[name].to_numpy(np.float64) for name in ("likeness", first, second))
        interval = jackknife(closer(people, *both), cases[list(couples.units)], null=0.0)
        values = [float(weighted_pearson(each, people)(np.ones((1, len(cases))))[0]) for each in both]
        names = {"first": first, "second": second, "n": len(cases)}
        correlations = {"first_correlation": values[0], "second_correlation": values[1]}
        lines.append(names | correlations | {"difference": interval.estimate, **interval.columns(), "p": interval.p})
    if not lines:
        raise MissingDataError("no two measures are defined of items that people rated")
    table = pd.DataFrame(lines)
    return table.assign(p_holm=holm(table["p"].to_numpy(np.float64)))


def closer(people: Numbers, first: Numbers, second: Numbers) -> Callable[[Numbers], Numbers]:
    """The excess of the size of the correlation of (n,) people with first over that with second, as a statistic of
    weights (r, n).
    """
    of_first, of_second = weighted_pearson(first, people), weighted_pearson(second, people)
    return lambda weights: np.abs(of_first(weights)) - np.abs(of_second(weights))
