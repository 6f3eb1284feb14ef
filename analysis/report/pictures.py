"""Pictures on the page: which ones a plot shows beside the pointer, and a picture as an address."""

import base64
import io
from collections.abc import Mapping
from typing import Any

from PIL import Image


def images_in(plots: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The ids of all images that the plots show."""
    return sorted(
        {name for plot in plots.values() for trace in plot["data"] for row in trace["customdata"] for name in row[:2]}
    )


def data_uri(picture: Image.Image, longest: int) -> str:
    """The picture as a JPEG in an address, its longer side at most `longest` pixels."""
    thumbnail = picture.convert("RGB")
    thumbnail.thumbnail((longest, longest))
    buffer = io.BytesIO()
    thumbnail.save(buffer, format="JPEG", quality=85)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()
