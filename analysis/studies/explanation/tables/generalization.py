"""Whether a manipulation of the model holds for pictures that did not train it, near to those that did and far away."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from analysis.errors import MissingDataError
from analysis.inference import jackknife, weighted_mean
from analysis.studies.explanation.data import UNITS, Explanations
from analysis.studies.explanation.tried import CELL, tried

TRAINING, NEAR, FAR = "training", "near", "far"


def generalization(of: Explanations) -> pd.DataFrame:
    """The goal of every setting of every manipulation of a model, and of its no-op, by how far pictures are from those
    that trained it.

    Columns: those of `tried.CELL`, version, pictures (`training`: some that trained the model; `near` and `far`: the
    others up to the median distance and beyond), n (pictures), distance (mean), goal (in words), wanted, goal_before,
    goal_after (means), low, high, interval (of goal_after).

    Raises:
        MissingDataError: no model was manipulated.
    """
    rows = tried(of)
    if "distance" in rows:
        rows = rows.dropna(subset=["distance", "goal_after"])
    if "distance" not in rows or rows.empty:
        raise MissingDataError("no model was manipulated, so that there are no pictures that trained it")
    made: list[dict[str, Any]] = []
    for key, cell in rows.groupby([*CELL, "version"], sort=False):
        names = dict(zip((*CELL, "version"), key, strict=True))
        names |= {name: cell[name].iloc[0] for name in ("goal", "wanted")}
        made += [names | part for part in _parts(cell)]
    order = [*CELL, "version", "pictures", "n", "distance", "goal", "wanted", "goal_before", "goal_after"]
    return pd.DataFrame(made)[[*order, "low", "high", "interval"]]


def _parts(cell: pd.DataFrame) -> Iterator[dict[str, Any]]:
    of_training = cell.drop_duplicates(["batch", "run"])
    goals = {name: of_training[f"trained_{name}"].mean() for name in ("goal_before", "goal_after")}
    yield {"pictures": TRAINING, "n": len(cell), "distance": 0.0, **goals, "interval": "means of batches alone"}
    far = cell["distance"] > cell["distance"].median()
    for name, part in ((NEAR, cell[~far]), (FAR, cell[far])):
        if part.empty:
            continue
        interval = jackknife(weighted_mean(part["goal_after"].to_numpy(np.float64)), part[UNITS])
        goals = {"goal_before": part["goal_before"].mean(), "goal_after": interval.estimate}
        yield {"pictures": name, "n": len(part), "distance": part["distance"].mean(), **goals, **interval.columns()}
