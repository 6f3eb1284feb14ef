"""Pictures in files that may be anybody's, read within bounds, and cut to squares."""

import contextlib
import io
import warnings
from collections.abc import Iterator

import numpy as np
from PIL import Image as Pillow
from PIL import ImageOps

from builder.errors import AssetError
from builder.images import Image

MOST_PIXELS = 50_000_000
"""Pixels of the largest picture: it is unpacked in memory, three bytes each. Cameras make fewer."""

LUMA = (0.299, 0.587, 0.114)
"""Red, green and blue of a gray level (ITU-R BT.601), as OpenCV and Pillow have them."""

FORMATS = ("BMP", "GIF", "JPEG", "PNG", "TIFF", "WEBP")
"""Formats that are read; others, such as PostScript, start programs or are as good as programs."""


def read(content: bytes, name: str) -> Pillow.Image:
    """The picture in a file's content, RGB, turned as its camera says.

    Args:
        content: of the file.
        name: what an error calls it.

    Raises:
        AssetError: it is no picture, is damaged, or has too many pixels.
    """
    with _explained(name), Pillow.open(io.BytesIO(content), formats=FORMATS) as opened:
        width, height = opened.size
        if width * height > MOST_PIXELS:
            raise AssetError(
                f"{name}: a picture of {width} x {height} pixels; at most {MOST_PIXELS:,} are read: make it smaller"
            )
        opened.load()
        turned: Pillow.Image = ImageOps.exif_transpose(opened)
        if turned.has_transparency_data:
            turned = turned.convert("RGBA")
            white = Pillow.new("RGBA", turned.size, "white")
            turned = Pillow.alpha_composite(white, turned)
        return turned.convert("RGB")


def squared(picture: Pillow.Image, side: int, center: float) -> Pillow.Image:
    """The central square of a picture, scaled to `side` pixels with a bicubic filter.

    Args:
        picture: of any size.
        side: in pixels.
        center: side of the square as a share of the picture's shorter side, 0..1.
    """
    width, height = picture.size
    cut = min(width, height) * center
    left, top = (width - cut) / 2, (height - cut) / 2
    return picture.resize((side, side), Pillow.Resampling.BICUBIC, box=(left, top, left + cut, top + cut))


def pixels(picture: Pillow.Image) -> Image:
    """An RGB picture as an array (h, w, 3)."""
    return np.array(picture, np.uint8)


@contextlib.contextmanager
def _explained(name: str) -> Iterator[None]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of Pillow, about metadata that is not used; the number of pixels is ours
            yield
    except Pillow.DecompressionBombError as error:
        raise AssetError(f"{name}: {error}; make it smaller") from error
    # What Pillow's decoders raise on damaged files has no common base.
    except (OSError, SyntaxError, ValueError, TypeError, EOFError, KeyError, IndexError, OverflowError) as error:
        raise AssetError(
            f"{name}: not a picture that can be read ({type(error).__name__}: {error}); formats are "
            f"{', '.join(FORMATS)}. Replace it, or take it out"
        ) from error
