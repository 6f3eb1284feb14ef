"""The two views of a map as a picture: how strong, and in which direction."""

import numpy as np

from builder.explainers import Maps
from builder.generators import Images

FOR, AGAINST = (178, 24, 43), (33, 102, 172)
"""Red and blue of ColorBrewer's RdBu, which the color-blind tell apart: what speaks for the class, and against it."""


def absolute(maps: Maps) -> Images:
    """Gray pictures (n, h, w, 3), black where a pixel does not matter, white at the map's largest absolute value."""
    levels = np.rint(255 * np.abs(_scaled(maps))).astype(np.uint8)
    return np.repeat(levels[..., None], 3, axis=3)


def diverging(maps: Maps) -> Images:
    """Pictures (n, h, w, 3), white where a pixel does not matter, red where it speaks for the class, else blue."""
    scaled = _scaled(maps)[..., None]
    color = np.where(scaled > 0, np.array(FOR), np.array(AGAINST))
    picture: Images = np.rint(255 + np.abs(scaled) * (color - 255.0)).astype(np.uint8)
    return picture


def _scaled(maps: Maps) -> Maps:
    largest = np.abs(maps).max(axis=(1, 2), keepdims=True)
    return (maps / np.where(largest > 0, largest, 1)).astype(np.float32)
