import json
import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.errors import FolderError
from builder.shards import StudyFolder
from tests.conftest import run_builder

pytestmark = pytest.mark.slow


@pytest.fixture
def folder(tmp_path, small_folder):
    """A copy of the small study, to damage."""
    shutil.copytree(small_folder, tmp_path / "out")
    return tmp_path / "out"


def test_a_whole_folder_is_done(folder):
    status = StudyFolder(folder).status(verify=True)
    assert (status.wanted, status.done, status.missing, status.damaged) == (2, (0, 1), (), {})
    result = run_builder("status", folder, "--verify")
    assert result.returncode == 0
    assert "done     2" in result.stdout


def test_a_batch_without_a_manifest_is_missing(folder):
    (folder / "manifest/batch-00001.json").unlink()
    result = run_builder("status", folder)
    assert result.returncode == 1
    assert "missing  1  (1)" in result.stdout


def test_a_flipped_bit_is_found_where_bytes_are_verified(folder):
    shard = folder / "shards/embeddings/batch-00001.arrow"
    data = bytearray(shard.read_bytes())
    data[-100] ^= 1
    shard.write_bytes(data)
    assert StudyFolder(folder).status().damaged == {}
    assert list(StudyFolder(folder).status(verify=True).damaged) == [1]
    result = run_builder("status", folder, "--verify")
    assert result.returncode == 1
    assert "damaged  1\n  batch 1:" in result.stdout
    assert "shards/embeddings/batch-00001.arrow" in result.stdout
    with pytest.raises(FolderError, match="SHA-256"):
        StudyFolder(folder).read("embeddings", 1)
    assert StudyFolder(folder).read("embeddings", 0).num_rows > 0


@pytest.mark.parametrize("damage", ["cut", "removed"])
def test_a_damaged_shard_is_named_and_computed_again_when_its_manifest_goes(folder, small_study, small_folder, damage):
    shard = folder / "shards/pairs/batch-00000.arrow"
    if damage == "cut":
        shard.write_bytes(shard.read_bytes()[:1000])
    else:
        shard.unlink()
    refused = run_builder("build", small_study, "--out", folder)
    assert refused.returncode == 2
    assert "batch 0 is damaged" in refused.stderr
    assert "shards/pairs/batch-00000.arrow" in refused.stderr
    (folder / "manifest/batch-00000.json").unlink()  # as the message says
    assert run_builder("build", small_study, "--out", folder).returncode == 0
    assert shard.read_bytes() == (small_folder / "shards/pairs/batch-00000.arrow").read_bytes()


def altered(path, **changes):
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_a_newer_format_is_refused(folder):
    altered(folder / "manifest.json", format=99)
    with pytest.raises(FolderError, match="has format 99"):
        StudyFolder(folder).status()


def test_a_batch_of_another_study_is_damaged(folder):
    altered(folder / "manifest/batch-00000.json", study_hash="0" * 64)
    assert "belongs to another study" in StudyFolder(folder).status().damaged[0]


def test_a_batch_under_another_number_is_damaged(folder):
    shutil.copy(folder / "manifest/batch-00000.json", folder / "manifest/batch-00001.json")
    assert "another batch" in StudyFolder(folder).status().damaged[1]


def test_an_edited_study_is_refused(folder):
    path = folder / "study.toml"
    path.write_text(path.read_text().replace("directions = 1", "directions = 2"))
    with pytest.raises(FolderError, match="one was edited"):
        StudyFolder(folder).status()


def test_no_study_folder_is_said(tmp_path):
    result = run_builder("status", tmp_path)
    assert result.returncode == 2
    assert "is " in result.stderr
    assert "a study folder?" in result.stderr


def test_what_no_manifest_lists_goes_and_what_is_not_ours_stays(folder):
    for name in ("pairs/batch-00007.arrow", "images/.batch-00001.arrow.partial", "pairs/notes.txt"):
        (folder / "shards" / name).write_text("x")
    StudyFolder(folder).tidy()
    left = {path.name for path in (folder / "shards").rglob("*") if path.is_file()}
    assert left == {"batch-00000.arrow", "batch-00001.arrow", "notes.txt"}
    assert len(list((folder / "shards").rglob("*.arrow"))) == 8


@given(position=st.integers(0, 3000), replacement=st.binary(min_size=1, max_size=6))
def test_any_manifest_is_read_or_refused_with_a_folder_error(tmp_path_factory, small_folder, position, replacement):
    root = tmp_path_factory.mktemp("manifest")
    shutil.copytree(small_folder / "manifest", root / "manifest")
    shutil.copy(small_folder / "manifest.json", root)
    path = root / "manifest/batch-00000.json"
    data = path.read_bytes()
    path.write_bytes(data[:position] + replacement + data[position + len(replacement) :])
    try:
        held = StudyFolder(root).batch_manifest(0)
        assert held.batch == 0
    except FolderError as error:
        assert "batch-00000.json" in str(error)  # noqa: PT017 - either outcome is right
