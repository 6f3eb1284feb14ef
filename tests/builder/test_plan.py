"""What `build --dry-run` announces, against what a build made."""

import json
import re
import shutil
from pathlib import Path

import pytest

from builder.cli import main
from builder.errors import FolderError
from builder.plan import Plan, plan
from builder.shards import StudyFolder
from builder.study import read_study


def test_the_items_of_a_batch_are_those_that_are_built(small_folder: Path):
    study = StudyFolder(small_folder).study()
    pairs = [StudyFolder(small_folder).read("pairs", batch).num_rows for batch in (0, 1)]
    assert pairs == [20, 20]
    announced = plan(study, str(small_folder))
    assert (announced.items, announced.batches, announced.left) == (20, 2, 0)


def test_the_default_study_is_announced_as_the_paper_counts_it():
    assert plan(read_study(), "out/no-such-folder") == Plan("pairs", 112, 1, 10, 1, None)


def test_time_is_that_of_the_finished_batches(small_folder: Path, tmp_path: Path):
    folder = Path(shutil.copytree(small_folder, tmp_path / "study"))
    for batch, seconds in ((0, 60.0), (1, 180.0)):
        path = folder / "manifest" / f"batch-{batch:05d}.json"
        manifest = json.loads(path.read_text())
        path.write_text(json.dumps(manifest | {"timings": {"batch": seconds}}))
    announced = plan(StudyFolder(folder).study().model_copy(update={"batches": 7}), str(folder))
    assert (announced.left, announced.seconds) == (5, 120.0)
    assert announced.lines()[-1] == "time: about 10 minutes with one worker, by the batches that are finished here"


def test_a_time_that_nobody_measured_is_not_said():
    lines = Plan("items", 0, 3, 10, 3, None).lines()
    assert lines[0] == "3 batches, all to be built; how many items each has is known when one is built"
    assert "none was measured" in lines[1]
    assert Plan("items", 0, 3, 10, 0, None).lines() == [
        "3 batches, 0 of them to be built; how many items each has is known when one is built"
    ]


def test_a_study_without_a_finished_batch_gives_way_to_another(small_folder: Path, tmp_path: Path):
    folder = StudyFolder(shutil.copytree(small_folder, tmp_path / "study"))
    other = folder.study().model_copy(update={"seed": 5, "batches": 1})
    for batch in (0, 1):
        with pytest.raises(FolderError, match="holds another study: seed is 0 there and 5 here"):
            folder.claim(other)
        (folder.root / "manifest" / f"batch-{batch:05d}.json").unlink()
    (folder.root / "ratings").mkdir()
    (folder.root / "ratings" / "ratings.arrow").touch()
    with pytest.raises(FolderError, match="holds another study"):
        plan(other, str(folder.root))
    (folder.root / "ratings" / "ratings.arrow").unlink()
    assert plan(other, str(folder.root)).left == 1
    folder.claim(other)
    assert not folder.described
    assert not list((folder.root / "shards" / "pairs").iterdir())


def test_a_folder_of_another_study_is_refused(small_folder: Path):
    with pytest.raises(FolderError, match="holds another study"):
        plan(read_study(), str(small_folder))


def test_a_dry_run_builds_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["build", "--dry-run", "--out", str(tmp_path / "study")]) == 0
    said = capsys.readouterr().out
    assert "1 batch of 112 pairs, 112 in all; all to be built" in said
    assert "to rate: 1,120 ratings, 10 of each of the pairs, by 10 people who rate a batch each" in said
    assert "MB of weights" in said
    assert not (tmp_path / "study").exists()


def test_packaged_studies_are_listed_with_what_each_needs(capsys: pytest.CaptureFixture[str]):
    assert main(["studies"]) == 0
    said = capsys.readouterr().out
    assert "lands-between-demo           verification     the default" in said
    assert "the extra deepface; " in said
    assert "the extra fer; the extra onnx; " in said
    assert re.search(r"two-recognizers-demo +verification\s+needs the extra onnx; ", said)


def test_the_packages_of_a_studys_extras_are_printed_for_pip(capsys: pytest.CaptureFixture[str]):
    assert main(["studies", "--packages", "expression-demo"]) == 0
    assert [line.partition(">")[0] for line in capsys.readouterr().out.split()] == ["h5py", "onnxruntime"]
    assert main(["studies", "--packages", "lands-between-demo"]) == 0
    assert capsys.readouterr().out.strip() == ""
