"""A verification study: its pairs, what its models and people say of them, and what the shared tables take of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from analysis import frames
from analysis.dataset import Published, Record
from analysis.errors import AnalysisError, MissingDataError
from analysis.frames import Table
from analysis.studies.verification import ANALYSIS
from analysis.tables.answers import Answers

AGGREGATES = ["similarity_mean", "similarity_std", "identity_rate", "identity_std", "n_ratings"]
"""The columns that `with_answers` adds to pairs; as published."""

COUNTS = {"similarity_mean": "n_similarity", "identity_rate": "n_identity"}
"""The number of a question's own answers, by the column with their mean; `with_answers` adds it too."""

UNITS = ("batch", "base_id")
"""Columns of pairs with what makes them depend on one another, from coarse to fine; who rated them comes to it."""

UNIT_COLUMNS = ("unit", "base_id")
"""Columns of rated pairs with what makes them depend on one another, raters included."""

_NO_DISTANCES = {
    *("pair_id", "batch", "base_id", "sample_id", "base", "sample", "kind", "level", "direction", "anchor_id"),
    *("search_id", "reached", "evaluations", "ratings_source", "unit", *AGGREGATES, *COUNTS.values()),
}


_NEEDED = ("batch", "base_id", "sample_id", "kind", "level", "reached")
"""Columns of pairs without which there is no report."""

_SAME, _DIFFERENT = "genuine", "negative"
"""The kinds whose answer follows from how a pair is made."""


KINDS = ["genuine", "positive", "negative", "interpolation", "optimized"]
"""The sample kinds in the order in which tables and figures list them."""

_SEARCHES = ["search_id", "base_id", "anchor_id", "iteration", "evaluations", "best_distance", "stop"]


@dataclass(frozen=True)
class Verification(Published):
    """A verification study: its items are pairs.

    thresholds: by name of recognizer, in the units of its distance; stated by the dataset, or else the largest
        distance that was accepted (NaN where none was).
    target: the recognizer that the optimized samples were made against, where the dataset says so.
    """

    thresholds: Mapping[str, float] = field(default_factory=dict)
    target: str | None = None

    @property
    def pairs(self) -> pd.DataFrame:
        """A row per pair."""
        return self.items

    @cached_property
    def rated_pairs(self) -> pd.DataFrame:
        """The pairs with what people say of them, see `with_answers`; none where nobody rated."""
        try:
            return with_answers(self.pairs, self.ratings)
        except MissingDataError:
            return self.pairs.head(0)

    @property
    def searches(self) -> pd.DataFrame:
        """A row per round of each search; empty where the dataset has no such table."""
        return self.tables.get("searches", pd.DataFrame(columns=_SEARCHES))

    @property
    def recognizers(self) -> list[str]:
        """Names, in the order of the columns of `pairs`."""
        return recognizers(self.pairs)

    @property
    def distances(self) -> list[str]:
        """Columns of `pairs` such as lpips_alex and latent_l2, in their order."""
        return distances(self.pairs)

    @property
    def kinds(self) -> list[str]:
        """The sample kinds that there are pairs of, in the dataset's order."""
        return [str(kind) for kind in self.pairs["kind"].cat.remove_unused_categories().cat.categories]


def read(published: Published, record: Record) -> Verification:
    """The dataset as a verification study.

    Raises:
        AnalysisError: it has no pairs, or does not say what its models are.
    """
    if published.key != "pair_id":
        raise AnalysisError(f"{published.name}: has no table `pairs`; name a published dataset or a study folder")
    stated, target = _stated(record)
    lacking = [name for name in _NEEDED if name not in published.items]
    if lacking:
        raise AnalysisError(f"{published.name}: table `pairs` has no column {lacking[0]!r}; verify the dataset")
    shared = {field.name: getattr(published, field.name) for field in fields(Published)}
    return Verification(**shared, thresholds=thresholds(published.items) | stated, target=target)


def study(published: Published) -> Verification:
    """The dataset, known to be a verification study.

    Raises:
        AnalysisError: it is none.
    """
    if not isinstance(published, Verification):
        raise AnalysisError(f"{published.name}: is no verification study; read it with `analysis.load`")
    return published


def _stated(record: Record) -> tuple[dict[str, float], str | None]:
    """The thresholds by name of recognizer, and the target, that a dataset states."""
    if not record.content:
        return {}, None
    try:
        models = list(record.content.get("models", [])) + record.content["study"]["recognizers"]
        stated = {model["name"]: float(model["threshold"]) for model in models if model.get("threshold") is not None}
        return stated, str(record.content["study"]["samples"]["optimized"]["target"])
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise record.damaged() from error


