"""Whether a manipulation of one explainer's maps changes those of others, too."""

import numpy as np
import pandas as pd

from analysis.errors import MissingDataError
from analysis.inference import jackknife, weighted_mean
from analysis.studies.explanation.data import UNITS, Explanations
from analysis.studies.explanation.tried import CELL, NOTHING, likenesses


def transfer(of: Explanations) -> pd.DataFrame:
    """The likeness of the maps of every explainer to what they were, after every setting of every manipulation.

    Columns: those of `tried.CELL`, of (the explainer whose maps are compared), measure, n (pictures of which it is
    defined after both), manipulated and no_op (means), difference (the first less the second), low, high, interval. The
    measure `hidden` is of manipulations that change the class alone.

    Raises:
        MissingDataError: nothing was manipulated.
    """
    lines = []
    for key, cell in likenesses(of).groupby([*CELL, "of", "measure"], sort=False):
        wide = cell.pivot_table(index=["batch", "image_id"], columns="version", values="value").reset_index()
        if not {"manipulated", "no_op"} <= set(wide):
            continue
        both = wide.dropna(subset=["manipulated", "no_op"])
        if both.empty:
            continue
        interval = jackknife(weighted_mean((both["manipulated"] - both["no_op"]).to_numpy(np.float64)), both[UNITS])
        means = {name: both[name].mean() for name in ("manipulated", "no_op")}
        names = dict(zip((*CELL, "of", "measure"), key, strict=True))
        lines.append(names | {"n": len(both)} | means | {"difference": interval.estimate, **interval.columns()})
    if not lines:
        raise MissingDataError(NOTHING)
    return pd.DataFrame(lines)
