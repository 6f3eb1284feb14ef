import numpy as np
import pandas as pd

from analysis.studies.verification.figures.kinds import KIND_COLORS
from analysis.studies.verification.figures.psychometric import psychometric

ROW = {
    "model": "dlib",
    "from": 0.2,
    "to": 0.8,
    "threshold_low": 0.4,
    "threshold_high": 0.6,
    "slope": 10.0,
    "lapse": 0.02,
}
TABLE = pd.DataFrame(
    [
        ROW | {"condition": "optimized", "threshold": 0.5},
        ROW | {"condition": "positive", "threshold": np.nan},
        ROW | {"condition": "negative", "threshold": 0.6, "threshold_low": np.nan, "threshold_high": np.nan},
    ]
)


def test_a_falling_line_for_each_kind_with_a_function() -> None:
    (axes,) = psychometric(TABLE, source=None).axes
    lines = {line.get_label(): line for line in axes.get_lines() if not line.get_label().startswith("_")}
    assert list(lines) == ["optimized", "negative"]
    score, share = lines["optimized"].get_data()
    assert (score[0], score[-1]) == (0.2, 0.8)
    assert (np.diff(share) < 0).all()
    assert np.interp(0.5, score, share) == 0.5 or abs(np.interp(0.5, score, share) - 0.5) < 1e-3
    assert lines["optimized"].get_color() == KIND_COLORS["optimized"]
    assert axes.get_xlabel() == "distance (dlib)"
