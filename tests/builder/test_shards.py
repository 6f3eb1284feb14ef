import hashlib
import json
import shutil

import pyarrow as pa
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
    assert "1 of 2 finished batches are damaged" in refused.stderr
    assert f"status {folder} --repair" in refused.stderr
    assert "shards/pairs/batch-00000.arrow" in refused.stderr
    (folder / "manifest/batch-00000.json").unlink()
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
    with pytest.raises(FolderError, match="one of them was edited"):
        StudyFolder(folder).status()


def test_no_study_folder_is_said(tmp_path):
    result = run_builder("status", tmp_path)
    assert result.returncode == 2
    assert "manifest.json: no such file; name a study folder" in result.stderr


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
        held = StudyFolder(root).batch_manifest(0, StudyFolder(root).manifest().study_hash)
        assert held.batch == 0
    except FolderError as error:
        assert "batch-00000.json" in str(error)  # noqa: PT017 - either outcome is right


def test_a_folder_that_cannot_be_listed_is_not_taken_for_empty(folder, small_study):
    """Taken for empty, every shard would be one that no manifest lists."""
    shutil.move(folder / "manifest", folder / "elsewhere")
    (folder / "manifest").write_text("a file in its place")
    result = run_builder("build", small_study, "--out", folder)
    assert result.returncode == 2
    assert len(list((folder / "shards").rglob("*.arrow"))) == 8


def test_nothing_is_removed_through_a_link(folder, tmp_path):
    outside = tmp_path / "outside"
    shutil.move(folder / "shards/pairs", outside)
    (outside / "batch-00009.arrow").write_text("somebody's")
    (folder / "shards/pairs").symlink_to(outside)
    with pytest.raises(FolderError, match="shards/pairs: is a link"):
        StudyFolder(folder).tidy()
    (folder / "shards/pairs").unlink()
    (folder / "shards/images/batch-00008.arrow").symlink_to(outside / "batch-00009.arrow")
    StudyFolder(folder).tidy()
    assert (outside / "batch-00009.arrow").exists()
    assert (folder / "shards/images/batch-00008.arrow").is_symlink()


@pytest.mark.parametrize("name", ["batch-000000.json", "batch-\u0660\u0660\u0660\u0660\u0660.json"])
def test_a_batch_under_another_spelling_is_not_counted_twice(folder, name):
    shutil.copy(folder / "manifest/batch-00000.json", folder / "manifest" / name)
    assert StudyFolder(folder).status().done == (0, 1)


@pytest.mark.parametrize("rows", [10**18, 27, "28", 1e999])
def test_a_manifest_that_says_other_rows_is_damaged(folder, rows):
    path = folder / "manifest/batch-00000.json"
    manifest = json.loads(path.read_text())
    manifest["shards"][0]["rows"] = rows
    path.write_text(json.dumps(manifest))
    assert list(StudyFolder(folder).status(verify=True).damaged) == [0]


@pytest.mark.parametrize("changes", [{"study": {"name": "x"}}, {"format": True}, {"format": 1.0}])
def test_a_manifest_whose_study_was_altered_is_refused(folder, changes):
    altered(folder / "manifest.json", **changes)
    with pytest.raises(FolderError, match=r"manifest\.json: damaged"):
        StudyFolder(folder).status()


@pytest.mark.parametrize("name", ["study.toml", "manifest.json"])
@pytest.mark.parametrize("damage", ["removed", "garbage"])
def test_what_describes_the_study_is_written_again_from_the_study(folder, small_study, small_folder, name, damage):
    path = folder / name
    path.unlink()
    if damage == "garbage":
        path.write_text("a = " + "[" * 5000)
        refused = run_builder("status", folder)
        assert refused.returncode == 2
        assert "writes it again" in refused.stderr
        assert "Traceback" not in refused.stderr
        if name == "manifest.json":
            path.unlink()  # as the message says
    result = run_builder("build", small_study, "--out", folder)
    assert result.returncode == 0, result.stderr
    assert path.read_bytes() == (small_folder / name).read_bytes()


def test_fewer_batches_than_were_once_asked_for_are_enough(folder, small_study):
    path = folder / "study.toml"
    path.write_text(path.read_text().replace("batches = 2", "batches = 1000000", 1))
    assert len(StudyFolder(folder).status().missing) == 999_998
    assert run_builder("build", small_study, "--out", folder).returncode == 0
    assert StudyFolder(folder).status().missing == ()


def test_a_batch_that_is_not_built_is_said(folder, tmp_path):
    result = run_builder("picture", folder, tmp_path / "x.png", "--batch", 7)
    assert result.returncode == 2
    assert "batch 7 is not built; it has batches 0 to 1" in result.stderr


def test_a_study_without_searches_loads(tmp_path, small_study):
    from datasets import get_dataset_config_names, load_dataset

    study = tmp_path / "study.toml"
    study.write_text(small_study.read_text().replace("levels = [0.5, 0.3]", "levels = []"))
    assert run_builder("build", study, "--out", tmp_path / "out", "--batches", 1).returncode == 0
    assert get_dataset_config_names(str(tmp_path / "out")) == ["pairs", "images", "embeddings"]
    assert load_dataset(str(tmp_path / "out"), split="train").num_rows == 2 * (1 + 3 + 1 + 3)


def test_a_build_begins_by_removing_what_no_manifest_lists(folder, small_study):
    (folder / "shards/pairs/batch-00007.arrow").write_text("x")
    (folder / "manifest/.batch-00007.json.partial").write_text("x")
    assert run_builder("build", small_study, "--out", folder).returncode == 0
    assert [path.name for path in folder.rglob("*00007*")] == []


def test_a_shard_whose_manifest_was_forged_to_fit_it_is_refused(folder):
    """Offsets that lead out of the texts: what would be read there is memory of the process."""
    study = StudyFolder(folder)
    path = study.shard_path("searches", 0)
    rows = pa.ipc.open_stream(path.read_bytes()).read_all()
    for options in ({"compression": "zstd"}, {}):
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, rows.schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
            writer.write_table(rows)
        content = sink.getvalue().to_pybytes()
        length = len(rows["search_id"][0].as_py())
        content = content.replace(length.to_bytes(4, "little"), (2**31 - 1).to_bytes(4, "little"))
        path.write_bytes(content)
        listing = folder / "manifest/batch-00000.json"
        held = json.loads(listing.read_text())
        for shard in held["shards"]:
            if shard["table"] == "searches":
                shard.update(bytes=len(content), sha256=hashlib.sha256(content).hexdigest())
        listing.write_text(json.dumps(held))
        assert study.status(verify=True).damaged.keys() == {0}
        with pytest.raises(FolderError, match=r"searches.*damaged"):
            study.read("searches", 0)
