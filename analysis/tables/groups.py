"""The same rates by group: of participants, of images, of pairs."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from fairlearn.metrics import MetricFrame

from analysis.errors import AnalysisError, MissingDataError
from analysis.frames import Column, Table
from analysis.inference import chance_spread, spread
from analysis.inference import rate as interval
from analysis.studies.verification import data
from analysis.studies.verification.tables.verification import decided
from analysis.tables.answers import answers

RATES = ("accept", "false accept", "false reject")
SMALLEST = 30
LEAST_PEOPLE = 5
"""Persons in a group: one person, or two, are no group, and a rate of theirs would be known of them."""
OTHERS = "other (merged)"

_MOST_NUMBERS = 10
"""Numbers with more different values are cut at their terciles."""

_MOST_GROUPS = 20

_COLUMNS = (
    *("grouping", "group", "merged", "recognizer", "rate", "n", "n_units", "value", "low", "high", "interval"),
    *("difference", "difference_low", "difference_high", "difference_interval", "chance_difference", "p", "ratio"),
    "reason",
)

_Answers = npt.NDArray[np.bool_]


def groups(
    pairs: Table,
    ratings: Table,
    table: Table,
    grouping: str,
    smallest: int = SMALLEST,
    least_people: int = LEAST_PEOPLE,
) -> pd.DataFrame:
    """Accept, false accept and false reject rates of each recognizer by the column `grouping` of `table`.

    By what `table` has: `participant_id`: a row is an answer, right is what this participant said. `image_id`: a row
    is a pair with a clear majority, which is right, and its group that of its base: every base has the same samples,
    while what a sample looks like comes of how it was made. `pair_id`: the same, the group that of the pair. Accept
    rates by participant are left out: a model accepts without them, and they say which batches a group rated. Numbers
    with more than 10 different values, or with fewer than `smallest` rows a value, are cut at their terciles over the
    participants, bases or pairs that have rows, and named by the smallest and the largest value of each part. Groups
    with fewer than `smallest` rows or, of participants, fewer than `least_people` persons, and all but the 20 largest,
    are merged into "other (merged)"; what has no group is left out.

    Columns: grouping, group, merged (whether it is made of small ones), recognizer, rate ("accept", "false accept",
    "false reject"), n (rows the rate is of), n_units (participants, bases or pairs that they are of), value, low, high,
    interval (how it was made, or why there is none), difference (largest minus smallest over groups, above 0 by chance
    alone) with difference_low, difference_high, difference_interval, chance_difference (what it exceeds in 5 % of
    permutations of participants, bases or pairs within their batch) and p (of no difference, by the same permutations;
    NaN where no two groups share a batch), ratio (smallest by largest), reason.

    Raises:
        AnalysisError: `table` has no such columns.
        MissingDataError: fewer than two groups are left.
    """
    table = data.frame(table)
    key = next((name for name in ("participant_id", "image_id", "pair_id") if name in table), None)
    if key is None or grouping not in table:
        raise AnalysisError(
            f"grouping {grouping!r}: the table needs this column and an id of participants, images or pairs"
        )
    scored = data.frame(pairs)
    of_model = {name: _decisions(scored, ratings, name, key) for name in data.recognizers(scored)}
    there = {identifier for decisions in of_model.values() for identifier in decisions["key"]}
    values = table.drop_duplicates(key).set_index(key)[grouping]
    most = min(_MOST_NUMBERS, max(map(len, of_model.values()), default=0) // smallest)
    group_of = _labels(values[values.index.isin(there)], most)
    order = list(dict.fromkeys([*group_of, OTHERS]))
    least = {"n": smallest, "keys": least_people if key == "participant_id" else 1}
    rows: list[dict[str, Any]] = []
    for name, decisions in of_model.items():
        labels, merged = _merged(decisions["key"].map(group_of), decisions["key"], least)
        decisions = decisions.assign(group=labels).dropna(subset="group")
        if decisions["group"].nunique() >= 2:
            made = _rates(decisions, order, merged, RATES[1:] if key == "participant_id" else RATES)
            rows += [{"grouping": grouping} | row | {"recognizer": name} for row in made]
    if not rows:
        people = f" and {least_people} participants" if key == "participant_id" else ""
        raise MissingDataError(f"{grouping}: fewer than two groups of {smallest}{people}")
    return pd.DataFrame(rows)[[*_COLUMNS]]


def _decisions(pairs: pd.DataFrame, ratings: Table, name: str, key: str) -> pd.DataFrame:
    """Columns: key (of the group), same, accept, and the units of dependence; a row per answer or per pair."""
    if key == "participant_id":
        given = answers(pairs, ratings).dropna(subset="identity")
        given = given.join(pairs.set_index("pair_id")[f"{name}_accept"].dropna(), on="pair_id", how="inner")
        rows = {"key": given["participant_id"], "same": given["identity"] > 0.5}
        units = given[list(data.UNIT_COLUMNS)]
        return pd.DataFrame(rows | {"accept": given[f"{name}_accept"].astype(bool)}).join(units)
    clear = decided(data.rated(pairs, ratings), name)
    clear = clear.assign(key=clear["base_id" if key == "image_id" else "pair_id"])
    return clear[["key", "same", "accept", *data.UNIT_COLUMNS]]


def _labels(values: Column, most: int) -> Column:
    """The name of each value's group, by rising values; numbers with more than `most` different ones are cut."""
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
    kept = [label for label in counts.index if label in enough][:_MOST_GROUPS]
    merged = labels.where(labels.isin(kept) | labels.isna(), OTHERS)
    whole = OTHERS in _enough(merged, keys, least)
    return merged.where((merged != OTHERS) | whole, None), len(kept) < len(counts)


