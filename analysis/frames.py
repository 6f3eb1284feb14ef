"""What every table takes: a `datasets.Dataset` or a DataFrame with the columns of `loading_script.lands_between`."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from datasets import ClassLabel, Dataset, Image, Value

from analysis.errors import MissingDataError
from analysis.inference import independent, numbers
from loading_script.lands_between import KINDS

Table: TypeAlias = pd.DataFrame | Dataset
Column: TypeAlias = "pd.Series[Any]"
Numbers: TypeAlias = numbers.Numbers

AGGREGATES = ["similarity_mean", "similarity_std", "identity_rate", "identity_std", "n_ratings"]
"""What `rated` adds to pairs; as in `loading_script.lands_between.rated_pairs`."""

COUNTS = {"similarity_mean": "n_similarity", "identity_rate": "n_identity"}
"""The number of a question's own answers, by the column with their mean; `rated` adds it too."""

UNITS = ("batch", "base_id")
"""Columns of pairs with what makes them depend on one another, from coarse to fine; who rated them comes to it."""

UNIT_COLUMNS = ("unit", "base_id")
"""Columns of rated pairs with what makes them depend on one another, raters included."""

_NO_DISTANCES = {
    *("pair_id", "batch", "base_id", "sample_id", "base", "sample", "kind", "level", "direction", "anchor_id"),
    *("search_id", "reached", "evaluations", "ratings_source", "unit", *AGGREGATES, *COUNTS.values()),
}


def frame(table: Table) -> pd.DataFrame:
    """The table as a new DataFrame: without image columns, numbers in float64, booleans nullable, `kind` ordered.

    `kind` becomes an ordered categorical of names: those of the ClassLabel, or KINDS and then others by name.
    """
    kinds = KINDS
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


def recognizers(pairs: pd.DataFrame) -> list[str]:
    """Names of the recognizers that scored the pairs, in the order of the columns."""
    names = [str(column).removesuffix("_distance") for column in pairs.columns if str(column).endswith("_distance")]
    return [name for name in names if f"{name}_accept" in pairs.columns]


def distances(pairs: pd.DataFrame) -> list[str]:
    """Names of the columns with other distances, such as lpips_alex and latent_l2."""
    scores = {f"{name}{column}" for name in recognizers(pairs) for column in ("_distance", "_accept")}
    others = [str(column) for column in pairs.columns if column not in _NO_DISTANCES | scores]
    return [name for name in others if pd.api.types.is_float_dtype(pairs[name])]


def measures(pairs: pd.DataFrame) -> dict[str, str]:
    """From the name of each recognizer and other distance to the column with its distance."""
    return {name: f"{name}_distance" for name in recognizers(pairs)} | {name: name for name in distances(pairs)}


def thresholds(pairs: pd.DataFrame) -> dict[str, float]:
    """The threshold that a recognizer's decisions show: the largest distance that was accepted; NaN where none was."""
    found = {}
    for name in recognizers(pairs):
        accepted = pairs.loc[pairs[f"{name}_accept"].eq(True).fillna(False), f"{name}_distance"]
        found[name] = float(accepted.max()) if len(accepted) else np.nan
    return found


def rated(pairs: Table, ratings: Table | None = None) -> pd.DataFrame:
    """Pairs with AGGREGATES and COUNTS over `ratings`; with those they were published with where `ratings` is None or
    empty; and with `unit` (see `units`).

    Similarity is 0 to 100, identity 0 or 1, standard deviations have ddof 1. A pair without ratings has NaN, and 0
    in `n_ratings`. A rating may answer one question alone: `n_ratings` counts ratings, `n_similarity` and `n_identity`
    the answers to each question. A dataset without its ratings publishes the former alone, which is then taken for
    both.

    Raises:
        MissingDataError: there are no ratings.
    """
    pairs = frame(pairs)
    answers = frame(ratings) if ratings is not None else pd.DataFrame()
    pairs = pairs.assign(unit=units(pairs, answers))
    if answers.empty:
        if "n_ratings" not in pairs or not pairs["n_ratings"].gt(0).any():
            raise MissingDataError("the dataset has no ratings")
        return pairs.assign(**{n: pairs["n_ratings"].where(pairs[mean].notna(), 0) for mean, n in COUNTS.items()})
    answers["identity"] = answers["identity"].astype("Float64").to_numpy(np.float64, na_value=np.nan)
    by_pair = answers.groupby("pair_id", observed=True).agg(
        similarity_mean=("similarity", "mean"),
        similarity_std=("similarity", "std"),
        identity_rate=("identity", "mean"),
        identity_std=("identity", "std"),
        n_ratings=("pair_id", "size"),
        n_similarity=("similarity", "count"),
        n_identity=("identity", "count"),
    )
    joined = pairs.drop(columns=by_pair.columns, errors="ignore").join(by_pair, on="pair_id")
    counts = ["n_ratings", *COUNTS.values()]
    joined[counts] = joined[counts].fillna(0).astype("int64")
    if not joined["n_ratings"].gt(0).any():
        raise MissingDataError("no rating is of one of the pairs")
    return joined


def units(pairs: pd.DataFrame, answers: pd.DataFrame) -> "pd.Series[int]":
    """The number of the independent batch that each pair is in: its own, or several that somebody rated together.

    answers: rows with pair_id and participant_id; without them, batches are independent.
    """
    rows = pairs[["pair_id", *UNITS]].assign(participant_id=None)
    if len(answers):
        rows = pd.concat([rows, answers[["pair_id", "participant_id"]].merge(pairs[["pair_id", *UNITS]], on="pair_id")])
    batches = independent(rows[[*UNITS, "participant_id"]])[: len(pairs)]
    return pd.Series(batches, index=pairs.index)


def flagged(flags: Column) -> "pd.Series[bool]":
    """Whether each participant has a flag."""
    return flags.map(lambda reasons: reasons is not None and len(reasons) > 0).astype(bool)


def cells(pairs: pd.DataFrame, total: bool = True) -> list[tuple[str, float, pd.DataFrame]]:
    """(kind, level, its pairs): each kind, level NaN, then each of its levels; last kind "all" where `total`."""
    found: list[tuple[str, float, pd.DataFrame]] = []
    for kind, of_kind in pairs.groupby("kind", observed=True):
        found.append((str(kind), np.nan, of_kind))
        found.extend((str(kind), float(str(level)), of_level) for level, of_level in of_kind.groupby("level"))
    if total:
        found.append(("all", np.nan, pairs))
    return found


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
    known = column.dropna()
    return len(known) > 0 and all(isinstance(value, bool) for value in known)


def _kind(column: Column, kinds: Sequence[str]) -> Column:
    column = column.reset_index(drop=True)
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.cat.reorder_categories(column.cat.categories, ordered=True)
    if pd.api.types.is_integer_dtype(column.dtype):
        column = column.map(dict(enumerate(kinds)))
    names = [kind for kind in kinds if kind in set(column)] + sorted(set(column.dropna()) - set(kinds))
    return pd.Series(pd.Categorical(column, categories=names, ordered=True))
