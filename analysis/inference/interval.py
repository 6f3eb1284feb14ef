"""An interval, and how one follows from a figure and what it is without each batch."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special, stats

from analysis.inference.numbers import Numbers

CONFIDENCE = 0.95
"""The share of studies in which every interval is to hold the truth."""

LEAST = 3
"""Independent batches that an interval needs: with fewer, the coverage that `benchmarks.coverage` measures is off."""

TOO_FEW = "too few batches for an interval"
UNDEFINED = "not defined without one of the batches: no interval"


@dataclass(frozen=True)
class Interval:
    """A figure with its 95 % interval.

    estimate: the figure itself, of all rows.
    low, high: NaN where there is no interval; `note` says why.
    method: how the interval was made, such as "jackknife".
    n: independent batches that it was made from.
    note: why there is no interval, or "conservative" where it covers more than 95 %; else "".
    p: two-sided p value of the null hypothesis that was asked about; NaN where none was, or there is no interval.
    """

    estimate: float
    low: float
    high: float
    method: str
    n: int
    note: str = ""
    p: float = np.nan

    def columns(self, prefix: str = "") -> dict[str, Any]:
        """The cells `low`, `high` and `interval` (its method and batches, or why there is none) of a table's row."""
        return {f"{prefix}low": self.low, f"{prefix}high": self.high, f"{prefix}interval": self.words()}

    def words(self) -> str:
        """The method of the interval, or the reason for none: one cell of a table."""
        if not np.isfinite(self.low):
            return self.note
        return f"{self.method} of {self.n} batches" + (f", {self.note}" if self.note else "")


def together(**intervals: Interval) -> str:
    """The methods of a row's intervals, or the reasons for none: told once where they are the same for all."""
    words = {name.replace("_", " "): interval.words() for name, interval in intervals.items()}
    if len(set(words.values())) == 1:
        return next(iter(words.values()))
    return "; ".join(f"{name}: {text}" for name, text in words.items())


@dataclass(frozen=True)
class Scale:
    """A transformation to where a figure's error is nearly normal and of constant size, and back again.

    wide: whether leaving out one of g batches shows too little of the error, as it does of correlations of values that
        are mostly the same: its variance is then taken g / (g - 1) times.
    """

    name: str
    forth: Callable[[Numbers], Numbers]
    back: Callable[[Numbers], Numbers]
    wide: bool = False


def _same(values: Numbers) -> Numbers:
    return np.asarray(values, np.float64)


def _arcsine(values: Numbers) -> Numbers:
    rates: Numbers = np.arcsin(np.sqrt(values))
    return rates


def _from_arcsine(values: Numbers) -> Numbers:
    rates: Numbers = np.sin(np.clip(values, 0, np.pi / 2)) ** 2
    return rates


PLAIN = Scale("plain", _same, _same)
"""The scale of means."""
FISHER = Scale("Fisher's z", np.arctanh, np.tanh, wide=True)
"""The scale of correlations, and of all else between -1 and 1 (alpha, kappa)."""
LOGIT = Scale("logit", special.logit, special.expit)
"""The scale of rates and of areas under a curve."""
ARCSINE = Scale("arcsine", _arcsine, _from_arcsine)
"""A scale of rates that is defined at 0 and 1."""


def limits(
    estimate: Numbers, without: Numbers, scale: Scale = PLAIN, null: float = np.nan, freedom: float | None = None
) -> tuple[Numbers, Numbers, Numbers]:
    """Low, high and p of many figures at once, (...,): the delete-one-batch jackknife with Student's t.

    estimate: (...,). without: (..., g), each figure without one of g independent batches.
    scale: on which standard error and t distribution are taken.
    null: the figure whose p is asked for.
    freedom: degrees of freedom of the t distribution; g - 1 by default.

    NaN where the figure, or one of those without a batch, is not finite on the scale, or g is below 2.

    Source: B. Efron, C. Stein, "The jackknife estimate of variance", Annals of Statistics 9 (1981).
    """
    g = without.shape[-1]
    if g < 2:
        unknown = np.full(np.shape(estimate), np.nan)
        return unknown, unknown, unknown
    with np.errstate(divide="ignore", invalid="ignore"):
        center, others = scale.forth(np.asarray(estimate, np.float64)), scale.forth(without)
        squares = ((others - others.mean(axis=-1, keepdims=True)) ** 2).sum(axis=-1)
        error = np.sqrt(squares if scale.wide else (g - 1) / g * squares)
        error = np.where(np.isfinite(center), error, np.nan)
        return _around(center, error, g - 1 if freedom is None else freedom, scale, null)


def from_replicates(
    estimate: float,
    without: Numbers,
    scale: Scale = PLAIN,
    null: float = np.nan,
    least: int = LEAST,
    freedom: float | None = None,
) -> Interval:
    """The interval of a figure from what it is without each of g independent batches, (g,); see `limits`.

    For figures that are no function of weights: a model that is fit again, a mean over couples.
    """
    if len(without) < least:
        return without_interval(estimate, len(without))
    low, high, p = (float(value) for value in limits(np.asarray(estimate, np.float64), without, scale, null, freedom))
    if not np.isfinite(low):
        return without_interval(estimate, len(without), UNDEFINED)
    return Interval(float(estimate), low, high, "jackknife", len(without), p=p)


def without_interval(estimate: float, n: int, note: str = TOO_FEW) -> Interval:
    """A figure of n batches whose interval is not known, and why."""
    return Interval(float(estimate), np.nan, np.nan, "none", n, note)


def _around(
    center: Numbers, error: Numbers, freedom: float, scale: Scale, null: float
) -> tuple[Numbers, Numbers, Numbers]:
    reach = stats.t.ppf((1 + CONFIDENCE) / 2, freedom) * error
    p = 2 * stats.t.sf(np.abs(center - scale.forth(np.asarray(null, np.float64))) / error, freedom)
    return scale.back(center - reach), scale.back(center + reach), np.asarray(p, np.float64)
