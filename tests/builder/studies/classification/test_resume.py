"""Killed and resumed, with one worker and with four: the same bytes."""

import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tomli_w
from PIL import Image

from builder.images import mnist
from builder.shards import StudyFolder
from tests.builder.engines.builds import ONE_THREAD, assert_same, building, files_of, until
from tests.conftest import run_builder

pytestmark = pytest.mark.slow

DIGITS = {
    "study": "classification",
    "name": "six",
    "batches": 3,
    "classes_per_batch": 2,
    "controls": 4,
    "classifiers": [{"name": "digits", "model": "digits-cnn"}],
    "attack": {"classifier": "digits", "step": 0.02, "iterations": 20, "items": 4},
    "explained": {"model": "lime", "samples": 30, "superpixels": "quickshift", "max_dist": 6.0},
    "assignment": {"classifier": "digits", "step": 0.02, "iterations": 5, "targets": 7},
}
"""A study with all that a batch may have."""


def write_digits(root: Path) -> Path:
    """The study file, and beside it 17 digits of each of its six classes, which no network was trained on."""
    pixels, labels = mnist.read()
    for label in range(6):
        (root / "digits" / str(label)).mkdir(parents=True)
        for row in np.flatnonzero(labels == label)[-17:]:
            Image.fromarray(np.repeat(pixels[row][..., None], 3, axis=2)).save(root / f"digits/{label}/{row}.png")
    images: dict[str, Any] = {"model": f"folder:{root / 'digits'}", "redistributable": True, "license": "cc-by-sa-3.0"}
    (root / "six.toml").write_text(tomli_w.dumps(DIGITS | {"images": images}))
    return root / "six.toml"


def test_killed_and_resumed_with_four_workers_the_bytes_are_those_of_one(tmp_path: Path) -> None:
    study = write_digits(tmp_path)
    undisturbed = run_builder("build", study, "--out", tmp_path / "whole", "--workers", 1, *ONE_THREAD)
    assert undisturbed.returncode == 0, undisturbed.stderr
    build = ("build", study, "--out", tmp_path / "parts", *ONE_THREAD)
    with building(*build, "--workers", 1) as process:
        until(lambda: (tmp_path / "parts/manifest/batch-00000.json").exists(), process)
        process.send_signal(signal.SIGKILL)
    resumed = run_builder(*build, "--workers", 4)
    assert resumed.returncode == 0, resumed.stderr
    assert_same(files_of(tmp_path / "parts"), files_of(tmp_path / "whole"))
    rows = StudyFolder(tmp_path / "parts").status().rows
    assert all(rows[name] for name in ("attacks", "explanations", "examples", "panels"))
