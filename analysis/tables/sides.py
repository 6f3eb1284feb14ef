"""Whether answers depend on the side on which the first of two images stood."""

from typing import Any

import numpy as np
import pandas as pd

from analysis.errors import MissingDataError
from analysis.tables.answers import Answers
from analysis.tables.drift import slope_within, with_columns

SIDE, RIGHT = "side", "right"
"""The column of ratings, and its value for a first image on the right."""


def has_sides(answers: Answers) -> bool:
    """Whether any rating says on which side the first image stood."""
    return SIDE in answers.ratings and bool(answers.ratings[SIDE].notna().any())


def sides(answers: Answers) -> pd.DataFrame:
    """The difference that the side makes for each answer: first image on the right less first image on the left.

    Within persons and items, by least squares with both as fixed effects, so that neither who answers nor what is asked
    about counts. An answer itself says something of the first image and the second, wherever they stood: nothing is
    turned round in other tables.

    Columns: figure (a question, or an option of one), n (answers), n_right (those with the first image on the right),
    difference, low, high, interval, p (that there is none), reason.

    Raises:
        MissingDataError: the ratings do not say where the images stood.
    """
    if not has_sides(answers):
        raise MissingDataError("the ratings do not say on which side the images stood")
    joined = with_columns(answers, SIDE)
    rows: list[dict[str, Any]] = []
    for figure, _, numbers in answers.figures(joined):
        cases = joined.assign(value=numbers.to_numpy(np.float64, na_value=np.nan)).dropna(subset=["value", SIDE])
        right = cases[SIDE].eq(RIGHT).to_numpy().astype(np.float64)
        line = slope_within(cases, answers.key, right, answers.units, "every item had one side alone")
        counts = {"figure": figure, "n": len(cases), "n_right": int(right.sum())}
        rows.append(counts | {"difference": line.pop("slope")} | line)
    return pd.DataFrame(rows)
