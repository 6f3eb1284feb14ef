import pytest
from matplotlib.collections import LineCollection, PathCollection

from analysis.studies.verification.figures.distances_by_kind import JITTER, distances_by_kind


def test_a_column_per_kind_and_level_with_its_pairs_and_median(pairs):
    axes = distances_by_kind(pairs, "dlib", 0.6, source="simulated").axes[0]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == [
        "genuine",
        "positive 0.2",
        "positive 0.4",
        "negative",
        "interpolation 0.25",
        "interpolation 0.75",
        "optimized 0.5",
    ]
    columns = [each.get_offsets().tolist() for each in axes.collections if isinstance(each, PathCollection)]
    assert columns[4] == [[4 - JITTER, 0.35], [4 + JITTER, 0.45]]
    assert columns[3] == [[3, 0.7]]  # without the pair in which no face was found
    medians = [each.get_segments()[0][0][1] for each in axes.collections if isinstance(each, LineCollection)]
    assert medians == pytest.approx([0, 0.3, 0.4, 0.7, 0.4, 0.65, 0.5])


def test_the_threshold_is_a_line_at_its_distance(pairs):
    (line,) = distances_by_kind(pairs, "dlib", 0.6, source=None).axes[0].get_lines()
    assert list(line.get_ydata()) == [0.6, 0.6]


def test_nothing_found_is_drawn_as_nothing(pairs):
    pairs["dlib_distance"] = float("nan")
    assert not distances_by_kind(pairs, "dlib", None, source=None).axes[0].collections
