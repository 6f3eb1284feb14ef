"""The same rates by group: of participants, of images, of pairs."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from fairlearn.metrics import MetricFrame

from analysis import frames
from analysis.errors import AnalysisError, MissingDataError
from analysis.frames import Column, Table
from analysis.inference import wilson
from analysis.tables.answers import answers
from analysis.tables.verification import decided

SMALLEST = 30
OTHERS = "other (merged)"

_MOST_NUMBERS = 10
"""Numbers with more different values are cut at their terciles."""

_MOST_GROUPS = 20

_Answers = npt.NDArray[np.bool_]


def groups(pairs: Table, ratings: Table, table: Table, grouping: str, smallest: int = SMALLEST) -> pd.DataFrame:
    """Accept, false accept and false reject rates of each recognizer by the column `grouping` of `table`.

    By what `table` has: `participant_id`: a row is an answer, right is what this participant said. `image_id`: a row
    is a pair with a clear majority, which is right, and its group that of its base: every base has the same samples,
    while what a sample looks like comes of how it was made. `pair_id`: the same, the group that of the pair. Numbers
    with more than 10 different values, or with fewer than `smallest` rows a value, are cut at their terciles over the
    participants, bases or pairs that have rows. Groups with fewer than `smallest` rows, and all but the 20 largest, are
    merged into "other (merged)"; what has no group is left out.

    Columns: grouping, group, merged (whether it is made of small ones), recognizer, rate ("accept", "false accept",
    "false reject"), n (rows the rate is of), value, low, high (Wilson; rows of one pair or one participant are not
    independent, so that these are too narrow), difference (largest minus smallest over groups) and ratio (smallest by
    largest), reason.

    Raises:
        AnalysisError: `table` has no such columns.
        MissingDataError: fewer than two groups are left.
    """
    table = frames.frame(table)
    key = next((name for name in ("participant_id", "image_id", "pair_id") if name in table), None)
    if key is None or grouping not in table:
        raise AnalysisError(
            f"grouping {grouping!r}: the table needs this column and an id of participants, images or pairs"
        )
    scored = frames.frame(pairs)
    of_model = {name: _decisions(scored, ratings, name, key) for name in frames.recognizers(scored)}
    there = {identifier for decisions in of_model.values() for identifier in decisions["key"]}
    values = table.drop_duplicates(key).set_index(key)[grouping]
    most = min(_MOST_NUMBERS, max(map(len, of_model.values()), default=0) // smallest)
    group_of = _labels(values[values.index.isin(there)], most)
    order = list(dict.fromkeys([*group_of, OTHERS]))
    rows: list[dict[str, Any]] = []
    for name, decisions in of_model.items():
        labels, merged = _merged(decisions["key"].map(group_of), smallest)
        decisions = decisions.assign(group=labels).dropna(subset="group")
        if decisions["group"].nunique() >= 2:
            rows += [{"grouping": grouping} | row | {"recognizer": name} for row in _rates(decisions, order, merged)]
    if not rows:
        raise MissingDataError(f"{grouping}: fewer than two groups of {smallest}")
    order = ["grouping", "group", "merged", "recognizer", "rate", "n", "value", "low", "high", "difference", "ratio"]
    return pd.DataFrame(rows)[[*order, "reason"]]


def _decisions(pairs: pd.DataFrame, ratings: Table, name: str, key: str) -> pd.DataFrame:
    """Columns: key (of the group), same, accept; a row per answer or per pair."""
    if key == "participant_id":
        given = answers(pairs, ratings).dropna(subset="identity")
        given = given.join(pairs.set_index("pair_id")[f"{name}_accept"].dropna(), on="pair_id", how="inner")
        rows = {"key": given["participant_id"], "same": given["identity"] > 0.5}
        return pd.DataFrame(rows | {"accept": given[f"{name}_accept"].astype(bool)})
    clear = decided(frames.rated(pairs, ratings), name)
    return clear.assign(key=clear["base_id" if key == "image_id" else "pair_id"])[["key", "same", "accept"]]


def _labels(values: Column, most: int) -> Column:
    """The name of each value's group, by rising values; numbers with more than `most` different ones are cut."""
    if not _is_number(values):
        return values.dropna().astype("str").sort_values()
    numbers = pd.Series(values.to_numpy(np.float64, na_value=np.nan), index=values.index)
    numbers = numbers[np.isfinite(numbers)].sort_values()
    if numbers.nunique() <= max(most, 2):
        return numbers.map(lambda number: str(int(number) if number.is_integer() else number))
    thirds: Column = pd.qcut(numbers, 3, duplicates="drop")
    return thirds.map(lambda third: f"{third.left:g} to {third.right:g}").astype("str")


def _merged(labels: Column, smallest: int) -> tuple[Column, bool]:
    """The labels with small groups as one, None where even that is small; and whether there were any."""
    labels = labels.astype("object").where(labels.notna(), None)
    counts = labels.value_counts()
    kept = counts.index[counts >= smallest][:_MOST_GROUPS]
    merged = labels.where(labels.isin(kept) | labels.isna(), OTHERS)
    enough = int((merged == OTHERS).sum()) >= smallest
    return merged.where((merged != OTHERS) | enough, None), len(kept) < len(counts)


def _is_number(values: Column) -> bool:
    return pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_bool_dtype(values.dtype)


def _rates(decisions: pd.DataFrame, order: list[str], merged: bool) -> list[dict[str, Any]]:
    same, accept, group_of = (decisions[column].to_numpy() for column in ("same", "accept", "group"))
    metrics = {"accept": _accept_rate, "false accept": _false_accept_rate, "false reject": _false_reject_rate}
    frame = MetricFrame(metrics=metrics, y_true=same, y_pred=accept, sensitive_features=group_of)
    rows = []
    for rate, rows_of in {"accept": same | ~same, "false accept": ~same, "false reject": same}.items():
        values = frame.by_group[rate].astype(np.float64)
        values = values.reindex([group for group in order if group in values.index])
        known = values.dropna()
        difference = float(known.max() - known.min()) if len(known) > 1 else np.nan
        ratio = float(known.min() / known.max()) if len(known) > 1 and known.max() > 0 else np.nan
        for group, value in values.items():
            n = int((rows_of & (group_of == group)).sum())
            low, high = wilson(value * n if n else 0, n)
            entry = {"group": group, "merged": merged and group == OTHERS, "rate": rate, "n": n, "value": value}
            entry |= {"low": low, "high": high, "difference": difference, "ratio": ratio}
            rows.append(entry | {"reason": "" if n else "no such row"})
    return rows


def _accept_rate(same: _Answers, accept: _Answers) -> float:
    return _share(np.asarray(accept))


def _false_accept_rate(same: _Answers, accept: _Answers) -> float:
    return _share(np.asarray(accept)[~np.asarray(same)])


def _false_reject_rate(same: _Answers, accept: _Answers) -> float:
    return _share(~np.asarray(accept)[np.asarray(same)])


def _share(found: _Answers) -> float:
    return float(found.mean()) if len(found) else np.nan
