import itertools

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from PIL import ImageColor

from analysis.figures import style
from analysis.studies.verification.figures import kinds
from builder.studies.verification.pictures import COLORS

# Machado, Oliveira and Fernandes (2009), "A physiologically-based model for simulation of color vision deficiency",
# the matrices of severity 1.0, for linear RGB.
VISIONS = {
    "normal": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
}
# sRGB (IEC 61966-2-1) to XYZ under D65, and the white point of that.
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def linear(color: str) -> np.ndarray:
    values = np.array(to_rgb(color))
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def lab(rgb: np.ndarray) -> np.ndarray:
    relative = TO_XYZ @ np.clip(rgb, 0, 1) / TO_XYZ.sum(axis=1)
    f = np.where(relative > (6 / 29) ** 3, np.cbrt(relative), relative / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def difference(first: str, second: str, vision: str) -> float:
    """CIE 1976 color difference; 2.3 is just noticeable."""
    matrix = np.asarray(VISIONS[vision])
    return float(np.linalg.norm(lab(matrix @ linear(first)) - lab(matrix @ linear(second))))


def contrast_with_white(color: str) -> float:
    """Contrast ratio of the WCAG 2."""
    return 1.05 / (float(TO_XYZ[1] @ linear(color)) + 0.05)


def test_the_color_difference_is_that_of_known_colors():
    assert difference("#ffffff", "#000000", "normal") == pytest.approx(100, abs=0.1)
    assert difference("#ff0000", "#00ff00", "normal") == pytest.approx(170.6, abs=0.5)
    # what the simulation is for: this red and this green are close to who lacks the green cones
    assert difference("#a07000", "#708000", "deuteranopia") < difference("#a07000", "#708000", "normal") / 2


@pytest.mark.parametrize("vision", VISIONS)
@pytest.mark.parametrize(
    "colors",
    [
        [*kinds.KIND_COLORS.values(), kinds.OTHER_COLOR],
        style.PALETTE,
        [kinds.SAME_COLOR, kinds.DIFFERENT_COLOR],
    ],
    ids=["kinds", "palette", "decisions"],
)
def test_colors_are_told_apart_with_every_color_vision(vision, colors):
    closest = min((difference(*pair, vision), pair) for pair in itertools.combinations(colors, 2))
    assert closest[0] > 10, closest


@pytest.mark.parametrize("color", [*kinds.KIND_COLORS.values(), kinds.OTHER_COLOR, *style.PALETTE])
def test_colors_of_markers_and_lines_stand_out_from_white(color):
    assert contrast_with_white(color) >= 3  # WCAG 2.2, 1.4.11: graphical objects


def test_the_warning_is_as_readable_as_text():
    assert contrast_with_white(style.WARNING_COLOR) >= 4.5  # WCAG 2.2, 1.4.3


def test_kinds_differ_by_marker_too():
    assert len({kinds.kind_marker(kind) for kind in [*kinds.KIND_COLORS, "of a plugin"]}) == 7


def test_a_kind_has_one_color_in_the_card_and_in_the_report():
    assert {kind: ImageColor.getrgb(color) for kind, color in kinds.KIND_COLORS.items()} == COLORS


def test_neighboring_lines_differ_in_color_and_dashes():
    for first, second in itertools.pairwise(style.line_style(index) for index in range(12)):
        assert first["color"] != second["color"]
        assert first["linestyle"] != second["linestyle"]


def test_the_look_leaves_no_trace():
    before = dict(mpl.rcParams)
    with style.look():
        assert mpl.rcParams["svg.hashsalt"]
    assert dict(mpl.rcParams) == before


@pytest.mark.parametrize("source", ["simulated", "model"])
def test_other_than_human_ratings_are_named_on_the_figure(source):
    figure = style.finished(style.new_figure(3, 2), source)
    assert figure.get_suptitle() == f"{source} ratings"


@pytest.mark.parametrize("source", ["human", None])
def test_nothing_is_said_where_there_is_nothing_to_warn_of(source):
    assert style.finished(style.new_figure(3, 2), source).get_suptitle() == ""


def test_files_are_the_same_every_time_and_say_what_they_show():
    figure = style.new_figure(3, 2)
    figure.subplots().plot([0, 1], [1, 0], label="a")
    figure = style.finished(figure, "simulated")
    svg, png = (write(figure, "A title", "A description") for write in (style.svg, style.png))
    assert (svg, png) == (style.svg(figure, "A title", "A description"), style.png(figure, "A title", "A description"))
    assert b"A title" in svg
    assert b"A description" in svg
    assert b"A description" in png
    assert b"dc:date" not in svg


def test_a_dollar_sign_in_data_is_no_formula():
    figure = style.new_figure(3, 2)
    figure.text(0, 0, style.plain(r"$\frac{1$"))
    style.png(figure, "", "")
