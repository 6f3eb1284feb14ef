"""Tables of people with a sensitive column, for manipulations of classifiers of rows.

`synthetic` draws one whose rule is known: nobody stands behind its rows. `from_csv` reads any other, such as COMPAS or
German credit, which whoever uses them fetches.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from builder.errors import AssetError
from builder.explainers import Classes
from builder.explainers.tables import Rows, TableClassifier, Weights
from builder.frames import named, read_frame

MOST_VALUES = 20
"""Values of a column of texts, at most: there is a column for each."""

LEAST_ROWS = 50

UNRELATED = "unrelated"
"""A column of 0 and 1, drawn, that has nothing to do with anything."""


@dataclass(frozen=True)
class Table:
    """Rows of numbers with a label each.

    columns: d names. rows: (n, d); numbers with mean 0 and deviation 1, categories as 0 or 1. labels: (n,), 0 or 1.
    sensitive: index of the column that must not decide. categorical: indices of those of 0 and 1.
    """

    columns: tuple[str, ...]
    rows: Rows
    labels: Classes
    sensitive: int
    categorical: tuple[int, ...]

    def split(self, seed: int, share: float = 0.75) -> tuple["Table", "Table"]:
        """A share of the rows, drawn, and the others."""
        order = np.random.default_rng(seed).permutation(len(self.rows))
        at = round(share * len(order))
        first, second = (
            replace(self, rows=self.rows[each], labels=self.labels[each]) for each in np.split(order, [at])
        )
        return first, second


def synthetic(seed: int, rows: int = 2000) -> Table:
    """A table of loans that nobody asked for: six numbers hang on age, means and group, `group` is sensitive.

    Its rule: a loan is granted where group + 0.5 income + 0.5 savings - 0.5 debt, the numbers with mean 0 and deviation
    1 and the group as -1 or 1, is above a noise of deviation 0.3.
    """
    rng = np.random.default_rng(seed)
    group = rng.integers(0, 2, rows)
    age, means = rng.normal(size=rows), rng.normal(size=rows) + 0.5 * (2 * group - 1)
    numbers = {
        "age": age,
        "years_employed": age + 0.1 * rng.normal(size=rows),
        "income": means + 0.3 * age + 0.1 * rng.normal(size=rows),
        "savings": means + 0.8 * age + 0.1 * rng.normal(size=rows),
        "debt": 0.6 * age - means + 0.1 * rng.normal(size=rows),
        "rent": means - 0.3 * age + 0.1 * rng.normal(size=rows),
    }
    scaled = {name: (values - values.mean()) / values.std() for name, values in numbers.items()}
    merit = 0.5 * (scaled["income"] + scaled["savings"] - scaled["debt"])
    labels = (2 * group - 1 + merit > 0.3 * rng.normal(size=rows)).astype(np.int64)
    columns = (*scaled, "group", UNRELATED)
    values = np.column_stack([*scaled.values(), group, rng.integers(0, 2, rows)]).astype(np.float32)
    return Table(columns, values, labels, columns.index("group"), (len(scaled), len(scaled) + 1))


def from_csv(
    path: Path, label: str, positive: str, sensitive: str, columns: tuple[str, ...] | None = None, seed: int = 0
) -> Table:
    """A table from a file of CSV or Parquet, with the column `unrelated` beside its own.

    A column of texts becomes one of 0 and 1 for each of its values but the first, named `column=value`.

    Args:
        path: of the file.
        label: the column with what is decided.
        positive: its value that counts as 1; every other counts as 0.
        sensitive: the name of a column of numbers, or `column=value`.
        columns: those that are used; None: all but the label.
        seed: of what is drawn.

    Raises:
        AssetError: the file cannot be read, lacks a column, has empty cells, texts of too many values, too few rows, or
            one label alone.
    """
    frame = read_frame(path, None if columns is None else (label, *columns))
    if label not in frame:
        raise AssetError(f"{path}: has no column {label}, the label; it has {named(frame.columns)}")
    texts = frame.drop(columns=[label]) if columns is None else frame[list(columns)]
    labels = (frame[label].str.strip() == positive).to_numpy().astype(np.int64)
    if len(labels) < LEAST_ROWS:
        raise AssetError(f"{path}: has {len(labels)} rows, and a model of rows wants {LEAST_ROWS} or more")
    if len(set(labels.tolist())) < 2:
        there = named(sorted(set(frame[label])))
        raise AssetError(f"{path}: every row has the same label by {label} = {positive!r}; its values are {there}")
    values_by_column: dict[str, Rows] = {}
    categories = []
    for name in texts.columns:
        for column, values in _columns(path, str(name), texts[name].str.strip(), sensitive).items():
            values_by_column[column] = values
            if set(np.unique(values).tolist()) <= {0, 1}:
                categories.append(column)
            elif values.std() > 0:
                values_by_column[column] = (values - values.mean()) / values.std()
    if sensitive not in values_by_column:
        raise AssetError(f"{path}: has no column {sensitive}, the sensitive one; there are {named(values_by_column)}")
    if UNRELATED not in values_by_column:
        values_by_column[UNRELATED] = np.random.default_rng(seed).integers(0, 2, len(labels)).astype(np.float32)
        categories.append(UNRELATED)
    names = tuple(values_by_column)
    rows = np.column_stack(list(values_by_column.values())).astype(np.float32)
    return Table(names, rows, labels, names.index(sensitive), tuple(names.index(each) for each in categories))


def _columns(path: Path, name: str, texts: "pd.Series[str]", sensitive: str) -> dict[str, Rows]:
    """The columns of numbers that a column of texts becomes; the one that is sensitive is always among them."""
    empty = int((texts == "").sum())
    if empty:
        raise AssetError(f"{path}: column {name} has {empty} empty cells; fill them, or leave it out of columns")
    numbers = pd.to_numeric(texts, errors="coerce").to_numpy().astype(np.float32)
    if np.isfinite(numbers).all():
        return {name: numbers}
    values = sorted(set(texts))
    if len(values) > MOST_VALUES:
        raise AssetError(
            f"{path}: column {name} has {len(values)} texts, at most {MOST_VALUES} can be categories; leave it out of "
            "columns"
        )
    left_out = next((value for value in values if f"{name}={value}" != sensitive), None)
    return {f"{name}={value}": (texts == value).to_numpy().astype(np.float32) for value in values if value != left_out}


class OneColumn:
    """A rule that decides by one column alone: 1 where it is above the mean. Satisfies
    `builder.explainers.tables.TableClassifier`.
    """

    network = None

    def __init__(self, column: int, threshold: float) -> None:
        self._column, self._threshold = column, threshold

    def probabilities(self, rows: Rows) -> Rows:
        """(n, d) -> (n, 2), 0 or 1."""
        return certain(rows[:, self._column] > self._threshold)


def one_column(table: Table, column: int) -> OneColumn:
    """The rule of a column, above its mean in the table."""
    return OneColumn(column, float(table.rows[:, column].mean(dtype=np.float64)))


def certain(answers: npt.NDArray[np.bool_]) -> Rows:
    """Answers (n,) as probabilities of 0 and 1: (n, 2)."""
    return np.stack([~answers, answers], axis=1).astype(np.float32)


def fidelity(before: TableClassifier, after: TableClassifier, rows: Rows) -> float:
    """The share of rows that get the same answer from both, 0..1."""
    answers = [each.probabilities(rows).argmax(axis=1) for each in (before, after)]
    return float((answers[0] == answers[1]).mean())


def is_first(weights: Weights, column: int) -> npt.NDArray[np.bool_]:
    """Whether a column has the largest absolute weight of its row, which is not 0: (n,)."""
    largest = np.abs(weights)
    first: npt.NDArray[np.bool_] = (largest.argmax(axis=1) == column) & (largest.max(axis=1) > 0)
    return first
