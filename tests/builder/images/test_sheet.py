"""Contact sheets of pictures."""

import io

import numpy as np
import pytest
from PIL import Image

from builder.images.sheet import TILE, contact_sheet
from builder.tables import png_bytes

RED, BLUE = (255, 0, 0), (0, 0, 255)


def row(left, right):
    pixels = np.array([[left, right], [left, right]], np.uint8)
    return {"image": {"bytes": png_bytes(pixels)}, "name": "a"}


def opened(png):
    return Image.open(io.BytesIO(png)).convert("RGB")


def test_pictures_stand_in_lines_of_seven() -> None:
    sheet = opened(contact_sheet([row(RED, RED)] * 8, lambda item: [item["name"]]))
    assert sheet.size == (8 + 7 * 120, 8 + 2 * (TILE + 13 + 8))
    assert sheet.getpixel((8 + TILE // 2, 8 + TILE // 2)) == RED  # the first line's first
    assert sheet.getpixel((8 + TILE // 2, 8 + 133 + TILE // 2)) == RED  # the second line's first
    assert sheet.getpixel((8 + 120 + TILE // 2, 8 + 133 + TILE // 2)) == (255, 255, 255)  # and no more


def test_nearest_keeps_edges_sharp() -> None:
    sharp = opened(contact_sheet([row(RED, BLUE)], lambda _: [""], Image.Resampling.NEAREST))
    smooth = opened(contact_sheet([row(RED, BLUE)], lambda _: [""]))
    edge = (8 + TILE // 2 - 1, 8 + TILE // 2)
    assert sharp.getpixel(edge) == RED
    assert smooth.getpixel(edge) not in (RED, BLUE)


def test_long_captions_end_in_a_dot_within_their_tile() -> None:
    long, longer, narrow = (
        np.asarray(opened(contact_sheet([row(RED, RED)], lambda _, text=text: [text])))
        for text in ("m" * 30, "m" * 40, "i" * 20)
    )
    assert np.array_equal(long, longer)
    below = np.split(long[8 + TILE : 8 + TILE + 13], [8, 8 + TILE], axis=1)
    assert [bool((part < 128).any()) for part in below] == [False, True, False]
    last = (narrow[8 + TILE : 8 + TILE + 13] < 128).any(axis=(0, 2)).nonzero()[0]
    assert len(last) >= 20  # narrow letters are not cut: each has a column of its own


def test_every_line_of_a_caption_stands_below_its_picture() -> None:
    sheet = np.asarray(opened(contact_sheet([row(RED, BLUE)] * 2, lambda item: ["kind", "label: 3"], columns=1)))
    for top in (8, 8 + TILE + 2 * 13 + 8):
        assert {tuple(color) for color in sheet[top : top + TILE : TILE - 1, [8, 8 + TILE - 1]].reshape(-1, 3)} == {
            RED,
            BLUE,
        }
        assert all((sheet[top + TILE + line : top + TILE + line + 13] < 128).any() for line in (0, 13))


def test_a_damaged_picture_is_an_error() -> None:
    with pytest.raises(ValueError, match="PNG"):
        contact_sheet([{"image": {"bytes": b"no picture"}}], lambda _: [""])
