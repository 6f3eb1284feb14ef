"""Images of datasets, which may be anyone's, decoded within bounds."""

import io

from PIL import Image, UnidentifiedImageError

MOST_PIXELS = 2**26
"""Pixels of the largest image; a PNG of a few kilobytes can claim to be larger than memory."""


def open_png(content: bytes) -> Image.Image:
    """An image whose head alone was read; its pixels are decoded when they are first used, and may be damaged.

    PNG alone is read: Pillow knows formats whose decoders are programs of others.

    Raises:
        ValueError: it is no PNG, or has more than MOST_PIXELS.
    """
    try:
        image = Image.open(io.BytesIO(content), formats=["PNG"])
    except Image.DecompressionBombError:
        raise ValueError(f"has too many pixels; at most {MOST_PIXELS} are read") from None
    except UnidentifiedImageError:
        raise ValueError("is no PNG that can be read") from None
    except (OSError, SyntaxError, ValueError) as error:
        raise ValueError(f"is no PNG that can be read: {error}") from error
    if image.width * image.height > MOST_PIXELS:
        raise ValueError(f"has {image.width} x {image.height} pixels; at most {MOST_PIXELS} are read")
    return image


def decode_rgb(content: bytes) -> Image.Image:
    """The pixels of a PNG, in RGB.

    Raises:
        ValueError: as `open_png`; or its pixels are damaged.
    """
    with open_png(content) as image:
        try:
            return image.convert("RGB")
        except (OSError, SyntaxError, ValueError) as error:
            raise ValueError(f"is no PNG that can be read: {error}") from error