def _enough(labels: Column, keys: Column, least: Mapping[str, int]) -> set[str]:
    sizes = keys.groupby(labels).agg(["size", "nunique"])
    return set(sizes.index[(sizes["size"] >= least["n"]) & (sizes["nunique"] >= least["keys"])])


def _is_number(values: Column) -> bool:
    return pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_bool_dtype(values.dtype)


def _rates(decisions: pd.DataFrame, order: list[str], merged: bool, wanted: Sequence[str]) -> list[dict[str, Any]]:
    same, accept, group_of = (decisions[column].to_numpy() for column in ("same", "accept", "group"))
    metrics = {"accept": _accept_rate, "false accept": _false_accept_rate, "false reject": _false_reject_rate}
    frame = MetricFrame(metrics=metrics, y_true=same, y_pred=accept, sensitive_features=group_of)
    rows = []
    rows_of = {"accept": same | ~same, "false accept": ~same, "false reject": same}
    for rate in wanted:
        values = frame.by_group[rate].astype(np.float64)
        values = values.reindex([group for group in order if group in values.index])
        counted = decisions[rows_of[rate]].assign(value=(~accept if rate == "false reject" else accept)[rows_of[rate]])
        apart = _apart(counted)
        for group, value in values.items():
            of_group = counted[counted["group"] == group]
            found = interval(of_group["value"].to_numpy().astype(np.float64), of_group[list(data.UNIT_COLUMNS)])
            entry = {"group": group, "merged": merged and group == OTHERS, "rate": rate, "n": len(of_group)}
            entry |= {"n_units": of_group["key"].nunique(), "value": value} | found.columns() | apart
            rows.append(entry | {"reason": "" if len(of_group) else "no such row"})
    return rows


def _apart(counted: pd.DataFrame) -> dict[str, Any]:
    """How far the groups' rates lie apart, and how far they do by chance; NaN of fewer than two groups."""
    unknown = dict.fromkeys(
        ("difference", "difference_low", "difference_high", "chance_difference", "p", "ratio"), np.nan
    )
    if counted["group"].nunique() < 2:
        return unknown | {"difference_interval": ""}
    values = counted["value"].to_numpy().astype(np.float64)
    group, key, unit = (pd.factorize(counted[column])[0].astype(np.intp) for column in ("group", "key", "unit"))
    found = spread(values, group, unit)
    chance, p = chance_spread(values, group, key, unit)
    means = np.bincount(group, values) / np.bincount(group)
    return {
        "difference": found.estimate,
        **found.columns("difference_"),
        "chance_difference": chance,
        "p": p,
        "ratio": float(means.min() / means.max()) if means.max() > 0 else np.nan,
    }


def _accept_rate(same: _Answers, accept: _Answers) -> float:
    return _share(np.asarray(accept))


def _false_accept_rate(same: _Answers, accept: _Answers) -> float:
    return _share(np.asarray(accept)[~np.asarray(same)])


def _false_reject_rate(same: _Answers, accept: _Answers) -> float:
    return _share(~np.asarray(accept)[np.asarray(same)])


def _share(found: _Answers) -> float:
    return float(found.mean()) if len(found) else np.nan
