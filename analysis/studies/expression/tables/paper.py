"""The printed figures of a study beside those of another."""

import tomllib
from collections.abc import Hashable, Mapping
from importlib import resources
from typing import Any

import numpy as np
import pandas as pd

from analysis.errors import AnalysisError, MissingDataError
from analysis.studies.expression.tables.group_error import gender
from analysis.studies.expression.tables.measured import RATES, TPR

PRINTED = ("paper",)
"""Studies whose printed figures come with this package; those of the first stand beside every study's."""


def printed_figures(name: str) -> dict[str, Any]:
    """The printed figures of a study, with their source; `name` is one of PRINTED.

    Raises:
        AnalysisError: there are none of that name.
    """
    if name not in PRINTED:
        raise AnalysisError(f"no printed figures of {name!r}; there are those of: {', '.join(PRINTED)}")
    text = resources.files("analysis.studies.expression").joinpath("printed", f"{name}.toml").read_text("utf-8")
    return tomllib.loads(text)


def compared_rates(rates: pd.DataFrame, printed: Mapping[str, Any]) -> pd.DataFrame:
    """Each printed figure beside that of this study, where both have the emotion and the group.

    rates: the table of that name.

    Columns: classifier, grouping, group, emotion, figure (TPR and so on, or "labels": faces that count as the emotion),
    n, labels, predictions (as in `rates`), this_study, low, high, printed, difference (this study minus printed),
    inside (whether the printed figure lies in the interval of this study; null where there is none), order (whether the
    groups come in the printed order of this figure; null where two are the same).

    Raises:
        MissingDataError: the two have nothing in common.
    """
    rows: list[dict[str, Any]] = []
    for row in rates.to_dict("records"):
        figures = printed["rates"].get(row["emotion"], {}).get(gender(row["group"]) or "", {})
        if row["rate"] in figures:
            rows.append(_beside(row, str(row["rate"]), float(row["value"]), figures[row["rate"]]))
        if row["rate"] == TPR and "labels" in figures:
            rows.append(_beside(row | {"low": np.nan}, "labels", float(row["labels"]), figures["labels"]))
    if not rows:
        raise MissingDataError("this study shares no emotion and no group with the printed one")
    table = pd.DataFrame(rows)
    table["order"] = _ordered(table)
    places = {figure: place for place, figure in enumerate((*RATES, "labels"))}
    ordered = table.assign(place=table["figure"].map(places)).sort_values(
        ["classifier", "grouping", "emotion", "place"], kind="stable", ignore_index=True
    )
    return ordered.drop(columns="place").astype({"inside": "boolean", "order": "boolean"})


def _beside(row: Mapping[Hashable, Any], figure: str, ours: float, printed: float) -> dict[str, Any]:
    mask = bool(np.isfinite(row["low"]))
    return {
        **{name: row[name] for name in ("classifier", "grouping", "group", "emotion")},
        "figure": figure,
        "n": row["n"],
        "labels": row["labels"],
        "predictions": row["predictions"],
        "this_study": ours,
        "low": row["low"],
        "high": row["high"] if mask else np.nan,
        "printed": float(printed),
        "difference": ours - printed,
        "inside": bool(row["low"] <= printed <= row["high"]) if mask else None,
    }


def _ordered(table: pd.DataFrame) -> "pd.Series[Any]":
    """Whether the two groups of a figure come in the printed order."""
    order = pd.Series(None, table.index, dtype=object)
    for _, rows in table.groupby(["classifier", "grouping", "emotion", "figure"], sort=False):
        if len(rows) == 2:
            ours, printed = (
                float(np.diff(rows[column].to_numpy(np.float64))[0]) for column in ("this_study", "printed")
            )
            if ours and printed and np.isfinite(ours):
                order.loc[rows.index] = bool(np.sign(ours) == np.sign(printed))
    return order
