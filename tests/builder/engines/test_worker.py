"""One worker in this process: the micro-batches that it takes from the folder, and half of them."""

import os

import numpy as np
import pytest

from builder.engines import Built, Failed, Job, Ready
from builder.engines.worker import Worker
from builder.shards import StudyFolder
from builder.study import parse_study
from builder.toml import parse_toml
from tests.conftest import SMALL_STUDY

STATED = {"generator": 12, "dlib": 6, "lpips_alex": 4, "lpips_vgg": 1}


def begun(where, stated):
    """A folder that an earlier version began with other micro-batches than ours."""
    folder = StudyFolder(where)
    folder.root.mkdir()
    study = parse_study(parse_toml(SMALL_STUDY.encode(), "study.toml"), "study.toml")
    folder.describe(study, stated, {"torch": "2.13.0"})
    return folder


def worker(folder, halvings=0):
    job = Job(
        where=str(folder.root), cwd=os.getcwd(), study=SMALL_STUDY, device="cpu", gpus=1, verbose=False, workers=1,
        threads=2, memory=2**30,
    )  # fmt: skip
    worker = Worker(job, 0, halvings)
    assert isinstance(worker.start(), Ready)
    return worker


def distances(folder):
    pairs = folder.read("pairs", 0)
    searched = np.array(pairs["kind"].to_pylist()) == "optimized"  # a search may part at the last bit
    return {name: np.array(pairs[name].to_pylist(), float)[~searched] for name in ("dlib_distance", "lpips_vgg")}


def test_a_folder_continues_with_its_own_micro_batches_and_a_killed_worker_comes_back_with_half(tmp_path):
    folder = begun(tmp_path / "whole", STATED)
    whole = worker(folder)
    built = whole.build(0)
    assert isinstance(built, Built)
    assert built.manifest.micro_batches == {}
    assert whole._models.micro_batches() == STATED
    other = begun(tmp_path / "half", STATED)
    half = worker(other, halvings=1)
    assert half._runtime.memory == 2**29
    built = half.build(0)
    assert isinstance(built, Built)
    assert built.manifest.micro_batches == {"generator": 6, "dlib": 3, "lpips_alex": 2}
    for name, wanted in distances(folder).items():
        np.testing.assert_allclose(distances(other)[name], wanted, rtol=0, atol=1e-5)


@pytest.mark.parametrize("stated", [{"generator": 16}, STATED | {"ours": 3}])
def test_a_folder_of_other_models_is_refused(tmp_path, stated):
    failed = worker(begun(tmp_path / "out", stated)).build(0)
    assert isinstance(failed, Failed)
    assert failed.fatal
    assert f"begun with micro-batches of {', '.join(stated)}" in failed.message


@pytest.mark.parametrize(
    ("then", "now", "said"),
    [
        ("2.13.0", "2.13.0+cpu", False),  # of a folder whose version recorded the public part alone
        ("2.13.0+cpu", "2.13.0+cpu", False),
        ("2.13.0", "2.13.1+cpu", True),
        ("2.13.0+cpu", "2.13.0+cu126", True),
        ("2.13.0+cpu", "2.13.0", True),
    ],
)
def test_another_torch_than_the_folders_is_said(tmp_path, caplog, then, now, said):
    folder = StudyFolder(tmp_path)
    study = parse_study({"name": "small"}, "study.toml")
    folder.describe(study, STATED, {"torch": then})
    folder.describe(study, {"generator": 1}, {"torch": now})
    assert (f"torch {then} is now {now}" in caplog.text) == said
    assert folder.manifest().micro_batches == STATED
