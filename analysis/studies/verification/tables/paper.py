"""Table 1 and Table 2 in the layout of the paper, and its printed figures beside those of a study."""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from importlib import resources
from typing import Any

import numpy as np
import pandas as pd

from analysis.errors import AnalysisError, MissingDataError

PRINTED = ("paper",)
"""Studies whose printed figures come with this package."""

_LEVELS: Mapping[str, Callable[[float], str]] = {
    "interpolation": lambda level: f"{level:.0%}".replace("%", " %"),
    "optimized": lambda level: f"threshold {level:g}",
    "positive": lambda level: f"distance {level:g}",
}
"""The meaning of each kind's level."""

_HEAD = {"ratings_source", "kind", "level", "similarity_mean", "identity_rate"}

_CLOSER, _FARTHER = " ↑", " ↓"
"""Arrows: whether a larger number means that two images are more alike, or less."""


def table_1(scores_by_kind: pd.DataFrame) -> pd.DataFrame:
    """Means by kind and level as the paper prints them: a recognizer's cell is "mean distance (accept rate)".

    scores_by_kind: the table of that name. Rows are ordered by the kinds' names, levels rising, "all" last; an arrow up
    is where a larger number says that two images are more alike.
    """
    ordered = scores_by_kind.sort_values(["kind", "level"], key=_last, na_position="first", kind="stable")
    names = _recognizers(ordered)
    table = pd.DataFrame({"pairs": _labels(ordered)})
    table["similarity" + _CLOSER] = _digits(ordered["similarity_mean"])
    table["identity" + _CLOSER] = _digits(ordered["identity_rate"])
    for name in names:
        distance, accept = _digits(ordered[f"{name}_distance"]), _digits(ordered[f"{name}_accept"])
        table[name + _FARTHER] = [f"{a} ({b})" if a else "" for a, b in zip(distance, accept, strict=True)]
    for name in _others(ordered, names):
        table[name + _FARTHER] = _digits(ordered[name])
    return table


def table_2(correlations: pd.DataFrame) -> pd.DataFrame:
    """Pearson's correlations with the identity rate as the paper prints them: a row per kind, blank where p >= .05.

    correlations: the table of that name.
    """
    ordered = correlations.assign(place=correlations["kind"].astype(str)).sort_values("place", key=_last, kind="stable")
    kinds = list(dict.fromkeys(ordered["kind"].astype(str)))
    columns = list(dict.fromkeys(correlations["measure"]))
    wide = ordered.assign(kind=ordered["kind"].astype(str)).pivot(index="kind", columns="measure", values="printed")
    wide = wide.reindex(index=kinds, columns=columns).fillna("").rename_axis(columns=None)
    return wide.reset_index().rename(columns={"kind": "pairs"})


def printed_figures(name: str) -> dict[str, Any]:
    """The printed figures of a study, with their source; `name` is one of PRINTED.

    Raises:
        AnalysisError: there are none of that name.
    """
    if name not in PRINTED:
        raise AnalysisError(f"no printed figures of {name!r}; there are those of: {', '.join(PRINTED)}")
    text = resources.files("analysis.studies.verification").joinpath("printed", f"{name}.toml").read_text("utf-8")
    return tomllib.loads(text)


def compared_means(scores_by_kind: pd.DataFrame, printed: Mapping[str, Any]) -> pd.DataFrame:
    """Each printed mean of Table 1 beside that of this study, where both have the kind, the level and the measure.

    Columns: kind, level (NaN for a whole kind), measure, this_study, printed, difference (this study minus printed).

    Raises:
        MissingDataError: the two have nothing in common.
    """
    columns = _columns(scores_by_kind)
    rows = []
    for row in scores_by_kind.to_dict("records"):
        label = row["kind"] + ("" if pd.isna(row["level"]) else f" {row['level']:g}")
        figures = dict(zip(printed["means"]["columns"], printed["means"].get(label, ()), strict=False))
        rows += [
            {"kind": row["kind"], "level": row["level"], "measure": measure, "this_study": row[columns[measure]]}
            | {"printed": figure, "difference": row[columns[measure]] - figure}
            for measure, figure in figures.items()
            if measure in columns
        ]
    if not rows:
        raise MissingDataError("this study shares no kind of pair and no measure with the printed one")
    return pd.DataFrame(rows)


