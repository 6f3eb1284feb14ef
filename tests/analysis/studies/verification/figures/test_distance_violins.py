import numpy as np
import pytest
from matplotlib.collections import LineCollection, PolyCollection

from analysis.studies.verification.figures.distance_violins import (
    WIDEST,
    decisions,
    distance_violins,
    interpolation_violins,
)


def halves(figure):
    """Left and right edge of each half violin, in the order drawn."""
    found = [each for each in figure.axes[0].collections if isinstance(each, PolyCollection)]
    return [(path[:, 0].min(), path[:, 0].max()) for path in (each.get_paths()[0].vertices for each in found)]


def labels(figure):
    return [tick.get_text() for tick in figure.axes[0].get_xticklabels()]


def test_every_rating_counts_once(pairs):
    same, different = decisions(pairs[pairs["kind"] == "interpolation"], "dlib")
    assert sorted(same) == pytest.approx([0.35, 0.35, 0.35, 0.45, 0.65])
    assert sorted(different) == pytest.approx([0.35, 0.45, 0.45, 0.45, 0.65, 0.65, 0.65])


def test_a_violin_per_kind_with_its_counts(pairs):
    figure = distance_violins(pairs, "dlib", 0.6, source="human")
    assert labels(figure) == [
        "genuine\n4 | 0",
        "positive\n5 | 3",
        "negative\n0 | 4",  # the pair in which no face was found has no distance
        "interpolation\n5 | 7",
        "optimized\n0 | 4",
    ]


def test_same_is_left_and_different_right_and_width_grows_with_the_count(pairs):
    drawn = halves(distance_violins(pairs, "dlib", 0.6, source="human"))
    # genuine, negative and optimized are one distance each: lines, no densities
    assert len(drawn) == 4
    for (left, right), place, count, side in zip(drawn, [1, 1, 3, 3], [5, 3, 5, 7], ["low", "high"] * 2, strict=True):
        width = WIDEST * count / 7 / 2
        if side == "low":
            assert (left, right) == pytest.approx((place - width, place), abs=1e-6)
        else:
            assert (left, right) == pytest.approx((place, place + width), abs=1e-6)


def test_one_distance_alone_is_a_line(pairs):
    figure = distance_violins(pairs, "dlib", 0.6, source="human")
    drawn = [each.get_segments()[0].tolist() for each in figure.axes[0].collections if isinstance(each, LineCollection)]
    assert drawn[0] == [[pytest.approx(-WIDEST * 4 / 7 / 2), 0.0], [0.0, 0.0]]
    assert [segment[0][1] for segment in drawn] == [0.0, 0.7, 0.5]


def test_the_threshold_is_a_line_at_its_distance(pairs):
    (line,) = distance_violins(pairs, "dlib", 0.6, source="human").axes[0].get_lines()
    assert list(line.get_ydata()) == [0.6, 0.6]


def test_interpolations_by_level(pairs):
    figure = interpolation_violins(pairs, "dlib", 0.6, source="simulated")
    assert labels(figure) == ["25%\n4 | 4", "75%\n1 | 3"]
    assert figure.get_suptitle() == "simulated ratings"


def test_nothing_rated_is_drawn_as_nothing(pairs):
    pairs["identity_rate"] = np.nan
    assert not distance_violins(pairs, "dlib", None, source=None).axes[0].collections
