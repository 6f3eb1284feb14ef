"""Checks of contact sheets, as a card has them."""

from pathlib import Path

import numpy as np
from PIL import Image

from builder.images.sheet import TILE

GAP, LINE = 8, 13


def check_sheet(png: Path, captions: int) -> None:
    """Every tile of the sheet's first line shows something, and has so many lines of words below it."""
    sheet = np.asarray(Image.open(png).convert("RGB"))
    lefts = range(GAP, sheet.shape[1] - TILE, TILE + GAP)
    assert len(lefts) > 1
    for left in lefts:
        column = sheet[GAP:, left : left + TILE]
        assert column[:TILE].std() > 5
        for line in range(captions):
            words = column[TILE + line * LINE : TILE + (line + 1) * LINE]
            assert (words < 128).any()
            assert (words == 255).all(axis=-1).mean() > 0.5