def compared_correlations(correlations: pd.DataFrame, printed: Mapping[str, Any]) -> pd.DataFrame:
    """Each printed correlation of Table 2 beside that of this study.

    The row "all" is compared with "all" and with "all with genuine": the paper says that genuine pairs are left out,
    but no data were found with its figures over all and those of its kinds unless they are in.

    Columns: kind, measure, this_study, low, high, printed, same_sign, inside (whether the printed figure lies in the
    interval of this study; null where there is none).

    Raises:
        MissingDataError: the two have nothing in common.
    """
    names = {_short(measure): measure for measure in reversed(list(dict.fromkeys(correlations["measure"])))}
    by_row = correlations.assign(kind=correlations["kind"].astype(str)).set_index(["kind", "measure"])
    rows = []
    for kind, figures in printed["correlations"].items():
        for ours in [kind, "all with genuine"] if kind == "all" else [kind]:
            for short, figure in figures.items():
                if (ours, names.get(short)) in by_row.index:
                    row = by_row.loc[(ours, names[short])]
                    rows.append({"kind": ours, "measure": short} | _beside(row, figure))
    if not rows:
        raise MissingDataError("this study shares no correlation with the printed one")
    return pd.DataFrame(rows).astype({"same_sign": "boolean", "inside": "boolean"})


def _beside(row: "pd.Series[Any]", figure: float) -> dict[str, Any]:
    ours, low, high = (float(row[column]) for column in ("pearson", "low", "high"))
    return {
        "this_study": ours,
        "low": low,
        "high": high,
        "printed": figure,
        "same_sign": bool(np.sign(ours) == np.sign(figure)) if np.isfinite(ours) else None,
        "inside": bool(low <= figure <= high) if np.isfinite(low) else None,
    }


def _columns(scores_by_kind: pd.DataFrame) -> dict[str, str]:
    """The column with a printed measure, by its name."""
    names = _recognizers(scores_by_kind)
    columns = {"similarity": "similarity_mean", "identity": "identity_rate"}
    for name in names:
        columns |= {name: f"{name}_distance", f"{name}_accept": f"{name}_accept"}
    for other in reversed(_others(scores_by_kind, names)):  # of several nets of LPIPS the first counts
        columns[_short(other)] = other
    return columns


def _short(measure: str) -> str:
    """The paper's name of a distance that is no recognizer's: it has one LPIPS and one latent distance."""
    return measure.split("_")[0] if measure.startswith(("lpips_", "latent_")) else measure


def _recognizers(scores_by_kind: pd.DataFrame) -> list[str]:
    names = [str(column).removesuffix("_distance") for column in scores_by_kind if str(column).endswith("_distance")]
    return [name for name in names if f"{name}_accept" in scores_by_kind]


def _others(scores_by_kind: pd.DataFrame, names: Sequence[str]) -> list[str]:
    """The other distances: the columns that are neither counts nor people's nor a recognizer's."""
    scores = {f"{name}_{what}" for name in names for what in ("distance", "accept", "failures")}
    columns = [str(column) for column in scores_by_kind if not str(column).startswith("n_")]
    return [column for column in columns if column not in scores | _HEAD]


def _labels(ordered: pd.DataFrame) -> list[str]:
    kinds, levels = ordered["kind"].astype(str), ordered["level"]
    return [
        kind if np.isnan(level) else f"{kind}, {_LEVELS.get(kind, '{:g}'.format)(level)}"
        for kind, level in zip(kinds, levels, strict=True)
    ]


def _digits(column: "pd.Series[Any]") -> list[str]:
    return ["" if pd.isna(value) else f"{value:.2f}" for value in column]


def _last(column: "pd.Series[Any]") -> "pd.Series[Any]":
    """Sorts kinds by name, "all" and "all with genuine" behind them."""
    if not pd.api.types.is_string_dtype(column):
        return column
    return column.map(lambda kind: (kind.startswith("all"), kind))
