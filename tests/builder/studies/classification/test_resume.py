"""Killed and resumed, with one worker and with four: the same bytes."""

import signal
from pathlib import Path

import pytest

from tests.builder.engines.builds import ONE_THREAD, assert_same, building, files_of, until
from tests.builder.studies.classification import small
from tests.conftest import run_builder

pytestmark = pytest.mark.slow


def test_killed_and_resumed_with_four_workers_the_bytes_are_those_of_one(tmp_path: Path):
    study = small.write_study(tmp_path, batches=3, classes_per_batch=1, mistakes_top5=1)
    undisturbed = run_builder("build", study, "--out", tmp_path / "whole", "--workers", 1, *ONE_THREAD)
    assert undisturbed.returncode == 0, undisturbed.stderr
    build = ("build", study, "--out", tmp_path / "parts", *ONE_THREAD)
    with building(*build, "--workers", 1) as process:
        until(lambda: (tmp_path / "parts/manifest/batch-00000.json").exists(), process)
        process.send_signal(signal.SIGKILL)
    resumed = run_builder(*build, "--workers", 4)
    assert resumed.returncode == 0, resumed.stderr
    assert_same(files_of(tmp_path / "parts"), files_of(tmp_path / "whole"))
