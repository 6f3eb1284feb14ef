import contextlib
import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pillow

from builder.errors import AssetError
from builder.images import pictures


def encoded(picture, kind="PNG", **options):
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def huge_png(width, height):
    """The head of a PNG that claims so many pixels, with next to no data."""

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(("width", "height"), [(10_000, 5_001), (60_000, 60_000), (2**31 - 1, 2**31 - 1)])
def test_a_picture_of_too_many_pixels_is_refused_before_it_is_unpacked(width, height):
    with pytest.raises(AssetError, match=r"^bomb: .*(make it smaller|not a picture that can be read)"):
        pictures.read(huge_png(width, height), "bomb")


def test_kinds_of_pixels_become_rgb():
    gray = Pillow.fromarray(np.arange(6, dtype=np.uint8).reshape(2, 3))
    np.testing.assert_array_equal(
        pictures.pixels(pictures.read(encoded(gray), "gray")), np.stack([np.arange(6).reshape(2, 3)] * 3, axis=2)
    )
    seen_through = Pillow.new("RGBA", (2, 2), (255, 0, 0, 0))
    assert (pictures.pixels(pictures.read(encoded(seen_through), "rgba")) == 255).all()
    palette = Pillow.new("P", (2, 2), 0)
    palette.putpalette([7, 8, 9] + [0] * 765)
    assert pictures.pixels(pictures.read(encoded(palette), "palette"))[0, 0].tolist() == [7, 8, 9]


def test_a_photograph_is_turned_as_its_camera_says():
    exif = Pillow.Exif()
    exif[0x0112] = 6  # a quarter turn clockwise
    picture = Pillow.new("RGB", (8, 4))
    assert pictures.read(encoded(picture, "JPEG", exif=exif.tobytes()), "turned").size == (4, 8)


def test_only_formats_of_pictures_are_read():
    for content in (
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        b"",
        encoded(Pillow.new("RGB", (9, 9)), "PPM"),
    ):
        with pytest.raises(AssetError, match=r"not a picture that can be read .*formats are BMP, GIF, JPEG, PNG"):
            pictures.read(content, "file")


@given(st.sampled_from(pictures.FORMATS), st.integers(0, 300), st.binary(max_size=9))
def test_damaged_files_are_one_error(kind, at, put):
    content = encoded(Pillow.fromarray(np.arange(192, dtype=np.uint8).reshape(8, 8, 3)), kind)
    damaged = content[:at] + put + content[at + len(put) :]
    for each in (damaged, content[:at]):
        with contextlib.suppress(AssetError):
            assert pictures.read(each, "file").mode == "RGB"
