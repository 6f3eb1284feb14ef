"""Pictures of the card and of `picture`: colors, labels, frames."""

import io

import matplotlib.colors
import numpy as np
import pytest
from PIL import Image

from analysis.studies.verification.figures.kinds import kind_color
from builder.shards import StudyFolder
from builder.studies.verification import pictures
from builder.studies.verification.pictures import COLORS, FRAMES, Scored, draw_base, near_threshold, scores_by_kind
from builder.tables import png_bytes


def pixels(png):
    return np.asarray(Image.open(io.BytesIO(png)))


def holds(part, color):
    return bool((part == np.array(color)).all(axis=-1).any())


def test_a_kind_has_one_color_in_card_report_and_picture():
    of_report = {
        kind: tuple(round(255 * part) for part in matplotlib.colors.to_rgb(kind_color(kind)))
        for kind in (*COLORS, "somebody else's")
    }
    assert of_report == {**COLORS, "somebody else's": pictures._GRAY}
    assert len({*COLORS.values(), *FRAMES.values()}) == len(COLORS) + len(FRAMES) - 1  # genuine and accepted are black


def test_scores_show_each_kind_in_its_color_with_its_name_and_ticks():
    drawn = pixels(scores_by_kind({kind: [0.1, 0.5] for kind in COLORS}, 0.6, "distance of dlib"))
    for lane, color in enumerate(COLORS.values()):
        beside, dots = np.split(drawn[lane * 44 : (lane + 1) * 44], [115], axis=1)
        assert (beside < 128).any()
        assert holds(dots, color)
        assert not [other for other in COLORS.values() if other not in (color, (0, 0, 0)) and holds(dots, other)]
    below = drawn[len(COLORS) * 44 + 3 : len(COLORS) * 44 + 16]
    assert (below.min(axis=(0, 2)) < 128).sum() > 20


def test_faces_near_the_threshold_keep_their_colors():
    noise = np.random.default_rng(0).integers(0, 256, (96, 96, 3), dtype=np.uint8)
    png = png_bytes(noise)
    drawn = pixels(near_threshold([Scored("negative", 0.61, png, png), Scored("optimized", 0.59, png, png)], 0.6))
    assert np.array_equal(drawn[6:102, 6:102], noise)
    assert all(
        holds(drawn[205:, left : left + 96], COLORS[kind]) for left, kind in ((6, "negative"), (108, "optimized"))
    )


@pytest.mark.slow
def test_samples_are_framed_by_the_decision(small_folder, tmp_path):
    draw_base(small_folder, tmp_path / "base.png", batch=0, base=0)
    drawn = pixels((tmp_path / "base.png").read_bytes())
    rows = StudyFolder(small_folder).read("pairs", 0).to_pylist()
    rows = [row for row in rows if row["base_id"] == rows[0]["base_id"]]
    assert (drawn[: pictures._HEAD] < 128).any()  # the title
    assert (drawn[-pictures._LEGEND :] < 128).any()
    line, column, before = -1, 0, None
    for row in rows:
        line, column = (line, column + 1) if row["kind"] == before else (line + 1, 0)
        before = row["kind"]
        top = pictures._HEAD + line * (96 + 28 + 6)
        left = pictures._NAMES + column * (96 + 6)
        assert tuple(drawn[top, left]) == FRAMES[row["dlib_accept"]]
        assert tuple(drawn[top + 4, left + 96 - 16]) == (0, 0, 0) or row["reached"] is not False
        assert drawn[top : top + 96, left : left + 96].std() > 5
