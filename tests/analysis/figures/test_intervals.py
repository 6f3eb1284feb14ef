"""The figures that are made of values with intervals, and how those are drawn."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import LineCollection

from analysis.figures import style
from analysis.figures.groups import groups
from analysis.figures.intervals import draw_intervals
from analysis.figures.people_agreement import people_agreement
from analysis.figures.strategies import strategies
from analysis.studies.verification.figures.correlations import correlations
from analysis.studies.verification.figures.error_rates import error_rates
from analysis.studies.verification.figures.transfer import transfer


def frame(columns, *rows):
    return pd.DataFrame(list(rows), columns=columns.split())


def rows_of(axes):
    return [tick.get_text() for tick in axes.get_yticklabels()]


def markers(axes):
    """Value and row of every marker, by the label of its series."""
    drawn = {line.get_label(): line for line in axes.get_lines() if line.get_linestyle() == "None"}
    return {name: list(zip(*map(list, line.get_data()), strict=True)) for name, line in drawn.items()}


def test_values_and_intervals_are_where_they_belong():
    table = frame("what who value low high", ("a", "x", 1, 0.5, 2), ("b", "x", 3, 2, 5), ("b", "y", 4, np.nan, np.nan))
    axes = style.new_figure(4, 3).subplots()
    draw_intervals(axes, table, "what", "who")
    assert rows_of(axes) == ["a", "b"]
    assert axes.yaxis_inverted()  # the first on top
    drawn = markers(axes)
    assert [value for value, _ in drawn["x"]] == [1, 3]
    assert [value for value, _ in drawn["y"]] == [4]
    (_, above), (_, below) = drawn["x"][1], drawn["y"][0]
    assert above < 1 < below  # side by side in the row of b
    bars = [each.get_segments() for each in axes.collections if isinstance(each, LineCollection)]
    assert [[point[0] for point in segment] for segment in bars[0]] == [[0.5, 2], [2, 5]]


def test_series_differ_by_color_and_marker():
    table = frame("what who value", *(("a", name, 1) for name in "uvwxyz"))
    axes = style.new_figure(4, 3).subplots()
    draw_intervals(axes, table, "what", "who")
    looks = {(line.get_color(), line.get_marker()) for line in axes.get_lines()}
    assert len({color for color, _ in looks}) == len({marker for _, marker in looks}) == 6


def test_a_row_without_a_value_leaves_its_place_empty():
    table = frame("what value low high", ("a", np.nan, np.nan, np.nan), ("b", 1, 0, 2))
    axes = style.new_figure(4, 3).subplots()
    draw_intervals(axes, table, "what")
    assert rows_of(axes) == ["a", "b"]
    assert [tuple(each) for each in markers(axes).popitem()[1]] == [(1, 1)]


ERROR_RATES = frame(
    "recognizer kind rate value low high",
    ("dlib", "negative", "false accept", 0.1, 0.02, 0.3),
    ("dlib", "positive", "false reject", 0.2, 0.1, 0.4),
    ("other", "negative", "false accept", 0.3, 0.2, 0.5),
)


def test_error_rates_have_a_panel_per_rate():
    accept, reject = error_rates(ERROR_RATES, source="human").axes
    assert (accept.get_xlabel(), reject.get_xlabel()) == ("false accept rate", "false reject rate")
    assert {name: points[0][0] for name, points in markers(accept).items()} == {"dlib": 0.1, "other": 0.3}
    assert {name: points[0][0] for name, points in markers(reject).items()} == {"dlib": 0.2}


TRANSFER = frame(
    "level reached recognizer is_target accept_rate low high",
    (0.3, True, "dlib", True, 1.0, 0.9, 1.0),
    (0.3, True, "other", False, 0.4, 0.3, 0.5),
    (0.3, False, "dlib", True, 0.0, 0.0, 0.5),
    (np.nan, None, "dlib", True, 0.9, 0.8, 1.0),
)


def test_transfer_names_target_levels_and_what_was_missed():
    (axes,) = transfer(TRANSFER, source=None).axes
    assert rows_of(axes) == ["0.3, reached", "0.3, missed", "all, reached unknown"]
    assert set(markers(axes)) == {"dlib (target)", "other"}


CORRELATIONS = frame(
    "kind measure pearson low high",
    ("positive", "dlib", -0.4, -0.6, -0.2),
    ("all", "dlib", -0.7, -0.8, -0.6),
    ("all", "latent_l2", np.nan, np.nan, np.nan),
)


def test_correlations_have_a_row_per_measure():
    (axes,) = correlations(CORRELATIONS, source=None).axes
    assert rows_of(axes) == ["dlib", "latent L2"]
    assert {name: points[0][0] for name, points in markers(axes).items() if points} == {"positive": -0.4, "all": -0.7}
    assert axes.get_xlim() == (-1.05, 1.05)


GROUPS = frame(
    "group merged recognizer rate value low high",
    ("a", False, "dlib", "accept", 0.5, 0.4, 0.6),
    ("others", True, "dlib", "accept", 0.7, 0.2, 0.9),
)


def test_merged_groups_are_marked():
    (axes,) = groups(GROUPS, "rate", "recognizer", source=None).axes
    assert rows_of(axes) == ["a", "others (merged)"]
    assert axes.get_xlabel() == "accept rate"


STRATEGIES = frame(
    "question feature share low high",
    ("similarity", "hair", 0.2, 0.1, 0.4),
    ("similarity", "eyes", 0.5, 0.3, 0.7),
    ("similarity", "ears", 0.0, 0.0, 0.2),
    ("identity", "eyes", 0.6, 0.4, 0.8),
)


def test_the_feature_named_most_is_on_top():
    (axes,) = strategies(STRATEGIES, source=None).axes
    assert rows_of(axes) == ["eyes", "hair"]
    drawn = markers(axes)
    assert [value for value, _ in drawn["similarity"]] == [0.5, 0.2]
    assert [value for value, _ in drawn["identity"]] == [0.6]


AGREEMENT = frame(
    "statistic question scope value low high",
    ("Krippendorff's alpha", "similarity", "all", 0.6, 0.5, 0.7),
    ("ICC(2,k)", "similarity", "batch 0", 0.9, 0.8, 0.95),
)
RATERS = frame("similarity_pearson identity_agreement", (0.8, 0.9), (0.2, 0.5), (np.nan, 0.4))


def test_statistics_left_and_raters_right():
    above, below, right = people_agreement(AGREEMENT, RATERS, source=None).axes
    assert (rows_of(above), rows_of(below)) == (["Krippendorff's alpha"], ["ICC(2,k), batch 0"])
    (dots,) = right.get_lines()
    assert list(dots.get_xdata())[:2] == [0.8, 0.2]
    assert "n = 3" in right.get_title(loc="left")


@pytest.mark.parametrize(
    "draw",
    [
        lambda: error_rates(ERROR_RATES, source="simulated"),
        lambda: transfer(TRANSFER, source="simulated"),
        lambda: correlations(CORRELATIONS, source="simulated"),
        lambda: groups(GROUPS, "rate", "recognizer", source="simulated"),
        lambda: strategies(STRATEGIES, source="simulated"),
        lambda: people_agreement(AGREEMENT, RATERS, source="simulated"),
    ],
    ids=["error_rates", "transfer", "correlations", "groups", "strategies", "people_agreement"],
)
def test_simulated_ratings_are_named(draw):
    assert draw().get_suptitle() == "simulated ratings"
