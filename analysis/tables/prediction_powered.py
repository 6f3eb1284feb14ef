"""Means over all items, from people's answers to some and models' scores of all: prediction-powered inference."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.errors import MissingDataError
from analysis.frames import Column
from analysis.inference import Interval, Numbers, jackknife, stratified, weighted_mean
from analysis.questions import Question
from analysis.tables.answers import Answers
from analysis.tables.deciders import ALL


def prediction_powered(answers: Answers, measures: Mapping[str, str]) -> pd.DataFrame:
    """The mean answer over all items that a model scored, where people rated some of their batches alone.

    The mean of the rated items is corrected by how far the model's scores of the others differ from those of the rated
    ones, times the slope with which answers follow scores (`weight`; 0 for scores that say nothing, which leaves the
    mean as it is). Any score will do, for nothing is taken on trust: what the model gets wrong of rated items widens
    the interval. Whoever was asked to rate must not have chosen the batches by what is in them.

    An item's answer is the mean of its raters'. Intervals leave out one batch after the other, of those that were rated
    and of the others in turn; the slope is estimated anew each time. `saved` is how many more ratings, of further
    batches like these, the mean of answers alone would need for an interval as narrow as this one; below 0 where the
    score is of no use.

    measures: the column of the items with each model's score. Every option of a choice is a question of its own:
        whether it was chosen.

    Columns: condition ("all", or a value of the answers' condition), question, measure, n_items (with a score), n_rated
    (of them), n_ratings, mean (of the rated items), mean_low, mean_high, weight, value, low, high, interval, saved,
    reason.

    Raises:
        MissingDataError: people rated every item that a model scored, or no model scored one.

    Source: A. N. Angelopoulos, J. C. Duchi, T. Zrnic, "PPI++: Efficient prediction-powered inference" (2023), equation
    2 and section 6, for means.
    """
    rows: list[dict[str, Any]] = []
    joined = answers.joined()
    for figure, question, numbers in answers.figures(joined):
        by_item, items = numbers.groupby(joined[answers.key]), _asked(answers, question)
        items = items.assign(
            answer=items[answers.key].map(by_item.mean()),
            n_ratings=items[answers.key].map(by_item.count()).fillna(0),
        )
        for condition, of in _conditions(items, answers.condition):
            for name, column in measures.items():
                scored = of[of[column].notna()]
                if scored["answer"].isna().any() and scored["answer"].notna().any():
                    head = {"condition": condition, "question": figure, "measure": name}
                    rows.append(head | _row(scored, scored[column], answers.units))
    if not rows:
        raise MissingDataError(f"people rated every {answers.item.singular} that a model scored, or none")
    return pd.DataFrame(rows)


def partly_rated(answers: Answers, measures: Mapping[str, str]) -> bool:
    """Whether people answered some question of some, and not all, of the items that some measure has a score of."""
    for question in answers.questions:
        items = _asked(answers, question)
        has_answer = items[answers.key].isin(_answered(answers, question))
        if any(has_answer[items[column].notna()].nunique() == 2 for column in measures.values()):
            return True
    return False


def _answered(answers: Answers, question: Question) -> Column:
    """The items of the answers to a question."""
    return answers.ratings.loc[answers.ratings[question.name].notna(), answers.key]


def _asked(answers: Answers, question: Question) -> pd.DataFrame:
    """The items of the tasks in which a question was answered; all where there is one task."""
    items = answers.items
    if "task" not in items:
        return items
    tasks = items.loc[items[answers.key].isin(_answered(answers, question)), "task"]
    return items[items["task"].isin(tasks)]


def powered_mean(answer: Numbers, score: Numbers) -> Callable[[Numbers], Numbers]:
    """The prediction-powered mean as a statistic of weights (r, n); see `slope`.

    answer: (n,), NaN where nobody rated. score: (n,), of all.
    """
    has_answer, mask = np.isfinite(answer), np.nan_to_num(answer)

    def mean(weights: Numbers) -> Numbers:
        of_rated, of_others = weights * has_answer, weights * ~has_answer
        n, others = of_rated.sum(axis=1), of_others.sum(axis=1)
        moved = of_others @ score / others - of_rated @ score / n
        return np.asarray(of_rated @ mask / n + slope(answer, score, weights) * moved, np.float64)

    return mean


def slope(answer: Numbers, score: Numbers, weights: Numbers) -> Numbers:
    """The weight of the scores (r,) with which the mean varies least (power tuning; the source's section 6).

    It is Cov(answer, score) / ((1 + n / N) Var(score)) for n rated items and N others; 0 where all scores are the same.
    """
    has_answer, mask = np.isfinite(answer), np.nan_to_num(answer)
    of_rated = weights * has_answer
    n, total = of_rated.sum(axis=1), weights.sum(axis=1)
    covariance = of_rated @ (mask * score) / n - (of_rated @ mask) * (of_rated @ score) / n**2
    variance = weights @ score**2 / total - (weights @ score / total) ** 2
    apart = variance > 1e-12
    tuned = covariance / (np.where(apart, variance, 1) * (1 + n / (total - n)))
    return np.where(apart, tuned, 0.0)


def _conditions(items: pd.DataFrame, column: str | None) -> Iterator[tuple[str, pd.DataFrame]]:
    yield ALL, items
    if column is not None:
        yield from ((str(value), of) for value, of in items.groupby(column, observed=True))


def _row(scored: pd.DataFrame, score: Column, units: tuple[str, ...]) -> dict[str, Any]:
    answer, scores = scored["answer"].to_numpy(np.float64), score.to_numpy(np.float64)
    has_answer: npt.NDArray[np.bool_] = np.isfinite(answer)
    there = scored[list(units)]
    with np.errstate(invalid="ignore", divide="ignore"):
        alone = jackknife(weighted_mean(answer[has_answer]), there[has_answer])
        powered = stratified(powered_mean(answer, scores), there, has_answer)
        weight = float(slope(answer, scores, np.ones((1, len(answer))))[0])
    n_ratings = int(scored["n_ratings"].sum())
    counts = {"n_items": len(scored), "n_rated": int(has_answer.sum()), "n_ratings": n_ratings}
    means = {"mean": alone.estimate, "mean_low": alone.low, "mean_high": alone.high, "weight": weight}
    saved = n_ratings * (_width(alone) ** 2 / _width(powered) ** 2 - 1)
    reason = powered.words() if np.isnan(powered.low) else ""
    return counts | means | {"value": powered.estimate} | powered.columns() | {"saved": saved, "reason": reason}


def _width(interval: Interval) -> float:
    return interval.high - interval.low
