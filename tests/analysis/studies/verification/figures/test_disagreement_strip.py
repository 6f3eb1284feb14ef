import numpy as np
import pytest

from analysis.studies.verification.figures.disagreement_strip import disagreement_strip


def test_a_column_per_pair_base_above_sample(pairs, picture):
    chosen = pairs.iloc[[8, 3]]
    figure = disagreement_strip(chosen, ["first", "sec$ond"], picture, "title", source="simulated")
    shown = [axes.get_images()[0].get_array() for axes in figure.axes]
    for drawn, name in zip(shown, ["b", "b", "s8", "s3"], strict=True):
        np.testing.assert_array_equal(drawn, np.asarray(picture(name)))
    assert [axes.get_xlabel() for axes in figure.axes] == ["", "", "first", r"sec\$ond"]
    assert figure.get_suptitle() == "simulated ratings"


def test_no_pairs_are_refused(pairs, picture):
    with pytest.raises(ValueError, match="at least one pair"):
        disagreement_strip(pairs.head(0), [], picture, "title", source=None)
