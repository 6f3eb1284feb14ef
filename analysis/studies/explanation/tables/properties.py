"""All that a manipulation did, side by side, and beside it its no-op."""

from typing import Any

import pandas as pd

from analysis.errors import MissingDataError
from analysis.studies.explanation.data import Explanations
from analysis.studies.explanation.tried import CELL, NOTHING, likenesses, tried

LIKENESS = "spearman_absolute"
"""The measure of how alike the maps are of the explainer that is manipulated."""


def properties(of: Explanations) -> pd.DataFrame:
    """The properties of every setting of every manipulation, in a row each for it and for its no-op.

    Columns: those of `tried.CELL`, version, pictures, batches (each with a seed of its own), reached and same_class
    (shares), probability_change, l_inf, l_2, lpips (means), goal (in words), wanted, goal_before, goal_after (means),
    median, lowest, highest (of goal_after, of the batches' means), likeness (mean of Spearman's correlation of absolute
    values with the map as it was), likeness_wanted, fsr (the fooling success rate, a share; NaN of what is to change
    the class), fooled_below (its threshold of likeness; NaN where none decides), steps (that the search or the training
    lines) and parameters_changed (means over batches).

    Raises:
        MissingDataError: nothing was manipulated.
    """
    rows, alike = tried(of), likenesses(of)
    own = alike[(alike["measure"] == LIKENESS) & (alike["of"] == alike["explainer"])]
    likeness = own.groupby([*CELL, "version"])["value"].mean()
    lines = []
    for key, cell in rows.groupby([*CELL, "version"], sort=False):
        names = dict(zip((*CELL, "version"), key, strict=True))
        lines.append(names | _properties(cell) | {"likeness": likeness.get(key)})
    order = [*CELL, "version", "pictures", "batches", "reached", "same_class", "probability_change", "l_inf", "l_2"]
    order += ["lpips", "goal", "wanted", "goal_before", "goal_after", "median", "lowest", "highest", "likeness"]
    return pd.DataFrame(lines)[[*order, "likeness_wanted", "fsr", "fooled_below", "steps", "parameters_changed"]]


def _properties(cell: pd.DataFrame) -> dict[str, Any]:
    by_batch = cell.groupby("batch")["goal_after"].mean()
    means = (
        "reached",
        "same_class",
        "probability_change",
        "l_inf",
        "l_2",
        "lpips",
        "goal_before",
        "goal_after",
    )
    of_batches = cell.drop_duplicates(["batch", "run"])
    return {
        "pictures": len(cell),
        "batches": cell["batch"].nunique(),
        **{name: cell[name].astype("float64").mean() for name in means},
        **{name: cell[name].iloc[0] for name in ("goal", "wanted", "likeness_wanted")},
        "fsr": cell["fooled"].astype("float64").mean() if "fooled" in cell else None,
        "fooled_below": cell["fooled_below"].iloc[0],
        "steps": of_batches["effort"].astype("float64").mean(),
        "parameters_changed": of_batches["parameters_changed"].astype("float64").mean(),
        "median": by_batch.median(),
        "lowest": by_batch.min(),
        "highest": by_batch.max(),
    }


def settings_tried(of: Explanations) -> pd.DataFrame:
    """The published table `runs`, with the losses as words.

    Raises:
        MissingDataError: nothing was manipulated.
    """
    runs = of.tables.get("runs")
    if runs is None or runs.empty:
        raise MissingDataError(NOTHING)
    return runs.assign(losses=[" ".join(f"{value:.4g}" for value in each) for each in runs["losses"]])
