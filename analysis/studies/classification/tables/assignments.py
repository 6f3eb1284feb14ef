"""Table 3 of the paper: how often people assign an image to its class, by how classes are shown."""

import itertools
from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from analysis.errors import MissingDataError
from analysis.frames import Numbers
from analysis.inference import LOGIT, Interval, crossed, holm, weighted_mean
from analysis.studies.classification.data import ASSIGNED, ASSIGNMENT, Classification

CHANCE = 1 / 6
"""The share of right assignments of who guesses among six classes."""

SHORTEST_S, LONGEST_S = 20, 180
"""An assignment that took less, or more, seconds is no valid one, as in the paper."""

UNITS = ("participant_id", "label")
"""People and classes, which are crossed: whoever assigns sees many classes, and a class is assigned by many."""


def assignment_success(study: Classification) -> pd.DataFrame:
    """Table 3: the share of valid assignments that are right, by condition.

    Columns: condition, n_answers, left_out (that took less than 20 s or more than 3 min, or of which no time is known),
    n, success, standard_error (sqrt(p (1 - p) / n), which the paper calls Std and takes answers for independent), low,
    high, interval (which leaves out people and classes in turn), chance.

    Raises:
        MissingDataError: nobody assigned anything.
    """
    rows = []
    for condition, of in assigned(study).groupby("condition", sort=False):
        valid = of[of["valid"]]
        row: dict[str, Any] = {"condition": condition, "n_answers": len(of), "left_out": len(of) - len(valid)}
        row |= {"n": len(valid)}
        if len(valid):
            interval = success_of(valid)
            share = interval.estimate
            row |= {"success": share, "standard_error": np.sqrt(share * (1 - share) / len(valid))} | interval.columns()
        rows.append(row | {"chance": CHANCE})
    columns = ["condition", "n_answers", "left_out", "n", "success", "standard_error", "low", "high", "interval"]
    return pd.DataFrame(rows, columns=[*columns, "chance"])


def assignment_differences(study: Classification) -> pd.DataFrame:
    """Whether one way of showing classes is better than another: the success of every two conditions.

    Columns: first, second, difference (first minus second), low, high, interval, p, p_holm (all rows are one family).

    Raises:
        MissingDataError: nobody assigned anything.
    """
    answers = assigned(study)
    answers = answers[answers["valid"]]
    rows = []
    for first, second in itertools.combinations(dict.fromkeys(answers["condition"]), 2):
        both = answers[answers["condition"].isin([first, second])]
        interval = difference_of(both, first)
        row = {"first": first, "second": second, "difference": interval.estimate}
        rows.append(row | interval.columns() | {"p": interval.p})
    if not rows:
        raise MissingDataError("there are valid assignments in fewer than two conditions")
    table = pd.DataFrame(rows)
    return table.assign(p_holm=holm(table["p"].to_numpy(np.float64)))


def compared_assignments(success: pd.DataFrame, printed: Mapping[str, Any], name: str) -> pd.DataFrame:
    """The success of each condition in this study and, below it, as printed, in percent.

    success: the table `assignment_success`. name: of the printed study.

    Columns: condition, study, success, standard_error.
    """
    rows: list[dict[str, Any]] = []
    for row in success.to_dict("records"):
        ours = {"condition": row["condition"], "study": "this study"}
        rows.append(ours | {column: 100 * row[column] for column in ("success", "standard_error")})
        if row["condition"] in printed["assignment"]:
            rows.append({"condition": row["condition"], "study": name, **printed["assignment"][row["condition"]]})
    return pd.DataFrame(rows)


def assigned(study: Classification) -> pd.DataFrame:
    """Every assignment: condition, participant_id, label, right, valid, by condition.

    Raises:
        MissingDataError: nobody assigned anything.
    """
    items = study.items[study.items["kind"] == ASSIGNMENT]
    answers = study.ratings.dropna(subset=ASSIGNED) if ASSIGNED in study.ratings else study.ratings.head(0)
    both = answers.merge(items[["item_id", "condition", "right_panel", "label"]], on="item_id")
    if both.empty:
        raise MissingDataError("nobody assigned an image to a class")
    seconds = np.asarray(both["response_time_ms"], np.float64) / 1000
    valid = (seconds >= SHORTEST_S) & (seconds <= LONGEST_S)
    both = both.assign(right=both[ASSIGNED] == both["right_panel"], valid=valid)
    return both.sort_values("condition", kind="stable")


def success_of(answers: pd.DataFrame) -> Interval:
    """The share of answers that are right.

    answers: columns right and UNITS.
    """
    right = np.asarray(answers["right"], np.float64)
    return crossed(weighted_mean(right), answers[list(UNITS)], LOGIT)


def difference_of(both: pd.DataFrame, first: Hashable) -> Interval:
    """The share of right answers in the condition `first` minus that in the other one.

    both: columns condition, right and UNITS, of two conditions.
    """
    right = np.asarray(both["right"], np.float64)
    ours = np.asarray(both["condition"] == first, np.float64)
    means = [(weighted_mean(right), each) for each in (ours, 1 - ours)]

    def difference(weights: Numbers) -> Numbers:
        one, other = (mean(weights * each) for mean, each in means)
        return one - other

    return crossed(difference, both[list(UNITS)], null=0.0)
