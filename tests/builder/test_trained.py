"""A network that is trained for a study lies in its folder, and nobody who works on the folder makes another."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from builder import assets
from builder.classifiers import digits
from builder.errors import FolderError
from builder.images import mnist
from builder.runtime import Runtime
from builder.shards import StudyFolder
from builder.study import Study, parse_study
from builder.trained import keep_weights, trained_here
from tests import sources
from tests.builder.engines.builds import ONE_THREAD
from tests.conftest import run_builder

FILE = "weights/digits-weak.safetensors"


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return sources.classification(tmp_path / "source", 4)


@pytest.fixture
def folder(study: Study, tmp_path: Path, runtime: Runtime) -> StudyFolder:
    return StudyFolder(sources.build(study, tmp_path / "study", runtime))


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes | None], None]:
    """Goes to another machine, where training gives other weights, or nothing must be trained."""

    def go(content: bytes | None) -> None:
        cache = tmp_path / "elsewhere"
        cache.mkdir()
        shutil.copy(assets.path(mnist.TABLE), cache)
        monkeypatch.setenv(assets.CACHE_VARIABLE, str(cache))

        def train(recipe: digits.Recipe) -> object:
            assert content is not None, "trained again"
            return digits.parsed(content)

        monkeypatch.setattr(digits, "train", train)

    return go


def test_a_folder_keeps_the_weights_and_its_manifest_their_hash(study: Study, folder: StudyFolder):
    content = (folder.root / FILE).read_bytes()
    assert len(content) < 1_000_000
    assert content == digits.WEAK.trained()
    assert folder.manifest().weights == {"digits-weak": hashlib.sha256(content).hexdigest()}
    assert list(trained_here(study)) == ["digits-weak"]


def test_whoever_goes_on_reads_them_and_trains_nothing(
    study: Study, folder: StudyFolder, elsewhere: Callable[[bytes | None], None]
):
    elsewhere(None)
    assert keep_weights(study, folder) == folder.manifest().weights


def test_lost_weights_come_back_where_they_are_the_same(study: Study, folder: StudyFolder):
    content = (folder.root / FILE).read_bytes()
    for damage in (content[:-1] + b"!", None):
        (folder.root / FILE).unlink()
        if damage:
            (folder.root / FILE).write_bytes(damage)
        keep_weights(study, folder)
        assert (folder.root / FILE).read_bytes() == content


def test_a_folder_never_mixes_two_networks(
    study: Study, folder: StudyFolder, elsewhere: Callable[[bytes | None], None]
):
    (folder.root / FILE).unlink()
    elsewhere(digits.CNN.trained())
    with pytest.raises(FolderError, match=r"(?s)digits-weak.safetensors: .*would be another network: bring the file"):
        keep_weights(study, folder)
    assert not (folder.root / FILE).exists()


def test_a_study_that_trains_nothing_has_no_weights(tmp_path: Path, runtime: Runtime):
    root = sources.build(sources.expression(tmp_path / "source"), tmp_path / "study", runtime)
    assert not (root / "weights").exists()
    assert "weights" not in json.loads((root / "manifest.json").read_text())


@pytest.mark.slow
def test_workers_and_a_build_that_goes_on_read_the_folder(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """The second command finds a cache that would give another network, and ends with the bytes of one build."""
    keys = study.model_dump(mode="json", exclude_none=True) | {"classes_per_batch": 1, "batches": 2}
    file = tmp_path / "study.toml"
    file.write_text(parse_study(keys, "study.toml").to_toml())
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert run_builder("build", file, "--out", whole, "--workers", 2, *ONE_THREAD).returncode == 0
    assert run_builder("build", file, "--out", parts, "--batches", 1, *ONE_THREAD).returncode == 0
    cache = tmp_path / "cache"
    shutil.copytree(assets.cache_folder(), cache, ignore=shutil.ignore_patterns("*.lock"))
    shutil.copy(digits.trained(digits.CNN.recipe), cache / digits.trained(digits.WEAK.recipe).name)
    monkeypatch.setenv(assets.CACHE_VARIABLE, str(cache))
    assert run_builder("build", file, "--out", parts, *ONE_THREAD).returncode == 0
    for path in [FILE, "manifest.json", *(f"shards/predictions/batch-0000{batch}.arrow" for batch in (0, 1))]:
        assert (parts / path).read_bytes() == (whole / path).read_bytes(), path
