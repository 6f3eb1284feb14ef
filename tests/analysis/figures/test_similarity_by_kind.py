import numpy as np
import pandas as pd
import pytest

from analysis.figures.similarity_by_kind import similarity_by_kind


def lines(figure):
    return {line.get_label(): np.column_stack(line.get_data()) for line in figure.axes[0].get_lines()}


def test_a_line_per_kind_with_the_share_of_its_ratings_in_each_bin(pairs, ratings):
    drawn = lines(similarity_by_kind(pairs, ratings, source="human"))
    assert list(drawn) == [
        "genuine (n = 4)",
        "positive (n = 8)",
        "negative (n = 8)",
        "interpolation (n = 12)",
        "optimized (n = 4)",
    ]
    genuine = dict(drawn["genuine (n = 4)"])
    assert genuine == {**dict.fromkeys(range(5, 95, 10), 0.0), 95.0: 100.0}
    # the positives: 76, 78, 82, 84 and 56, 58, 62, 64
    positive = dict(drawn["positive (n = 8)"])
    assert {at: share for at, share in positive.items() if share} == {55.0: 25, 65.0: 25, 75.0: 25, 85.0: 25}


def test_shares_of_a_kind_add_up_to_a_hundred_percent(pairs, ratings):
    for points in lines(similarity_by_kind(pairs, ratings, source=None)).values():
        assert points[:, 1].sum() == pytest.approx(100)


def test_answers_without_a_similarity_count_nowhere(pairs, ratings):
    ratings.loc[0, "similarity"] = np.nan
    assert "genuine (n = 3)" in lines(similarity_by_kind(pairs, ratings, source="human"))


def test_simulated_ratings_are_named(pairs, ratings):
    assert similarity_by_kind(pairs, ratings, source="simulated").get_suptitle() == "simulated ratings"


def test_ratings_of_no_pair_are_drawn_as_nothing(pairs):
    none = pd.DataFrame({"pair_id": pd.Series(dtype=str), "similarity": pd.Series(dtype=float)})
    assert lines(similarity_by_kind(pairs, none, source=None)) == {}
