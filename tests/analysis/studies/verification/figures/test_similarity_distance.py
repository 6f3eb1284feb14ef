import numpy as np
import pytest
from matplotlib.collections import PathCollection

from analysis.studies.verification.figures.similarity_distance import LARGEST, SMALLEST, areas, similarity_distance


def markers(figure):
    return {each.get_label(): each for each in figure.axes[0].collections if isinstance(each, PathCollection)}


def test_a_marker_per_pair_at_its_distance_and_similarity(pairs):
    drawn = markers(similarity_distance(pairs, "dlib", 0.6, source="human"))
    assert list(drawn) == [
        "genuine (n = 1)",
        "positive (n = 2)",
        "negative (n = 1)",  # in the other no face was found
        "interpolation (n = 3)",
        "optimized (n = 1)",
    ]
    assert drawn["positive (n = 2)"].get_offsets().tolist() == [[0.3, 80], [0.4, 60]]
    colors = {tuple(each.get_facecolor()[0]) for each in drawn.values()}
    shapes = {each.get_paths()[0].vertices.tobytes() for each in drawn.values()}
    assert len(colors) == len(shapes) == 5


def test_area_is_linear_in_latent_distance(pairs):
    found = areas(pairs)
    assert found.min() == SMALLEST  # latent distance 0
    assert found.max() == LARGEST  # 12, the largest
    assert found[2] == pytest.approx(SMALLEST + (LARGEST - SMALLEST) * 4 / 12)
    assert (areas(pairs.drop(columns="latent_l2")) == SMALLEST).all()


def test_the_threshold_is_a_line_at_its_distance(pairs):
    (line,) = similarity_distance(pairs, "dlib", 0.6, source="human").axes[0].get_lines()
    assert list(line.get_xdata()) == [0.6, 0.6]
    assert line.get_label() == "threshold 0.6"


def test_an_unknown_threshold_is_no_line(pairs):
    for unknown in (None, np.nan):
        assert not similarity_distance(pairs, "dlib", unknown, source="human").axes[0].get_lines()


def test_simulated_ratings_are_named(pairs):
    assert similarity_distance(pairs, "dlib", 0.6, source="simulated").get_suptitle() == "simulated ratings"
