"""The input of every table: a `datasets.Dataset` or a DataFrame with the columns of a published table."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from datasets import ClassLabel, Dataset, Image, Value

from analysis.inference import independent, numbers

Table: TypeAlias = pd.DataFrame | Dataset
Column: TypeAlias = "pd.Series[Any]"
Numbers: TypeAlias = numbers.Numbers


def frame(table: Table, kinds: Sequence[str] = ()) -> pd.DataFrame:
    """The table as a new DataFrame: without image columns, numbers in float64, booleans nullable, `kind` ordered.

    `kind` becomes an ordered categorical of names: those of the ClassLabel, or `kinds` and then others by name.
    """
    if isinstance(table, Dataset):
        features = table.features
        if isinstance(features.get("kind"), ClassLabel):
            kinds = features["kind"].names
        table = table.remove_columns([name for name, feature in features.items() if isinstance(feature, Image)])
        booleans = {name: "boolean" for name, feature in table.features.items() if feature == Value("bool")}
        table = table.with_format("arrow")[:].to_pandas().astype(booleans)
    columns = {name: _column(table[name]) for name in table.columns}
    if "kind" in columns:
        columns["kind"] = _kind(table["kind"], kinds)
    return pd.DataFrame(columns, index=pd.RangeIndex(len(table)))


def units(items: pd.DataFrame, answers: pd.DataFrame, key: str, clusters: Sequence[str]) -> "pd.Series[int]":
    """The number of the independent batch that each item is in: its own, or several that somebody rated together.

    items: a row per item, with the columns `key` and `clusters`: what makes items depend on one another, from coarse to
        fine; without any, items are one where somebody rated both.
    answers: rows with `key` and participant_id; without them, batches are independent.
    """
    columns = [*(clusters or [key]), "participant_id"]
    rows = items[[key, *clusters]].assign(participant_id=None)
    if len(answers):
        rows = pd.concat([rows, answers[[key, "participant_id"]].merge(items[[key, *clusters]], on=key)])
    batches = independent(rows[columns])[: len(items)]
    return pd.Series(batches, index=items.index)


def flagged(flags: Column) -> "pd.Series[bool]":
    """Whether each participant has a flag."""
    return flags.map(lambda reasons: reasons is not None and len(reasons) > 0).astype(bool)


def _column(column: Column) -> Column:
    column = column.reset_index(drop=True)
    if pd.api.types.is_bool_dtype(column.dtype) or _holds_booleans(column):
        return column.astype("boolean")
    if pd.api.types.is_float_dtype(column.dtype):
        return pd.Series(column.to_numpy(np.float64, na_value=np.nan))
    return column


def _holds_booleans(column: Column) -> bool:
    if column.dtype != object:
        return False
    cases = column.dropna()
    return len(cases) > 0 and all(isinstance(value, bool) for value in cases)


def _kind(column: Column, kinds: Sequence[str]) -> Column:
    column = column.reset_index(drop=True)
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.cat.reorder_categories(column.cat.categories, ordered=True)
    if pd.api.types.is_integer_dtype(column.dtype):
        column = column.map(dict(enumerate(kinds)))
    names = [kind for kind in kinds if kind in set(column)] + sorted(set(column.dropna()) - set(kinds))
    return pd.Series(pd.Categorical(column, categories=names, ordered=True))
