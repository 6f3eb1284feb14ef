import numpy as np
import pandas as pd
import pytest

from analysis.figures.power import power
from analysis.registry import Noun
from analysis.studies.verification.figures.importance import MOST, importance

POWER = pd.DataFrame(
    [
        ("similarity", 5, 10.0, 80),
        ("similarity", 10, 10.0, 50),
        ("similarity", 5, 5.0, 320),
        ("similarity", 10, 5.0, np.nan),
        ("identity", 5, 0.1, 400),
    ],
    columns=["question", "raters", "width", "pairs"],
)


def test_power_has_a_panel_per_question_and_a_line_per_width():
    figure = power(POWER, Noun("pair", "pairs"), source="simulated")
    similarity, identity = figure.axes
    lines = {line.get_label(): np.column_stack(line.get_data()).tolist() for line in similarity.get_lines()}
    assert lines == {"width 5": [[5, 320]], "width 10": [[5, 80], [10, 50]]}
    assert [line.get_label() for line in identity.get_lines()] == ["width 0.1"]
    assert figure.get_suptitle() == "simulated ratings"


def test_the_most_important_attribute_is_on_top_with_its_spread():
    table = pd.DataFrame({"attribute": ["b", "a_x", "c"], "importance": [0.1, 0.4, -0.05], "importance_std": 0.02})
    figure = importance(table, source="simulated")
    axes = figure.axes[0]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["a x", "b", "c"]
    assert [bar.get_width() for bar in axes.patches] == [0.4, 0.1, -0.05]
    (spread,) = [each.get_segments() for each in axes.collections]
    assert [point[0] for point in spread[0]] == pytest.approx([0.38, 0.42])
    assert figure.get_suptitle() == "simulated ratings"


def test_a_long_list_of_attributes_ends_with_the_most_important():
    table = pd.DataFrame({"attribute": map(str, range(50)), "importance": range(50), "importance_std": 0.0})
    axes = importance(table, source=None).axes[0]
    assert len(axes.patches) == MOST
    assert min(bar.get_width() for bar in axes.patches) == 30
