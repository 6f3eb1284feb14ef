import io

import numpy as np
import pytest
from PIL import Image

from builder.drawing import png_within, ticks


@pytest.mark.parametrize(
    ("top", "wanted"),
    [
        (0.76, [0, 0.2, 0.4, 0.6]),
        (1.05, [0, 0.5, 1]),
        (13, [0, 5, 10]),
        (100, [0, 20, 40, 60, 80, 100]),
    ],
)
def test_ticks_are_round_numbers(top, wanted):
    assert ticks(top) == pytest.approx(wanted)


def test_a_large_sheet_becomes_smaller_and_keeps_its_colors():
    noise = np.random.default_rng(0).integers(0, 256, (256, 256, 3), dtype=np.uint8)
    whole, small = (png_within(Image.fromarray(noise), most) for most in (1_000_000, 60_000))
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(whole))), noise)
    assert len(small) <= 60_000
    assert Image.open(io.BytesIO(small)).size == (128, 128)
    assert len(np.unique(np.asarray(Image.open(io.BytesIO(small))).reshape(-1, 3), axis=0)) > 256
