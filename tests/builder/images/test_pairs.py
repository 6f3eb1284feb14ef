"""Matched pictures in a table, and what is no table of them."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from builder.errors import AssetError, StudyError
from builder.images.settings import ImageSettings
from builder.runtime import Runtime

TABLE = "first,second,attribute\na/1.png,b/1.png,hair\na/2.png,b/2.png,skin\n"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    for number, name in enumerate(("a/1.png", "b/1.png", "a/2.png", "b/2.png")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.fromarray(np.full((8, 8, 3), number, np.uint8)).save(tmp_path / name)
    (tmp_path / "pairs.csv").write_text(TABLE)
    return tmp_path / "pairs.csv"


def load(path: object, runtime: Runtime, **keys: object):
    return ImageSettings.model_validate({"model": f"pairs:{path}", **keys}).load(runtime)


def test_pairs_are_read_side_by_side(table: Path, runtime: Runtime):
    source = load(table, runtime, license="CC0-1.0", redistributable=True)
    assert (source.rows(), source.classes, source.redistributable) == (4, (), True)
    assert [source.row_id(row) for row in range(4)] == ["a/1.png", "b/1.png", "a/2.png", "b/2.png"]
    assert [int(source.image(row)[0, 0, 0]) for row in range(4)] == [0, 1, 2, 3]
    assert source.label(0) is None
    assert source.groups(1) == {"pair": "0", "side": "second", "attribute": "hair"}
    assert source.groups(2) == {"pair": "1", "side": "first", "attribute": "skin"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (TABLE + "a/1.png,b/2.png,hair\n", r"pairs\.csv, row 2 .*'a/1\.png' is row 0 already"),
        (TABLE + "a/3.png,b/2.png,hair\n", r"row 2 .*there is no file 'a/3\.png'"),
        ("first,second,attribute\na/1.png,a/1.png,hair\n", r"row 0 .*'a/1\.png' is row 0 already"),
        ("first,second,attribute\na/1.png,b/1.png,\n", r"row 0 .*attribute is empty; say what"),
        ("first,second\na/1.png,b/1.png\n", "has no column attribute"),
        ("first,second,attribute\n../secret.png,b/1.png,hair\n", r"row 0 .*secret\.png"),
        ("first,second,attribute\n/etc/passwd,b/1.png,hair\n", r"row 0 .*passwd"),
        ("first,second,attribute\nlink.png,b/1.png,hair\n", r"row 0 .*link"),
    ],
)
def test_what_is_no_table_of_pairs_is_refused(table: Path, runtime: Runtime, text: str, said: str):
    (table.parent / "link.png").symlink_to(table.parent / "a" / "1.png")
    (table.parent.parent / "secret.png").write_bytes((table.parent / "a" / "1.png").read_bytes())
    table.write_text(text)
    with pytest.raises(AssetError, match=said):
        load(table, runtime)


def test_a_table_is_needed(runtime: Runtime):
    with pytest.raises(StudyError, match="write pairs:FILE"):
        ImageSettings(model="pairs").load(runtime)
