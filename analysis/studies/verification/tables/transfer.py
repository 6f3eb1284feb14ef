"""Transfer: distances and decisions of other recognizers on samples that were optimized against one."""

from typing import Any

import numpy as np
import pandas as pd

from analysis.errors import MissingDataError
from analysis.frames import Table
from analysis.inference import rate
from analysis.studies.verification import data


def transfer(pairs: Table, target: str | None = None) -> pd.DataFrame:
    """Accept rates of the optimized pairs, by level, whether the search reached it (null where the dataset does not
    say), and recognizer.

    target: the recognizer that the searches ran against; where it is left out, the one whose distance is at most the
    level in all pairs that reached theirs, if there is just one.

    Columns: level, reached, recognizer, is_target (null where the target is not known), n (acquired pairs), failures
    (pairs not acquired, in no other column), distance_mean, accept_rate, low, high, interval (how it was made, or why
    there is none), reason (why they are NaN).

    Raises:
        MissingDataError: there are no optimized pairs, or no recognizer.
    """
    scored = data.frame(pairs)
    optimized = scored[scored["kind"] == "optimized"]
    names = data.recognizers(scored)
    if optimized.empty or not names:
        raise MissingDataError("the dataset has no optimized pairs" if names else "the dataset has no recognizer")
    target = target or _target(optimized, names)
    rows: list[dict[str, Any]] = []
    optimized = optimized.assign(reached=optimized["reached"].astype("boolean"))
    for (level, reached), cell in optimized.groupby(["level", "reached"], dropna=False):
        for name in names:
            row = {"level": level, "reached": reached, "recognizer": name}
            row["is_target"] = name == target if target else None
            rows.append(row | _accepted(cell, name))
    return pd.DataFrame(rows).astype({"is_target": "boolean", "reached": "boolean"})


def _target(optimized: pd.DataFrame, names: list[str]) -> str | None:
    reached = optimized[optimized["reached"].eq(True).fillna(False)]
    fitting = [name for name in names if (reached[f"{name}_distance"] <= reached["level"] + 1e-6).all()]
    return fitting[0] if len(fitting) == 1 and len(reached) else None


def _accepted(cell: pd.DataFrame, name: str) -> dict[str, Any]:
    accept = cell[f"{name}_accept"].dropna().astype(bool)
    interval = rate(accept.to_numpy().astype(np.float64), cell.loc[accept.index, list(data.UNITS)])
    return {
        "n": len(accept),
        "failures": len(cell) - len(accept),
        "distance_mean": cell[f"{name}_distance"].mean(),
        "accept_rate": float(accept.mean()) if len(accept) else np.nan,
        **interval.columns(),
        "reason": "" if len(accept) else "no pair was acquired",
    }
