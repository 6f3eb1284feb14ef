"""The explanation that people would trust: of the picture as it is, or of the changed one."""

import numpy as np
import pandas as pd

from analysis.errors import MissingDataError
from analysis.inference import rate
from analysis.studies.explanation.data import TRUST, Explanations

ALL = "all"


def trusted(of: Explanations) -> pd.DataFrame:
    """The share of answers that trust the map of the changed picture, 1/2 by chance.

    Columns: manipulation ("all", or one), kind (manipulated or no_op), n (items), n_answers, share, low, high,
    interval.

    Raises:
        MissingDataError: nobody was asked.
    """
    answers = of.about(TRUST)
    joined = answers.joined().dropna(subset=TRUST)
    rows = joined.merge(answers.items[[answers.key, "manipulation", "side"]], on=answers.key)
    if rows.empty:
        raise MissingDataError("nobody was asked which explanation they would trust")
    rows = rows.assign(changed=(rows[TRUST].astype(str) == rows["side"].astype(str)).astype("float64"))
    of_all = rows.assign(manipulation=ALL)
    lines = []
    for (manipulation, kind), cell in pd.concat([of_all, rows]).groupby(
        ["manipulation", "kind"], sort=False, observed=True
    ):
        interval = rate(cell["changed"].to_numpy(np.float64), cell[list(answers.units)])
        counted = {"n": cell[answers.key].nunique(), "n_answers": len(cell), "share": interval.estimate}
        lines.append({"manipulation": manipulation, "kind": str(kind)} | counted | interval.columns())
    return pd.DataFrame(lines)