def frame(table: Table) -> pd.DataFrame:
    """The table as a new DataFrame, kinds in the order of the schema; see `analysis.frames.frame`."""
    return frames.frame(table, KINDS)


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
    """The column with the distance of each recognizer and other distance, by name."""
    return {name: f"{name}_distance" for name in recognizers(pairs)} | {name: name for name in distances(pairs)}


def thresholds(pairs: pd.DataFrame) -> dict[str, float]:
    """The threshold that a recognizer's decisions show: the largest distance that was accepted; NaN where none was."""
    by_name = {}
    for name in recognizers(pairs):
        accepted = pairs.loc[pairs[f"{name}_accept"].eq(True).fillna(False), f"{name}_distance"]
        by_name[name] = float(accepted.max()) if len(accepted) else np.nan
    return by_name


def with_answers(pairs: Table, ratings: Table | None = None) -> pd.DataFrame:
    """Pairs with AGGREGATES and COUNTS over `ratings`; with those they were published with where `ratings` is None or
    empty; and with `unit` (see `units`).

    Similarity is 0 to 100, identity 0 or 1, standard deviations have ddof 1. A pair without ratings has NaN, and 0
    in `n_ratings`. A rating may answer one question alone: `n_ratings` counts ratings, `n_similarity` and `n_identity`
    the answers to each question. A dataset without its ratings may have the former alone: then each pair has as many
    answers to a question as ratings, or none.

    Raises:
        MissingDataError: there are no ratings.
    """
    pairs = frame(pairs)
    answers = frame(ratings) if ratings is not None else pd.DataFrame()
    pairs = pairs.assign(unit=units(pairs, answers))
    if answers.empty:
        if "n_ratings" not in pairs or not pairs["n_ratings"].gt(0).any():
            raise MissingDataError("the dataset has no ratings")
        lacking = {n: mean for mean, n in COUNTS.items() if n not in pairs}
        return pairs.assign(**{n: pairs["n_ratings"].where(pairs[mean].notna(), 0) for n, mean in lacking.items()})
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
    """The number of the independent batch that each pair is in; see `analysis.frames.units`."""
    return frames.units(pairs, answers, "pair_id", UNITS)


def cells(pairs: pd.DataFrame, total: bool = True) -> list[tuple[str, float, pd.DataFrame]]:
    """(kind, level, its pairs): each kind, level NaN, then each of its levels; last kind "all" where `total`."""
    parts: list[tuple[str, float, pd.DataFrame]] = []
    for kind, of_kind in pairs.groupby("kind", observed=True):
        parts.append((str(kind), np.nan, of_kind))
        parts.extend((str(kind), float(str(level)), of_level) for level, of_level in of_kind.groupby("level"))
    if total:
        parts.append(("all", np.nan, pairs))
    return parts


def answers(pairs: Table, ratings: Table) -> Answers:
    """The answers about pairs, as the tables take them that every study has."""
    kind = ANALYSIS
    about = (frame(pairs), frame(ratings), "pair_id", kind.questions)
    return Answers.about(*about, item=kind.item, clusters=kind.clusters, condition=kind.condition)


def identity_decisions(pairs: Table, ratings: Table) -> dict[str, Any]:
    """Arguments of `error_consistency`, `confusion` and `accuracy_difference`: who says "same identity" of which pair.

    The reference "construction" is right of genuine pairs (same) and of negative ones (different), and of no other.
    """
    scored, rows = frame(pairs), frame(ratings)
    scored["unit"] = units(scored, rows)
    kind = scored["kind"].astype("str")
    built = kind.map({_SAME: True, _DIFFERENT: False}).astype("boolean")
    return {
        "items": scored.assign(construction=built),
        "ratings": rows,
        "key": "pair_id",
        "question": "identity",
        "decisions": {name: f"{name}_accept" for name in recognizers(scored)},
        "references": {"construction": "construction"},
        "units": UNIT_COLUMNS,
    }


def time_margins(of: Answers, thresholds: Mapping[str, float]) -> dict[str, Any]:
    """Arguments of `time_by_distance`: how far every distance is from its recognizer's threshold."""
    items, names = of.items, [name for name, value in thresholds.items() if np.isfinite(value)]
    names = [name for name in names if f"{name}_distance" in items]
    margins = {name: (items[f"{name}_distance"] - thresholds[name]).abs() for name in names}
    return {"answers": replace(of, items=items.assign(**margins)), "margins": names}


def identity_scores(pairs: Table, ratings: Table | None = None) -> dict[str, Any]:
    """Arguments of `calibration`: each recognizer's distance, and how many people see one identity.

    Raises:
        MissingDataError: there are no ratings.
    """
    scored = with_answers(pairs, ratings)
    return {
        "items": scored,
        "scores": {name: f"{name}_distance" for name in recognizers(scored)},
        "rate": "identity_rate",
        "answers": "n_identity",
        "units": UNIT_COLUMNS,
    }
