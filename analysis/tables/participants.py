"""The participants: their answers about themselves, how long they took, and who is flagged for what."""

import re
from typing import Any

import numpy as np
import pandas as pd

from analysis import frames
from analysis.errors import MissingDataError
from analysis.frames import Column, Table

_RANGE = re.compile(r"\s*(\d{1,3})(?:\s*(?:-|–|to)\s*(\d{1,3}))?\s*")  # noqa: RUF001


def participants(table: Table) -> pd.DataFrame:
    """One row per answer.

    Columns: question, answer, n (participants), share (of all participants; NaN for a statistic), value (of a
    statistic, else NaN). An age in a range such as "30-39" counts as its middle. "not said" counts what is null.

    Questions: participants; gender; age (mean, SD, minimum, maximum); continent; minutes (median, minimum, maximum);
    flag (one row a reason, and "any").

    Raises:
        MissingDataError: there are no participants.
    """
    people = frames.frame(table)
    if people.empty:
        raise MissingDataError("the dataset has no participants")
    rows = [{"question": "participants", "answer": "all", "n": len(people), "share": 1.0}]
    rows += _shares("gender", people["gender"])
    age = years(people["age"])
    statistics = {"mean": age.mean(), "SD": age.std(), "minimum": age.min(), "maximum": age.max()}
    rows += [
        {"question": "age", "answer": name, "n": age.count(), "value": value} for name, value in statistics.items()
    ]
    rows += _not_said("age", age)
    rows += _shares("continent", people["continent"])
    minutes = people["duration_s"] / 60
    statistics = {"median": minutes.median(), "minimum": minutes.min(), "maximum": minutes.max()}
    rows += _statistics("minutes", minutes.count(), statistics)
    rows += _not_said("minutes", minutes)
    rows += _flags(people["flags"])
    return pd.DataFrame(rows, columns=["question", "answer", "n", "share", "value"])


def years(age: Column) -> Column:
    """Ages in years, of texts such as "34" or "30-39" (its middle); NaN for anything else."""
    return age.map(_middle).astype(np.float64)


def _statistics(question: str, n: int, values: dict[str, float]) -> list[dict[str, Any]]:
    return [{"question": question, "answer": name, "n": n, "value": value} for name, value in values.items()]


def _middle(age: Any) -> float:
    match = _RANGE.fullmatch(str(age))
    if not match:
        return np.nan
    first, last = match.groups()
    return (int(first) + int(last or first)) / 2


def _shares(question: str, answers: Column) -> list[dict[str, Any]]:
    counts = answers.value_counts().sort_index(kind="stable").sort_values(ascending=False, kind="stable")
    rows = [
        {"question": question, "answer": str(answer), "n": int(n), "share": n / len(answers)}
        for answer, n in counts.items()
    ]
    return rows + _not_said(question, answers)


def _not_said(question: str, answers: Column) -> list[dict[str, Any]]:
    n = int(answers.isna().sum())
    return [{"question": question, "answer": "not said", "n": n, "share": n / len(answers)}] if n else []


def _flags(flags: Column) -> list[dict[str, Any]]:
    reasons = flags[frames.flagged(flags)].explode().value_counts().sort_index()
    counts = {str(reason): int(n) for reason, n in reasons.items()} | {"any": int(frames.flagged(flags).sum())}
    return [{"question": "flag", "answer": name, "n": n, "share": n / len(flags)} for name, n in counts.items()]
