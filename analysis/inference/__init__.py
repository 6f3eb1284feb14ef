"""Intervals for figures of data whose rows depend on one another.

Rows depend on one another where they share a unit: a batch, an image, a rater, a trained model. Whoever makes a table
names the columns with its units; nothing here knows what they are. Rows that share a unit, directly or through others,
are one *batch*, and batches are independent. An interval leaves out one batch after the other (`jackknife`, `rate`);
where there are too few of them, the result says so instead of giving an interval.

`benchmarks.coverage` measures how often the intervals hold the truth in studies like ours.
"""

from analysis.inference.interval import (
    ARCSINE,
    CONFIDENCE,
    FISHER,
    LEAST,
    LOGIT,
    PLAIN,
    TOO_FEW,
    Interval,
    Scale,
    from_replicates,
    limits,
    together,
    without_interval,
)
from analysis.inference.multiplicity import holm
from analysis.inference.numbers import Numbers
from analysis.inference.peak import peak
from analysis.inference.rates import rate, rate_from_replicates, wilson
from analysis.inference.replicates import crossed, jackknife, stratified
from analysis.inference.spread import chance_spread, spread
from analysis.inference.statistics import (
    weighted_auc,
    weighted_mean,
    weighted_pearson,
    weighted_ranks,
    weighted_spearman,
)
from analysis.inference.units import independent, left_out

__all__ = [
    "ARCSINE",
    "CONFIDENCE",
    "FISHER",
    "LEAST",
    "LOGIT",
    "PLAIN",
    "TOO_FEW",
    "Interval",
    "Numbers",
    "Scale",
    "chance_spread",
    "crossed",
    "from_replicates",
    "holm",
    "independent",
    "jackknife",
    "left_out",
    "limits",
    "peak",
    "rate",
    "rate_from_replicates",
    "spread",
    "stratified",
    "together",
    "weighted_auc",
    "weighted_mean",
    "weighted_pearson",
    "weighted_ranks",
    "weighted_spearman",
    "wilson",
    "without_interval",
]
