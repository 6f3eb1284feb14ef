import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import LineCollection

from analysis.studies.verification.figures.calibration import calibration

BINS = pd.DataFrame(
    [
        ("dlib", 0.5, 0.6, 0.4, 0.8, 0.55),
        ("dlib", 0.2, 0.9, 0.7, 1.0, 0.85),
        ("dlib", np.nan, np.nan, np.nan, np.nan, np.nan),
        ("other", 1.0, 0.5, 0.2, 0.8, np.nan),
    ],
    columns=["model", "score_mean", "rate", "low", "high", "logistic"],
)


def test_a_panel_per_recognizer_with_rates_intervals_fit_and_threshold():
    figure = calibration(BINS, {"dlib": 0.6, "other": np.nan}, source="simulated")
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["dlib", "other"]
    first, second = figure.axes
    by_name = {line.get_label(): np.column_stack(line.get_data()).tolist() for line in first.get_lines()}
    assert by_name["people"] == [[0.2, 0.9], [0.5, 0.6]]
    assert by_name["logistic fit"] == [[0.2, 0.85], [0.5, 0.55]]
    assert by_name["threshold 0.6"] == [[0.6, 0.0], [0.6, 1.0]]
    (bars,) = [each for each in first.collections if isinstance(each, LineCollection)]
    assert np.stack(bars.get_segments())[:, :, 1] == pytest.approx(np.array([[0.7, 1.0], [0.4, 0.8]]))
    assert "threshold" not in " ".join(line.get_label() for line in second.get_lines())
    assert figure.get_suptitle() == "simulated ratings"


@pytest.mark.parametrize("recognizers", [1, 2, 3, 5])
def test_any_number_of_recognizers_has_its_panels(recognizers):
    table = pd.concat([BINS[BINS["model"] == "dlib"].assign(model=f"r{n}") for n in range(recognizers)])
    figure = calibration(table, {}, source=None)
    assert sum(axes.axison for axes in figure.axes) == recognizers
