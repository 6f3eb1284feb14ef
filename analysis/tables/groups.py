"""Figures by group: of participants, of images, of items; and what is said of the answers of each group."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, assert_never

import numpy as np
import pandas as pd

from analysis import frames
from analysis.errors import AnalysisError, MissingDataError
from analysis.frames import Column, Table
from analysis.inference import Interval, Numbers, chance_spread, jackknife, spread, weighted_mean
from analysis.inference import rate as rate_interval
from analysis.questions import Choice, Question, Scale, YesNo, figures_of
from analysis.tables.answers import Answers

SMALLEST = 30
LEAST_PEOPLE = 5
"""Persons in a group: one person, or two, are no group, and a rate of theirs would be known of them."""
OTHERS = "other (merged)"

PERSON = "participant_id"

_MOST_NUMBERS = 10
"""Numbers with more different values are cut at their terciles."""

_MOST_GROUPS = 20

_DIFFERENCE = ("difference", "difference_low", "difference_high", "difference_interval", "chance_difference", "p")


class Measured(NamedTuple):
    """Rows that have figures, such as answers or decisions.

    rows: the column `key` (the id of whom or what the row is about) and the units of dependence.
    figures: by name the number of each row, NaN where the figure is not about it.
    """

    rows: pd.DataFrame
    figures: Mapping[str, Column]


class Grouping(NamedTuple):
    """A column by which rows are grouped.

    name: of the column. key: the id that it is about: participant_id, image_id or that of an item. values: by this id.
    """

    name: str
    key: str
    values: Column


def grouping_of(table: Table, name: str, ids: Sequence[str]) -> Grouping:
    """The grouping by the column `name` of a table that has a row for each of one of the `ids`.

    Raises:
        AnalysisError: the table has no such columns.
    """
    table = frames.frame(table)
    key = next((each for each in (PERSON, *ids) if each in table), None)
    if key is None or name not in table:
        raise AnalysisError(
            f"grouping {name!r}: the table needs this column and an id of participants, images or {_items(ids)}"
        )
    return Grouping(name, key, table.drop_duplicates(key).set_index(key)[name])


def figures_by_group(
    grouping: Grouping,
    measured: Mapping[str, Measured],
    of: str,
    figure: str,
    units: Sequence[str],
    smallest: int = SMALLEST,
    least_people: int = LEAST_PEOPLE,
) -> pd.DataFrame:
    """The mean of every figure by group.

    measured: the rows of each of several models, or questions. of: what these are, a column's name. figure: what a
        figure is, a column's name. units: columns of the rows with the units of dependence.

    Numbers with more than 10 different values, or with fewer than `smallest` rows a value, are cut at their terciles
    over the ids that have rows, and named by the smallest and the largest value of each part. Groups with fewer than
    `smallest` rows or, of participants, fewer than `least_people` persons, and all but the 20 largest, are merged into
    "other (merged)"; what has no group is left out.

    Columns: grouping, group, merged (whether it is made of small ones), `of`, `figure`, n (rows that it is of), n_units
    (ids that they are of), value, low, high, interval (how it was made, or why there is none), difference (largest
    minus smallest over groups, above 0 by chance alone) with difference_low, difference_high, difference_interval,
    chance_difference (what it exceeds in 5 % of permutations of ids within their batch) and p (of no difference, by the
    same permutations; NaN where no two groups share a batch), ratio (smallest by largest), reason.

    Raises:
        MissingDataError: fewer than two groups are left.
    """
    there = {identifier for each in measured.values() for identifier in each.rows["key"]}
    values = grouping.values
    most = min(_MOST_NUMBERS, max((len(each.rows) for each in measured.values()), default=0) // smallest)
    group_of = group_labels(values[values.index.isin(there)], most)
    order = list(dict.fromkeys([*group_of, OTHERS]))
    least = {"n": smallest, "keys": least_people if grouping.key == PERSON else 1}
    lines: list[dict[str, Any]] = []
    for name, each in measured.items():
        labels, merged = _merged(each.rows["key"].map(group_of), each.rows["key"], least)
        rows = each.rows.assign(group=labels).dropna(subset="group")
        if rows["group"].nunique() >= 2:
            groups = [group for group in order if group in set(rows["group"])]
            for column, numbers in each.figures.items():
                counted = rows.assign(value=numbers.loc[rows.index]).dropna(subset="value")
                for row in _by_group(counted, groups, units):
                    head = {"grouping": grouping.name, of: name, figure: column}
                    lines.append(head | row | {"merged": merged and row["group"] == OTHERS})
    if not lines:
        people = f" and {least_people} participants" if grouping.key == PERSON else ""
        raise MissingDataError(f"{grouping.name}: fewer than two groups of {smallest}{people}")
    columns = ["grouping", "group", "merged", of, figure, "n", "n_units", "value", "low", "high", "interval"]
    return pd.DataFrame(lines)[[*columns, *_DIFFERENCE, "ratio", "reason"]]


def answers_by_group(
    answers: Answers,
    table: Table,
    name: str,
    smallest: int = SMALLEST,
    least_people: int = LEAST_PEOPLE,
) -> pd.DataFrame:
    """The answers of a column's groups: see `figures_by_group`, with the columns question and figure.

    Figures: the mean of numbers, the share of yes, the share of every option of a choice. An image's group is that of
    the items that name it in a column image_id.

    Raises:
        AnalysisError: `table` has no such columns.
        MissingDataError: fewer than two groups are left, or there are no ratings.
    """
    ids = [answers.key, *(["image_id"] if "image_id" in answers.items else [])]
    grouping = grouping_of(table, name, ids)
    joined = answers.joined()
    key = joined[answers.key]
    if grouping.key == "image_id":
        key = key.map(answers.items.set_index(answers.key)["image_id"])
    rows = joined.assign(key=joined[PERSON] if grouping.key == PERSON else key)
    measured = {question.name: _measured(question, rows, answers.units) for question in answers.questions}
    return figures_by_group(grouping, measured, "question", "figure", answers.units, smallest, least_people)


def _measured(question: Question, rows: pd.DataFrame, units: Sequence[str]) -> Measured:
    numbers = figures_of(question, rows[question.name])
    match question:
        case Scale():
            figures = {"mean": numbers[question.name]}
        case YesNo():
            figures = {"yes": numbers[question.name]}
        case Choice():
            figures = {name.removeprefix(f"{question.name}: "): column for name, column in numbers.items()}
        case _:
            assert_never(question)
    return Measured(rows.loc[rows[question.name].notna(), ["key", *units]], figures)


def _items(ids: Sequence[str]) -> str:
    return " or ".join(f"{name.removesuffix('_id')}s" for name in ids if name != "image_id")


def group_labels(values: Column, most: int) -> Column:
    """The name of each value's group, by rising values; numbers with more than `most` different ones are cut at their
    terciles.
    """
    if not _is_number(values):
        return values.dropna().astype("str").sort_values()
    numbers = pd.Series(values.to_numpy(np.float64, na_value=np.nan), index=values.index)
    numbers = numbers[np.isfinite(numbers)].sort_values()
    if numbers.nunique() <= max(most, 2):
        return numbers.map(lambda number: str(int(number) if number.is_integer() else number))
    thirds: Column = pd.qcut(numbers, 3, duplicates="drop", labels=False)
    ends = numbers.groupby(thirds).agg(["min", "max"])
    return thirds.map({third: f"{first:g} to {last:g}" for third, (first, last) in enumerate(ends.to_numpy())})


def _merged(labels: Column, keys: Column, least: Mapping[str, int]) -> tuple[Column, bool]:
    """The labels with small groups as one, None where even that is small; and whether there were any.

    keys: whom the rows are of. least: "n" rows and "keys" of them that a group needs.
    """
    labels = labels.astype("object").where(labels.notna(), None)
    counts = labels.value_counts()
    enough = _enough(labels, keys, least)
    largest = [label for label in counts.index if label in enough][:_MOST_GROUPS]
    merged = labels.where(labels.isin(largest) | labels.isna(), OTHERS)
    whole = OTHERS in _enough(merged, keys, least)
    return merged.where((merged != OTHERS) | whole, None), len(largest) < len(counts)


def _enough(labels: Column, keys: Column, least: Mapping[str, int]) -> set[str]:
    sizes = keys.groupby(labels).agg(["size", "nunique"])
    return set(sizes.index[(sizes["size"] >= least["n"]) & (sizes["nunique"] >= least["keys"])])


def _is_number(values: Column) -> bool:
    return pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_bool_dtype(values.dtype)


def _by_group(counted: pd.DataFrame, groups: Sequence[str], units: Sequence[str]) -> list[dict[str, Any]]:
    """A row for every group, of the rows that a figure is about."""
    apart = _apart(counted)
    rows = []
    for group in groups:
        of_group = counted[counted["group"] == group]
        interval = _mean(of_group["value"].to_numpy(np.float64), of_group[list(units)])
        entry = {"group": group, "n": len(of_group), "n_units": of_group["key"].nunique(), "value": interval.estimate}
        rows.append(entry | interval.columns() | apart | {"reason": "" if len(of_group) else "no such row"})
    return rows


def _mean(values: Numbers, units: pd.DataFrame) -> Interval:
    """The mean; numbers from 0 to 1 are a rate."""
    if not len(values) or (values.min() >= 0 and values.max() <= 1):
        return rate_interval(values, units)
    return jackknife(weighted_mean(values), units)


def _apart(counted: pd.DataFrame) -> dict[str, Any]:
    """The spread of the groups' means, and the spread by chance; NaN of fewer than two groups."""
    unknown = dict.fromkeys([*_DIFFERENCE, "ratio"], np.nan)
    if counted["group"].nunique() < 2:
        return unknown | {"difference_interval": ""}
    values = counted["value"].to_numpy(np.float64)
    group, key, unit = (pd.factorize(counted[column])[0].astype(np.intp) for column in ("group", "key", "unit"))
    interval = spread(values, group, unit)
    chance, p = chance_spread(values, group, key, unit)
    means = np.bincount(group, values) / np.bincount(group)
    return {
        "difference": interval.estimate,
        **interval.columns("difference_"),
        "chance_difference": chance,
        "p": p,
        "ratio": float(means.min() / means.max()) if means.max() > 0 else np.nan,
    }
