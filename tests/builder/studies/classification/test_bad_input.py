"""What is wrong with pictures and predictions is one error that names file, row and what to do."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from builder.errors import LandsBetweenError
from builder.runtime import Runtime
from tests.builder.studies.classification import small


def foreign_label(root: Path) -> None:
    shutil.copytree(root / "pictures" / "a", root / "pictures" / "zebra")


def one_class(root: Path) -> None:
    shutil.rmtree(root / "pictures" / "b")
    shutil.rmtree(root / "pictures" / "c")


def no_picture(root: Path) -> None:
    (root / "pictures" / "b" / "2.png").write_bytes(b"GIF? no")


def missing_row(root: Path) -> None:
    small.write_predictions(root / "said.csv", {name: said for name, said in small.RANKED.items() if name != "b/2.png"})


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (foreign_label, ["said has no class 'zebra'", "pictures are labeled with", "or leave some out with classes"]),
        (one_class, ["pictures: has one class, 'a'", "at least two are needed"]),
        (no_picture, ["pictures/b/2.png", "row 6", "not a picture that can be read", "Replace it, or take it out"]),
        (missing_row, ["said.csv", "has no row for 1 of 12 pictures", "'b/2.png'", "add them, or take the pictures"]),
    ],
)
def test_bad_input_is_one_clear_error(tmp_path: Path, runtime: Runtime, spoil: Callable[[Path], None], said: list[str]):
    keys = small.study_keys(tmp_path)
    spoil(tmp_path)
    with pytest.raises(LandsBetweenError) as error:
        small.built(tmp_path, runtime, keys)
    assert all(each in str(error.value) for each in said), error.value
    assert "\n" not in str(error.value)
