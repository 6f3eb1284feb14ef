"""Whether a manipulation reached more than noise of the same size did."""

import numpy as np
import pandas as pd

from analysis.errors import MissingDataError
from analysis.inference import holm, jackknife, weighted_mean
from analysis.studies.explanation.data import UNITS, Explanations
from analysis.studies.explanation.tried import CELL, tried

_SIGN = {"high": 1.0, "low": -1.0}


def beyond_noise(of: Explanations) -> pd.DataFrame:
    """The gain of every setting of every manipulation beside that of its no-op, picture by picture.

    Columns: those of `tried.CELL`, goal (in words), wanted, n (pictures), gain and no_op_gain (means of how far the
    goal went in the wanted direction), difference, low, high, interval, p, better (share of pictures of which the
    manipulation gained more), median, lowest, highest (of the batches' mean differences; each batch has a seed of its
    own), p_holm (all rows are one family).

    Raises:
        MissingDataError: nothing was manipulated, or no goal is defined.
    """
    rows = tried(of).dropna(subset=["goal_before", "goal_after"])
    sign = rows["wanted"].astype(str).map(_SIGN)
    rows = rows.assign(gain=sign * (rows["goal_after"] - rows["goal_before"]))
    lines = []
    for key, cell in rows.groupby(CELL, sort=False):
        wide = cell.pivot_table(index=["batch", "image_id"], columns="version", values="gain").reset_index()
        if not {"manipulated", "no_op"} <= set(wide):
            continue
        both = wide.dropna(subset=["manipulated", "no_op"])
        difference = (both["manipulated"] - both["no_op"]).to_numpy(np.float64)
        interval = jackknife(weighted_mean(difference), both[UNITS], null=0.0)
        by_batch = pd.Series(difference).groupby(both["batch"].to_numpy()).mean()
        lines.append(
            dict(zip(CELL, key, strict=True))
            | {"goal": cell["goal"].iloc[0], "wanted": cell["wanted"].iloc[0], "n": len(both)}
            | {"gain": both["manipulated"].mean(), "no_op_gain": both["no_op"].mean(), "difference": interval.estimate}
            | {**interval.columns(), "p": interval.p, "better": float((difference > 0).mean())}
            | {"median": by_batch.median(), "lowest": by_batch.min(), "highest": by_batch.max()}
        )
    if not lines:
        raise MissingDataError("no goal of a manipulation is defined")
    table = pd.DataFrame(lines)
    return table.assign(p_holm=holm(table["p"].to_numpy(np.float64)))
