"""A bootstrap that draws whole clusters."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.frames import Numbers

ALPHA = 0.05
REPLICATES = 2000
SEED = 0

_MOST_WEIGHTS = 2_000_000
"""That are in memory at a time."""


def bootstrap(
    statistic: Callable[[Numbers], Numbers],
    clusters: "npt.ArrayLike | pd.Series[str]",
    replicates: int = REPLICATES,
    seed: int = SEED,
) -> tuple[float, float]:
    """Percentile interval of a statistic of n rows, of which whole clusters are drawn with replacement.

    statistic: from weights (r, n), how often each of n rows was drawn in each of r replicates, to values (r,).
    clusters: (n,), the cluster of each row.

    NaN where there are fewer than two clusters, or the statistic is NaN in more than half of the replicates.
    """
    codes, found = pd.factorize(np.asarray(clusters))
    if len(found) < 2:
        return np.nan, np.nan
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(len(found), np.full(len(found), 1 / len(found)), size=replicates)
    step = max(1, _MOST_WEIGHTS // len(codes))
    parts = [statistic(drawn[start : start + step, codes].astype(np.float64)) for start in range(0, replicates, step)]
    values = np.concatenate(parts)
    values = values[np.isfinite(values)]
    if len(values) < replicates / 2:
        return np.nan, np.nan
    low, high = np.quantile(values, [ALPHA / 2, 1 - ALPHA / 2])
    return float(low), float(high)
