"""What somebody brings that is not right: one error each, which names the file, the row and what to do."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tomli_w
from PIL import Image

from builder.errors import LandsBetweenError
from builder.runtime import Runtime
from builder.studies.expression.models import load_models
from builder.studies.expression.pipeline import build_batch
from builder.studies.expression.study import expression
from builder.study import parse_study
from tests.builder.images.test_fer2013 import VOTES, write
from tests.conftest import run_builder

pytest.importorskip("h5py")

SCORES = "row_id,angry,disgust,fear,happy,sad,surprise,neutral\nhappy/0.png,0,0,0,1,0,0,0\n"


def faces(folder: Path, *labels: str) -> Path:
    """A folder with a face of each label."""
    for label in labels:
        (folder / "faces" / label).mkdir(parents=True)
        Image.fromarray(np.zeros((48, 48, 3), np.uint8)).save(folder / "faces" / label / "0.png")
    return folder / "faces"


def wrong_label(folder: Path) -> dict[str, object]:
    return {"images": {"model": f"folder:{faces(folder, 'happy', 'joy')}"}}


def other_rows(folder: Path) -> dict[str, object]:
    return {"images": {"model": f"fer2013:{write(folder, votes=[VOTES[1], VOTES[0], VOTES[2]])}"}}


def fewer_rows(folder: Path) -> dict[str, object]:
    return {"images": {"model": f"fer2013:{write(folder, votes=VOTES[:2])}"}}


def one_group(folder: Path) -> dict[str, object]:
    root = faces(folder, "happy", "sad")
    (root / "metadata.csv").write_text("file_name,label,sex\nhappy/0.png,happy,female\nsad/0.png,sad,female\n")
    return {"images": {"model": f"folder:{root}", "groups": ["sex"]}}


def one_group_in_a_table(folder: Path) -> dict[str, object]:
    table = folder / "groups.csv"
    table.write_text("row_id,sex\nhappy/0.png,female\nsad/0.png,female\n")
    return {"images": {"model": f"folder:{faces(folder, 'happy', 'sad')}", "groups_table": str(table)}}


def no_picture(folder: Path) -> dict[str, object]:
    root = faces(folder, "happy", "sad")
    (root / "sad" / "0.png").write_text("a text")
    return {"images": {"model": f"folder:{root}"}}


def missing_rows(folder: Path) -> dict[str, object]:
    (folder / "said.csv").write_text(SCORES)
    images = {"model": f"folder:{faces(folder, 'happy', 'sad')}"}
    api = {"name": "api", "model": f"predictions:{folder / 'said.csv'}"}
    # A batch takes one face: without the check all would be well until the second.
    return {"images": images, "classifiers": [api], "batches": 2, "faces_per_batch": 1}


CASES: list[tuple[Callable[[Path], dict[str, object]], list[str]]] = [
    (wrong_label, ["row joy/0.png is labeled 'joy', which no emotion is called", "Name it so, or take the row out"]),
    (other_rows, ["fer2013new.csv, row 0 (from 0): Usage is 'PublicTest'", "both must have the same faces"]),
    (
        fewer_rows,
        [
            "fer2013new.csv, row 2 (from 0): is in one table alone: 2 faces have votes, 3 have pixels",
            "both must have the same faces",
        ],
    ),
    (one_group, ["metadata.csv, row 0 (from 0): the column sex", "has one value, 'female'", "name another column"]),
    (
        one_group_in_a_table,
        ["groups.csv, row 0 (from 0): the column sex", "has one value, 'female'", "name another column"],
    ),
    (no_picture, ["faces/sad/0.png, row 1 (from 0): not a picture that can be read", "Replace it, or take it out"]),
    (missing_rows, ["said.csv: has no row for 1 of 2 pictures, whose row_id is 'sad/0.png'", "add them, or take"]),
]


@pytest.mark.parametrize(("made", "said"), CASES, ids=[made.__name__ for made, _ in CASES])
def test_it_is_one_error(made, said: list[str], tmp_path: Path, runtime: Runtime):
    keys = {"study": "expression", "name": "bad", "groups": [], "faces_per_batch": 2} | made(tmp_path)
    study = expression(parse_study(keys, "bad.toml"))
    with pytest.raises(LandsBetweenError) as error:
        build_batch(study, load_models(study, runtime), 0)
    assert all(each in str(error.value) for each in said), error.value
    assert len(str(error.value).splitlines()) == 1


def test_the_command_says_it_and_fails(tmp_path: Path):
    study = {"study": "expression", "name": "bad", "groups": [], "faces_per_batch": 2} | no_picture(tmp_path)
    (tmp_path / "bad.toml").write_text(tomli_w.dumps(study))
    built = run_builder("build", tmp_path / "bad.toml", "--out", tmp_path / "out", "--workers", 1)
    assert built.returncode == 2
    assert "faces/sad/0.png, row 1 (from 0): not a picture that can be read" in built.stderr
    assert "Traceback" not in built.stderr
    assert len(built.stderr.strip().splitlines()) == 1
