"""Power: the faces that an interval of a wanted width needs."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from analysis.inference import CONFIDENCE
from analysis.studies.expression.tables.measured import ACCURACY, Measured

WIDTHS = (0.2, 0.1, 0.05)
"""Wanted widths of an interval of a rate."""

OWN, HALF = "its own width", "a rate of one half"


def faces_needed(measures: Iterable[Measured]) -> pd.DataFrame:
    """The faces that a cell needs for a 95 % interval of a rate that is so wide, from the width that it has now.

    The width falls with the root of the number of faces, n (width / wanted)^2 being needed, where new faces come as
    the ones that there are: as many a unit, with as many raters. How far faces of a unit go together is in the width.
    Where a rate is near 0 or 1 its interval is conservative, and fewer may do. A cell without an interval is taken to
    have a rate of one half and independent faces.

    Columns: classifier, grouping, group, emotion, rate, n, labels, predictions (as in `rates`), value, width (now), by
    (what the rest follows from), faces_for_0.2, faces_for_0.1, faces_for_0.05.
    """
    reach = float(stats.norm.ppf((1 + CONFIDENCE) / 2))
    rows: list[dict[str, Any]] = []
    for each in measures:
        if each.rate != ACCURACY:
            width = each.value.high - each.value.low
            mask = bool(np.isfinite(width))
            row: dict[str, Any] = {"classifier": each.classifier, "grouping": each.grouping, "group": each.group}
            row |= {"emotion": each.emotion, "rate": each.rate, "n": each.n, "labels": each.labels}
            row |= {"predictions": each.predictions, "value": each.value.estimate}
            row |= {"width": width, "by": OWN if mask else HALF}
            squares = each.n * width**2 if mask else reach**2
            rows.append(row | {f"faces_for_{each_width:g}": _whole(squares / each_width**2) for each_width in WIDTHS})
    return pd.DataFrame(rows)


def _whole(n: float) -> float:
    return float(np.ceil(n - 1e-9))
