"""Whether answers change while people rate: by the place of an item in a person's order."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from analysis.errors import MissingDataError
from analysis.inference import PLAIN, Numbers, from_replicates, independent, left_out, without_interval
from analysis.inference.units import Codes
from analysis.tables.answers import Answers

HUNDRED = 100
"""A slope is stated per hundred items."""


def drift(answers: Answers, position: str = "position", times: str = "response_time_ms") -> pd.DataFrame:
    """The change of each answer, and of the time that it takes, per hundred items that a person has rated.

    A slope within persons and items: the answer and the position, each less its mean over the person and over the item
    (least squares with both as fixed effects), so that neither the order of the items nor who came far counts. The time
    is that of log2 of the milliseconds: -1 is half the time after a hundred items.

    position: the column of the ratings with the item's place in the person's order, from 0.
    times: the column of the ratings with the time for the answer in milliseconds.

    Columns: figure (a question, an option of one, or "log2 time"), n (answers), slope (per hundred items), low, high,
    interval, p (that there is no drift), reason.

    Raises:
        MissingDataError: the ratings have no position.
    """
    joined, key, units = with_columns(answers, position, times), answers.key, answers.units
    if position not in joined or joined[position].nunique() < 2:
        raise MissingDataError(f"the ratings do not say in which order the {answers.item.plural} were shown")
    columns = {figure: numbers for figure, _, numbers in answers.figures(joined)}
    if times in joined:
        milliseconds = joined[times].astype("Float64").to_numpy(np.float64, na_value=np.nan)
        columns["log2 time"] = pd.Series(np.log2(np.where(milliseconds > 0, milliseconds, np.nan)), joined.index)
    rows = []
    for figure, values in columns.items():
        cases = joined.assign(value=values.to_numpy(np.float64, na_value=np.nan)).dropna(subset=["value", position])
        order = cases[position].to_numpy(np.float64) / HUNDRED
        line = slope_within(cases, key, order, units, "every item was shown at one place")
        rows.append({"figure": figure, "n": len(cases)} | line)
    return pd.DataFrame(rows)


def with_columns(answers: Answers, *columns: str) -> pd.DataFrame:
    """The rows of `answers.joined`, with further columns of its ratings, those that are there."""
    there = [column for column in columns if column in answers.ratings]
    has_item = answers.ratings[answers.key].isin(answers.items[answers.key])
    return answers.joined().assign(**{column: answers.ratings.loc[has_item, column].to_numpy() for column in there})


def slope_within(cases: pd.DataFrame, key: str, of: Numbers, units: Sequence[str], alike: str) -> dict[str, Any]:
    """The slope of the column `value` on `of`, (n,), within persons and items, with its interval.

    alike: the reason for there being none where `of` does not differ within persons and items.
    """
    unknown = {"slope": np.nan} | without_interval(np.nan, 0).columns() | {"p": np.nan}
    if len(cases) < 3 or cases["value"].nunique() < 2:
        return unknown | {"reason": "fewer than 3 answers, or all the same"}
    people, places = (pd.factorize(cases[column])[0] for column in ("participant_id", key))
    x, y = _within(of, people, places), _within(cases["value"].to_numpy(np.float64), people, places)
    if not (x**2).sum() > 1e-9 * len(x):
        return unknown | {"reason": alike}
    return _line(x, y, left_out(independent(cases[[*units, "participant_id"]])))


def _line(x: Numbers, y: Numbers, batches: Codes) -> dict[str, Any]:
    """The slope of y on x through 0, and its interval; persons and items lie within batches, so that means over them
    stay what they are without another batch.
    """
    xx, xy = (np.bincount(batches, products) for products in (x * x, x * y))
    with np.errstate(invalid="ignore", divide="ignore"):
        without: Numbers = (xy.sum() - xy) / (xx.sum() - xx)
    interval = from_replicates(float(xy.sum() / xx.sum()), without, PLAIN, null=0.0)
    return {"slope": interval.estimate} | interval.columns() | {"p": interval.p, "reason": ""}


def _within(values: Numbers, *groups: Codes) -> Numbers:
    """The values less the means of crossed groups, by alternating projections until nothing changes."""
    rest: Numbers = values - values.mean()
    for _ in range(200):
        before = rest
        for codes in groups:
            rest = rest - (np.bincount(codes, rest) / np.bincount(codes))[codes]
        if np.abs(rest - before).max() <= 1e-10 * max(np.abs(values).max(), 1e-12):
            break
    return rest


def time_by_distance(answers: Answers, margins: Sequence[str], times: str = "response_time_ms") -> pd.DataFrame:
    """Whether people take longer over items that are near a model's threshold.

    The slope of a person's log2 time on how far an item is from the threshold, within persons: below 0 the items near
    it take longer, as they do where people hesitate where the model does.

    margins: columns of the items with a model's distance from its own threshold, in size; in standard deviations here.

    Columns: model (the column's name), n (answers), slope (doublings of the time per standard deviation of the
    distance), low, high, interval, p, reason.

    Raises:
        MissingDataError: the ratings have no times, or there is no model with a threshold.
    """
    if not margins:
        raise MissingDataError("the dataset has no model with a threshold")
    joined = with_columns(answers, times).join(answers.items.set_index(answers.key)[list(margins)], on=answers.key)
    if times not in joined or not (joined[times] > 0).any():
        raise MissingDataError("the ratings do not say how long an answer took")
    joined = joined[joined[times] > 0]
    rows = []
    for name in margins:
        cases = joined[joined[name].notna()]
        logarithms = np.log2(cases[times].to_numpy(np.float64))
        margin = cases[name].to_numpy(np.float64)
        rows.append({"model": name, "n": len(cases)} | _within_persons(cases, logarithms, margin, answers.units))
    return pd.DataFrame(rows)


def _within_persons(cases: pd.DataFrame, times: Numbers, margin: Numbers, units: Sequence[str]) -> dict[str, Any]:
    unknown = {"slope": np.nan} | without_interval(np.nan, 0).columns() | {"p": np.nan}
    if len(cases) < 3 or np.ptp(margin) == 0 or np.ptp(times) == 0:
        return unknown | {"reason": "fewer than 3 answers, or all times or distances are the same"}
    people = pd.factorize(cases["participant_id"])[0]
    x, y = _within(margin / margin.std(), people), _within(times, people)
    return _line(x, y, left_out(independent(cases[[*units, "participant_id"]])))
