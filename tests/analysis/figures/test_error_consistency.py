import numpy as np
import pandas as pd

from analysis.figures.error_consistency import error_consistency

TABLE = pd.DataFrame(
    [
        ("people", "dlib", "majority", 0.25),
        ("people", "other", "majority", np.nan),
        ("dlib", "other", "majority", -0.5),
        ("people", "dlib", "construction", 0.75),
    ],
    columns=["first", "second", "reference", "kappa"],
)


def test_the_map_is_symmetric_with_its_values_written_in():
    figure = error_consistency(TABLE, source="simulated")
    axes = figure.axes[0]
    shown = axes.get_images()[0].get_array()
    assert shown[0, 1] == shown[1, 0] == 0.25
    assert shown[1, 2] == shown[2, 1] == -0.5
    assert shown.mask.sum() == 5  # the diagonal and the undefined pair
    written = {text.get_position(): text.get_text() for text in axes.texts}
    assert written == {(1, 0): "0.25", (0, 1): "0.25", (2, 1): "-0.50", (1, 2): "-0.50"}
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["people", "dlib", "other"]
    assert figure.get_suptitle() == "simulated ratings"


def test_a_map_per_reference():
    first, second = error_consistency(TABLE, source=None).axes[:2]
    assert [axes.get_title(loc="left") for axes in (first, second)] == [
        "reference: majority",
        "reference: construction",
    ]
    assert second.get_images()[0].get_array()[0, 1] == 0.75


def test_the_scale_is_that_of_kappa():
    assert error_consistency(TABLE, source=None).axes[0].get_images()[0].get_clim() == (-1, 1)
