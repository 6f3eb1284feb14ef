"""Power: the mistakes and raters that a rectified error of a wanted width takes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import special, stats

from analysis.errors import MissingDataError
from analysis.inference import CONFIDENCE, LEAST
from analysis.inference.rates import NEAR, clopper_pearson
from analysis.studies.classification.data import ACCEPTED, OF, Classification
from analysis.studies.classification.verdicts import Verdicts, top1_verdicts
from analysis.tables.power import deviation_of_few

WIDTHS = (0.01, 0.02, 0.05)
RATERS = (5, 10, 20)
MISTAKES = (10, 20, 40, 80)

_MOST_BATCHES = 100_000


@dataclass(frozen=True)
class Design:
    """The quantities that the rectified error of a classifier depends on, as a study shows them.

    n, mistakes: rows of a batch, and those of them with a mistake, on average. raw: the error by the label.
    yes, alike: the mean chance of yes to a mistake, and how much alike the answers to one are (0: as those to others,
        1: all the same); the chances follow a beta distribution.
    between: the variance of the rectified errors of batches in which every mistake is asked.
    """

    n: float
    mistakes: float
    raw: float
    yes: float
    alike: float
    between: float

    def accepted(self, raters: int) -> float:
        """The share of mistakes that at least 4 of 5 of so many raters say yes to."""
        enough = -(-ACCEPTED * raters // OF)
        if self.alike <= 0 or self.alike >= 1:
            return self.yes if self.alike >= 1 else float(stats.binom.sf(enough - 1, raters, self.yes))
        total = (1 - self.alike) / self.alike
        return float(stats.betabinom.sf(enough - 1, raters, self.yes * total, (1 - self.yes) * total))

    def rectified(self, raters: int) -> float:
        """The rectified error with so many raters of every mistake."""
        return self.raw * (1 - self.accepted(raters))

    def variance(self, asked: float, raters: int) -> float:
        """The variance of the rectified error of one batch in which so many mistakes are asked."""
        of_mistake = self.accepted(raters) * (1 - self.accepted(raters))
        return self.between + self.raw**2 * of_mistake * max(0.0, 1 / asked - 1 / self.mistakes)

    def width(self, batches: int, asked: float, raters: int) -> float:
        """The mean width of the report's 95 % interval (see `analysis.inference.rates.share_limits`)."""
        error, t = (self.rectified(raters), stats.t.ppf((1 + CONFIDENCE) / 2, batches - 1))
        deviation = np.sqrt(self.variance(asked, raters) / batches) * deviation_of_few(batches)
        if error <= 0 or deviation <= 0:
            return np.nan
        if error < NEAR or error > 1 - NEAR:
            reach = stats.norm.ppf((1 + CONFIDENCE) / 2) / t
            effective = np.asarray(min(error * (1 - error) * (reach / deviation) ** 2, batches * self.n))
            low, high = clopper_pearson(np.asarray(error), effective)
            return float(high - low)
        reach = t * deviation / (error * (1 - error))
        return float(special.expit(special.logit(error) + reach) - special.expit(special.logit(error) - reach))


def design_of(verdicts: Verdicts) -> Design | str:
    """The design that a study shows, or the reason why it shows none."""
    weighed = verdicts.weighed
    asked = weighed.groupby("unit")["level"].size()
    rows = verdicts.rows.groupby("unit").agg(n=("mistake", "size"), mistakes=("mistake", "sum"))
    both = rows.join(asked.rename("asked")).dropna()
    both = both[both["asked"] > 0]
    if len(both) < 2:
        return "fewer than 2 batches with mistakes that people were asked about"
    yes, alike = _answers(weighed["n_answers"].to_numpy(np.float64), weighed["n_yes"].to_numpy(np.float64))
    accepted = (weighed["level"] >= ACCEPTED).groupby(weighed["unit"]).mean().reindex(both.index)
    n = float(both["n"].mean())
    error = float((both["mistakes"] * (1 - accepted)).sum() / both["n"].sum())
    apart = (both["mistakes"] * (1 - accepted) - error * both["n"]) / n
    sampling = (both["mistakes"] / n) ** 2 * accepted * (1 - accepted) * (1 / both["asked"] - 1 / both["mistakes"])
    between = max(float(apart.var(ddof=1) - sampling.mean()), error * (1 - error) / n)
    return Design(
        n, float(both["mistakes"].mean()), float(both["mistakes"].sum() / both["n"].sum()), yes, alike, between
    )


def rectified_power(study: Classification, raters: Sequence[int] = RATERS) -> pd.DataFrame:
    """Batches, and so mistakes, that people must be asked about for a 95 % interval of the rectified top-1 error that
    is at most so wide on average.

    Every batch has other classes and other raters, each of whom rates all of its mistakes that are asked. What batches
    differ in, raters included, counts as in this study; where they come out as more alike than so many rows at random
    are, as that.

    Columns: classifier, raters (of each mistake), asked (mistakes of a batch; at most all), rectified (the error that
    so many raters are expected to leave), width, batches, mistakes (asked in all), ratings, reason.

    Raises:
        MissingDataError: no mistake was asked.
    """
    rows: list[dict[str, Any]] = []
    for name in study.classifiers:
        verdicts = top1_verdicts(study, name)
        design = design_of(verdicts) if len(verdicts.weighed) else ""
        if isinstance(design, str):
            rows += [{"classifier": name, "reason": design}] if design else []
            continue
        for asked in dict.fromkeys(min(float(n), design.mistakes) for n in MISTAKES):
            for n in raters:
                head = {"classifier": name, "raters": n, "asked": asked, "rectified": design.rectified(n)}
                rows += [head | {"width": width} | _needed(design, asked, n, width) for width in WIDTHS]
    if not rows:
        raise MissingDataError("no mistake has five valid answers")
    columns = ["classifier", "raters", "asked", "rectified", "width", "batches", "mistakes", "ratings", "reason"]
    return pd.DataFrame(rows, columns=columns)


def _answers(n: np.ndarray, yes: np.ndarray) -> tuple[float, float]:
    """The mean chance of yes, and the correlation of two answers to one mistake: by one-way analysis of variance."""
    total, items = n.sum(), len(n)
    mean = float(yes.sum() / total)
    if items < 2 or total <= items or mean in (0.0, 1.0):
        return mean, 0.0
    share = yes / n
    between = float((n * (share - mean) ** 2).sum() / (items - 1))
    within = float((n * share * (1 - share)).sum() / (total - items))
    size = float((total - (n**2).sum() / total) / (items - 1))
    return mean, float(np.clip((between - within) / (between + (size - 1) * within), 0.0, 1.0))


def _needed(design: Design, asked: float, raters: int, wanted: float) -> dict[str, Any]:
    """The fewest batches, by halving: the width falls with their number."""
    unknown = {"batches": np.nan, "mistakes": np.nan, "ratings": np.nan}
    if not np.isfinite(design.width(LEAST, asked, raters)):
        return unknown | {"reason": "no rectified error is left to be measured"}
    low, high = LEAST - 1, LEAST
    while design.width(high, asked, raters) > wanted:
        if high > _MOST_BATCHES:
            return unknown | {"reason": f"more than {_MOST_BATCHES} batches"}
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if design.width(middle, asked, raters) <= wanted else (middle, high)
    mistakes = float(np.ceil(high * asked - 1e-9))
    return {"batches": float(high), "mistakes": mistakes, "ratings": mistakes * raters, "reason": ""}
