"""Versions without pictures: those of a source whose pictures may not be redistributed.

The columns that its kind of study declares as `large` are left out of every table. In the table `images` hashes stand
in their place, by which whoever has the source can tell that a picture is the one that was shown.
"""

import hashlib

import pyarrow as pa
from datasets import Features, Image, Value

from builder.errors import PublishError
from builder.tables import TableSpec
from loading_script.untrusted.png import decode_rgb

IMAGES, PICTURE = "images", "image"
"""The table that has every picture once, and its column."""

FILE_HASH, PIXELS_HASH = "sha256", "pixels_sha256"
"""SHA-256 of a picture's PNG as the study stored it; and of its pixels, height x width x 3 bytes of RGB, row by row,
which does not depend on who wrote the PNG."""


def picture_columns(features: Features) -> list[str]:
    """The columns that hold pictures."""
    return [name for name, feature in features.items() if isinstance(feature, Image)]


def without_pictures(spec: TableSpec, rows: pa.Table, features: Features) -> tuple[pa.Table, Features]:
    """A table as a version without pictures has it, with its features.

    Raises:
        PublishError: a picture cannot be read, or a column has pictures that its kind of study does not declare.
    """
    described = features_without_pictures(spec, features)
    left = picture_columns(described)
    if left:
        raise PublishError(
            f"{spec.name}: {left[0]} has pictures, which `large` of its TableSpec does not say; nothing was published"
        )
    table = rows.drop_columns([name for name in spec.large if name in rows.column_names])
    if spec.name == IMAGES:
        pngs = rows[PICTURE].combine_chunks().field("bytes").to_pylist()
        for name, values in ((FILE_HASH, map(_digest, pngs)), (PIXELS_HASH, map(_pixels_digest, pngs))):
            if name not in table.column_names:
                table = table.append_column(name, pa.array(values, pa.string()))
    return table, described


def features_without_pictures(spec: TableSpec, features: Features) -> Features:
    """The features of a table without its pictures, of those that it has with them."""
    rest = {name: feature for name, feature in features.items() if name not in spec.large}
    hashes = (FILE_HASH, PIXELS_HASH) if spec.name == IMAGES else ()
    return Features({**rest, **{name: Value("string") for name in hashes if name not in rest}})


def _digest(png: bytes) -> str:
    return hashlib.sha256(png).hexdigest()


def _pixels_digest(png: bytes) -> str:
    try:
        return _digest(decode_rgb(png).tobytes())
    except ValueError as error:
        raise PublishError(f"{IMAGES}: an image {error}") from error
