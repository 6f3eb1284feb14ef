"""The noise ceiling: how well any model could go with people, given how far people go with one another."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.errors import MissingDataError
from analysis.inference import (
    FISHER,
    PLAIN,
    Numbers,
    Scale,
    from_replicates,
    independent,
    left_out,
    weighted_pearson,
    without_interval,
)
from analysis.inference.units import Codes
from analysis.tables.answers import Answers
from analysis.tables.deciders import ALL

SPLITS, SEED = 50, 0
"""Random halves of the raters of every item; their mean is taken."""

_LEAST_ITEMS = 3


def noise_ceiling(answers: Answers, measures: Mapping[str, str]) -> pd.DataFrame:
    """Correlations of models with people beside the largest that the noise of people's answers lets any model reach.

    Two ceilings, each for one correlation:

    - split half: the raters of each batch are parted at random, 50 times (seed 0); the mean correlation r of the two
      halves' means gives the reliability of all raters' mean by Spearman and Brown, 2 r / (1 + r). A model that knew
      the true value of every item would correlate with the raters' mean by its root. `correlation` is that of the
      measure with the mean of all raters.
    - leave one out: the mean over raters of the correlation of their answers with the mean of the others who rated the
      same items. It is held against `single`, the mean over raters of the correlation of the measure with their
      answers.

    measures: the column of the items with each model's score. Every option of a choice is a question of its own:
        whether it was chosen.

    Columns: condition ("all", or a value of the answers' condition), question, measure ("people": the ceilings
    themselves), n (items), correlation, split_half, share (correlation / split_half, in size), single, leave_one_out,
    single_share, each of these four with its interval (`share_low`, `share_high`, ...), low, high, interval (of
    `correlation`; in the row of people, of `split_half`), reason.

    Raises:
        MissingDataError: no item has answers of two raters.
    """
    rows: list[dict[str, Any]] = []
    joined = answers.joined()
    for question, _, numbers in answers.figures(joined):
        matrix = Matrix.of(answers, joined.assign(answer=numbers))
        for name, there in _conditions(matrix.items, answers.condition):
            rows += [{"condition": name, "question": question} | row for row in matrix.among(there).rows(measures)]
    if not any(np.isfinite(row["split_half"]) for row in rows):
        raise MissingDataError(f"no {answers.item.singular} has answers of two raters")
    return pd.DataFrame(rows)


class Matrix:
    """Items, the answers of people to one question (people, items), and what each item is without every batch."""

    def __init__(self, items: pd.DataFrame, people: Numbers, batches: Codes) -> None:
        self.items, self.people, self.batches = items, people, batches
        self._there = np.isfinite(people)

    @classmethod
    def of(cls, answers: Answers, joined: pd.DataFrame) -> "Matrix":
        """The items with answers of two people or more; joined: rows with the column `answer`."""
        items, key = answers.items, answers.key
        rows = joined.dropna(subset="answer").drop_duplicates(["participant_id", key])
        counts = rows.groupby(key).size()
        items = items[items[key].isin(counts.index[counts >= 2])].reset_index(drop=True)
        wide = rows[rows[key].isin(items[key])].pivot(index="participant_id", columns=key, values="answer")
        batches = left_out(independent(items[list(answers.units)]))
        return cls(items, wide.reindex(columns=items[key]).to_numpy(np.float64), batches)

    def among(self, rows: npt.NDArray[np.bool_]) -> "Matrix":
        """The same on some of the items, with those alone who rated one of them."""
        there = self.people[:, rows]
        return Matrix(
            self.items[rows].reset_index(drop=True), there[np.isfinite(there).any(axis=1)], self.batches[rows]
        )

    def rows(self, measures: Mapping[str, str]) -> list[dict[str, Any]]:
        """A row for the ceilings, then one a measure."""
        weights = self._weights()
        ceiling, loo = self._split_half(weights), self._of_raters(weights, self._others())
        of_loo = {"leave_one_out": loo[0]} | _limits(loo, FISHER, "leave_one_out")
        mean = _mean(self.people)
        first = {"measure": "people", "n": len(self.items), "split_half": ceiling[0]} | of_loo
        lines = [first | _interval(ceiling, FISHER) | {"reason": _reason(ceiling[0], len(self.items))}]
        for name, column in measures.items():
            score = self.items[column].to_numpy(np.float64, na_value=np.nan)
            r = _weighted(score, mean, weights)
            single = self._of_raters(weights, np.broadcast_to(score, self.people.shape))
            row = {"measure": name, "n": int(np.isfinite(score).sum()), "correlation": r[0], "split_half": ceiling[0]}
            row |= {"single": single[0]} | _limits(single, FISHER, "single") | of_loo
            for prefix, shares in {"share": np.abs(r) / ceiling, "single_share": _shares(single, loo)}.items():
                row |= {prefix: shares[0]} | _limits(shares, PLAIN, prefix)
            lines.append(row | _interval(r, FISHER) | {"reason": _reason(r[0] * ceiling[0], len(self.items))})
        order = ["measure", "n", "correlation", "split_half"]
        for figure in ("share", "single", "leave_one_out", "single_share"):
            order += [figure, f"{figure}_low", f"{figure}_high"]
        order += ["low", "high", "interval", "reason"]
        return [{column: row.get(column, np.nan) for column in order} for row in lines]

    def _weights(self) -> Numbers:
        """(1 + batches, items): all items, then all without each batch."""
        there = np.unique(self.batches)
        return np.concatenate([np.ones((1, len(self.batches))), self.batches[None, :] != there[:, None]])

    def _split_half(self, weights: Numbers) -> Numbers:
        """(r,), the root of the reliability of the mean of all raters; NaN where the halves do not go together."""
        rng = np.random.default_rng(SEED)
        correlations = []
        for _ in range(SPLITS):
            first = _half(self._there, rng.random(len(self.people)))
            halves = [_mean(np.where(side, self.people, np.nan)) for side in (first, self._there & ~first)]
            correlations.append(_weighted(halves[0], halves[1], weights))
        r = np.mean(correlations, axis=0)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(r > 0, np.sqrt(2 * r / (1 + r)), np.nan)

    def _others(self) -> Numbers:
        """(people, items), the mean of all others who rated the item."""
        n, total = self._there.sum(axis=0), np.nansum(self.people, axis=0)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray((total - self.people) / (n - 1), np.float64)

    def _of_raters(self, weights: Numbers, with_what: Numbers) -> Numbers:
        """(r,), the mean over raters of the correlation of their answers with something, (people, items)."""
        places = {batch: 1 + place for place, batch in enumerate(np.unique(self.batches))}
        correlations = np.empty((len(self.people), len(weights)))
        for row, own, other, there in zip(correlations, self.people, with_what, self._there, strict=True):
            changed = [0, *(places[batch] for batch in np.unique(self.batches[there]))]
            values = _weighted(own, other, weights[changed])
            row[:] = values[0]  # without a batch of which they rated nothing it stays what it is
            row[changed] = values
        defined = np.isfinite(correlations)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(np.where(defined, correlations, 0).sum(axis=0) / defined.sum(axis=0), np.float64)


def _conditions(items: pd.DataFrame, column: str | None) -> Iterator[tuple[str, npt.NDArray[np.bool_]]]:
    yield ALL, np.ones(len(items), np.bool_)
    if column is not None:
        for value in dict.fromkeys(items[column].dropna().sort_values()):
            yield str(value), (items[column] == value).to_numpy(np.bool_)


def _half(there: npt.NDArray[np.bool_], order_of: Numbers) -> npt.NDArray[np.bool_]:
    """(people, items), half of those who rated each item, rounded down: the ones with the smallest numbers drawn."""
    order = np.argsort(order_of)
    count = there[order].cumsum(axis=0, dtype=np.int32)
    first = np.empty_like(there)
    first[order] = there[order] & (count <= count[-1:] // 2)
    return first


def _mean(answers: Numbers) -> Numbers:
    """(items,), the mean over people (people, items) who answered; NaN where nobody did."""
    n = np.isfinite(answers).sum(axis=0)
    return np.where(n > 0, np.nansum(answers, axis=0) / np.maximum(n, 1), np.nan)


def _weighted(x: Numbers, y: Numbers, weights: Numbers) -> Numbers:
    """(r,), the correlation of the items that have both, by weights (r, items); NaN with fewer than 3."""
    mask = np.isfinite(x) & np.isfinite(y)
    if mask.sum() < _LEAST_ITEMS:
        return np.full(len(weights), np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        return weighted_pearson(x[mask], y[mask])(weights[:, mask])


def _shares(single: Numbers, loo: Numbers) -> Numbers:
    """(r,), the share of the ceiling that a correlation with single raters is; NaN where the ceiling is not above 0."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(loo > 0, np.abs(single) / loo, np.nan)


def _limits(values: Numbers, scale: Scale, prefix: str) -> dict[str, float]:
    interval = from_replicates(float(values[0]), values[1:], scale)
    return {f"{prefix}_low": interval.low, f"{prefix}_high": interval.high}


def _interval(values: Numbers, scale: Scale) -> dict[str, Any]:
    if not np.isfinite(values[0]):
        return without_interval(np.nan, 0, "not defined").columns()
    return from_replicates(float(values[0]), values[1:], scale).columns()


def _reason(value: float, n: int) -> str:
    if np.isfinite(value):
        return ""
    if n < _LEAST_ITEMS:
        return f"{n} items with answers of two raters"
    return "the halves of the raters do not go together, or answers or scores are all the same"
