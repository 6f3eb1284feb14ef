"""Small images, enlarged by a filter that has a name: browsers each have their own, and none says which."""

import io

from PIL import Image

from builder.survey.settings import Filter

WIDE = 256
"""Pixels of the shorter side that an enlarged image has at least."""


def enlarged(png: bytes, by: Filter) -> bytes:
    """A PNG with sides a whole multiple of the image's, the least that gives it WIDE pixels; a large one as it is."""
    with Image.open(io.BytesIO(png)) as image:
        factor = -(-WIDE // min(image.size))
        if factor <= 1:
            return png
        plain = image if image.mode in ("L", "RGB", "RGBA") else image.convert("RGB")
        size = (image.width * factor, image.height * factor)
        buffer = io.BytesIO()
        plain.resize(size, Image.Resampling[by.upper()]).save(buffer, "PNG")
    return buffer.getvalue()
