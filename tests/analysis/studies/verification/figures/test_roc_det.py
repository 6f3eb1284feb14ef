import numpy as np
import pandas as pd
import pytest

from analysis.figures import style
from analysis.studies.verification.figures.det import LEAST, det
from analysis.studies.verification.figures.roc import at_threshold, roc

CURVES = pd.DataFrame(
    [
        ("dlib", 0.0, 0.0, 1.0),
        ("dlib", 0.4, 0.02, 0.5),
        ("dlib", 0.6, 0.16, 0.1),
        ("dlib", 0.9, 1.0, 0.0),
        ("other", 1.0, 0.0, 1.0),
        ("other", 2.0, 0.5, 0.5),
        ("other", 3.0, 1.0, 0.0),
    ],
    columns=["recognizer", "threshold", "false_accept_rate", "false_reject_rate"],
)
THRESHOLDS = {"dlib": 0.6, "other": np.nan}


def lines(figure):
    return {line.get_label(): np.column_stack(line.get_data()) for line in figure.axes[0].get_lines()}


def dots(figure):
    return [np.column_stack(line.get_data())[0] for line in figure.axes[0].get_lines() if line.get_marker() == "o"]


def test_roc_is_true_accepts_against_false_accepts():
    drawn = lines(roc(CURVES, THRESHOLDS, source="human"))
    np.testing.assert_allclose(drawn["dlib"], [[0, 0], [0.02, 0.5], [0.16, 0.9], [1, 1]])
    np.testing.assert_allclose(drawn["other"], [[0, 0], [0.5, 0.5], [1, 1]])


def test_a_dot_where_the_default_threshold_is_and_none_where_it_is_not_known():
    assert np.concatenate(dots(roc(CURVES, THRESHOLDS, source=None))) == pytest.approx([0.16, 0.9])


def test_the_threshold_between_two_rows_accepts_what_the_lower_accepts():
    curve = CURVES[CURVES["recognizer"] == "dlib"]
    assert at_threshold(curve, 0.59)["false_accept_rate"] == 0.02
    assert at_threshold(curve, 0.6)["false_accept_rate"] == 0.16
    # a distance stored in float32 that is the threshold is accepted
    assert at_threshold(curve.assign(threshold=curve["threshold"].astype("float32")), 0.6)["false_accept_rate"] == 0.16
    assert at_threshold(curve, -1) is None


def test_det_is_in_normal_deviates():
    drawn = lines(det(CURVES, THRESHOLDS, source="human"))
    # textbook quantiles of the standard normal: 2.28 % is -2, 15.87 % is -1, half is 0
    assert drawn["dlib"][1] == pytest.approx([-2.0537, 0], abs=1e-3)
    assert drawn["dlib"][2] == pytest.approx([-0.9945, -1.2816], abs=1e-3)
    assert np.isfinite(drawn["dlib"]).all()
    assert np.concatenate(dots(det(CURVES, THRESHOLDS, source=None))) == pytest.approx(drawn["dlib"][2])


def test_det_labels_its_axes_in_percent_where_the_deviates_are():
    axes = det(CURVES, THRESHOLDS, source="human").axes[0]
    ticks = dict(zip([tick.get_text() for tick in axes.get_xticklabels()], axes.get_xticks(), strict=True))
    assert ticks["20"] == pytest.approx(-0.8416, abs=1e-3)
    assert min(map(float, ticks)) > LEAST * 100


@pytest.mark.parametrize("draw", [roc, det])
def test_recognizers_differ_by_color_and_dashes(draw):
    by_name = {line.get_label(): line for line in draw(CURVES, THRESHOLDS, source="simulated").axes[0].get_lines()}
    assert by_name["dlib"].get_color() != by_name["other"].get_color()
    assert by_name["dlib"].get_linestyle() != by_name["other"].get_linestyle()
    assert by_name["dlib"].get_color() == style.PALETTE[0]


@pytest.mark.parametrize("draw", [roc, det])
def test_simulated_ratings_are_named(draw):
    assert draw(CURVES, THRESHOLDS, source="simulated").get_suptitle() == "simulated ratings"
