"""The question of identity of a verification study, as the tables that every kind of study shares take a question."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from analysis import frames
from analysis.frames import Table
from analysis.tables.answers import QUESTIONS

_SAME, _DIFFERENT = "genuine", "negative"
"""The kinds whose answer follows from how a pair is made."""


def identity_decisions(pairs: Table, ratings: Table) -> dict[str, Any]:
    """Arguments of `error_consistency`, `confusion` and `accuracy_difference`: who says "same identity" of which pair.

    The reference "construction" is right of genuine pairs (same) and of negative ones (different), and of no other.
    """
    scored, rated = frames.frame(pairs), frames.frame(ratings)
    scored["unit"] = frames.units(scored, rated)
    kind = scored["kind"].astype("str")
    built = kind.map({_SAME: True, _DIFFERENT: False}).astype("boolean")
    return {
        "items": scored.assign(construction=built),
        "ratings": rated,
        "key": "pair_id",
        "question": "identity",
        "decisions": {name: f"{name}_accept" for name in frames.recognizers(scored)},
        "references": {"construction": "construction"},
        "units": frames.UNIT_COLUMNS,
    }


def model_measures(pairs: Table, ratings: Table) -> dict[str, Any]:
    """Arguments of `noise_ceiling`: both questions, every distance, kind by kind."""
    scored, rated = frames.frame(pairs), frames.frame(ratings)
    return {
        "items": scored.assign(unit=frames.units(scored, rated)),
        "ratings": rated,
        "key": "pair_id",
        "questions": QUESTIONS,
        "measures": frames.measures(scored),
        "units": frames.UNIT_COLUMNS,
        "condition": "kind",
    }


def time_margins(pairs: Table, ratings: Table, thresholds: Mapping[str, float]) -> dict[str, Any]:
    """Arguments of `time_by_distance`: how far every distance is from its recognizer's threshold."""
    measured = model_measures(pairs, ratings)
    items, names = measured["items"], [name for name, value in thresholds.items() if np.isfinite(value)]
    names = [name for name in names if f"{name}_distance" in items]
    margins = {name: (items[f"{name}_distance"] - thresholds[name]).abs() for name in names}
    return {name: measured[name] for name in ("ratings", "key", "units")} | {
        "items": items.assign(**margins),
        "margins": names,
    }


def identity_scores(pairs: Table, ratings: Table | None = None) -> dict[str, Any]:
    """Arguments of `calibration`: each recognizer's distance, and how many people see one identity.

    Raises:
        MissingDataError: there are no ratings.
    """
    rated: pd.DataFrame = frames.rated(pairs, ratings)
    return {
        "items": rated,
        "scores": {name: f"{name}_distance" for name in frames.recognizers(rated)},
        "rate": "identity_rate",
        "answers": "n_identity",
        "units": frames.UNIT_COLUMNS,
    }
