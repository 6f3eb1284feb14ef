"""Letters and files of pictures drawn with Pillow: the same drawing gives the same bytes."""

import functools
import io
import math

from PIL import Image, ImageFont

MOST_BYTES = 1_000_000
"""Size of a drawn PNG at most; a larger one is drawn smaller, never in fewer colors."""


@functools.cache
def font(size: float) -> "ImageFont.FreeTypeFont | ImageFont.ImageFont":
    """The font that Pillow brings, in pixels."""
    return ImageFont.load_default(size)


def png_within(sheet: Image.Image, most: int = MOST_BYTES) -> bytes:
    """An RGB image as a PNG of at most `most` bytes, halved as often as that takes."""
    while True:
        buffer = io.BytesIO()
        sheet.save(buffer, format="PNG", optimize=True)
        if buffer.tell() <= most or min(sheet.size) < 2:
            return buffer.getvalue()
        sheet = sheet.resize((sheet.width // 2, sheet.height // 2), Image.Resampling.LANCZOS)


def ticks(top: float, count: int = 6) -> list[float]:
    """Round numbers from 0 to `top`, at most some `count`: multiples of 1, 2 or 5 times a power of ten."""
    rough = top / max(count - 1, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(times * power for times in (1, 2, 5, 10) if times * power >= rough * (1 - 1e-9))
    return [round(step * number, 12) for number in range(math.floor(top / step * (1 + 1e-9)) + 1)]
