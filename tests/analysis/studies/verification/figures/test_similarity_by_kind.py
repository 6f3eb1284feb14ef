import numpy as np
import pandas as pd

from analysis.studies.verification.figures import kinds
from analysis.studies.verification.figures.similarity_by_kind import similarity_by_kind

DISTRIBUTION = pd.DataFrame(
    [
        ("positive", 0, 50, 2, 0.25),
        ("positive", 50, 100, 6, 0.75),
        ("negative", 0, 50, 4, 1.0),
        ("negative", 50, 100, 0, 0.0),
        ("of_a$plugin", 0, 50, 1, 1.0),
        ("of_a$plugin", 50, 100, 0, 0.0),
    ],
    columns=["kind", "from", "to", "n", "share"],
)


def lines(figure):
    return {line.get_label(): line for line in figure.axes[0].get_lines()}


def test_a_line_per_kind_with_the_share_of_each_bin_at_its_middle():
    drawn = lines(similarity_by_kind(DISTRIBUTION, source="human"))
    assert list(drawn) == ["positive (n = 8)", "negative (n = 4)", r"of_a\$plugin (n = 1)"]
    assert np.column_stack(drawn["positive (n = 8)"].get_data()).tolist() == [[25, 25], [75, 75]]
    assert np.column_stack(drawn["negative (n = 4)"].get_data()).tolist() == [[25, 100], [75, 0]]


def test_kinds_have_their_color_and_marker():
    drawn = lines(similarity_by_kind(DISTRIBUTION, source="human"))
    assert drawn["negative (n = 4)"].get_color() == kinds.KIND_COLORS["negative"]
    assert drawn["negative (n = 4)"].get_marker() == kinds.KIND_MARKERS["negative"]


def test_simulated_ratings_are_named():
    assert similarity_by_kind(DISTRIBUTION, source="simulated").get_suptitle() == "simulated ratings"


def test_no_ratings_are_drawn_as_nothing():
    assert lines(similarity_by_kind(DISTRIBUTION.head(0), source=None)) == {}
