"""Worker processes, killed one by one and with their build."""

import os
import random
import signal
import time

import psutil
import pytest

from tests.builder.engines.builds import ONE_THREAD, assert_same, building, files_of, until, workers_of
from tests.conftest import run_builder

pytestmark = pytest.mark.slow


def test_two_workers_killed_at_random_moments_give_the_bytes_of_one(tmp_path, study, undisturbed):
    """First the build is killed, then in another one its workers, each at a random moment."""
    moments = random.Random(8)
    build = ("build", study, "--out", tmp_path / "out", "--workers", 2, *ONE_THREAD)
    with building(*build) as process:
        until(lambda: (tmp_path / "out/manifest.json").exists(), process)
        workers = workers_of(process)
        assert len(workers) == 2
        time.sleep(moments.uniform(0, 3))
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    _, alive = psutil.wait_procs(workers, timeout=60)
    assert alive == [], "workers outlive their build"
    with building(*build) as process:
        for _ in range(2):
            until(lambda: (tmp_path / "out/manifest.json").exists() and len(workers_of(process)) == 2, process)
            time.sleep(moments.uniform(0, 3))
            if victims := workers_of(process):
                moments.choice(victims).kill()
        _, said = process.communicate()
        assert process.returncode == 0, said
    assert_same(files_of(tmp_path / "out"), undisturbed)
    result = run_builder("status", tmp_path / "out", "--verify")
    assert result.returncode == 0, result.stdout


DEADLY = """
import os, signal
from builder.generators import dcgan
Settings = dcgan.Settings

def load(argument, settings, runtime):
    generator = dcgan.load(argument, settings, runtime)
    sample = generator.sample
    def deadly(seeds):
        if any(1000 <= seed < 2000 for seed in seeds):
            os.kill(os.getpid(), signal.SIGKILL)
        return sample(seeds)
    generator.sample = deadly
    return generator
"""
"""A generator that kills its process at batch 1."""


def test_a_batch_under_which_three_workers_ended_has_failed_and_the_others_go_on(tmp_path, study):
    plugin = tmp_path / "plugin"
    (plugin / "deadly-1.0.dist-info").mkdir(parents=True)
    (plugin / "deadly-1.0.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: deadly\nVersion: 1.0\n")
    (plugin / "deadly-1.0.dist-info/entry_points.txt").write_text("[lands_between.generators]\ndeadly = deadly\n")
    (plugin / "deadly.py").write_text(DEADLY)
    path = os.pathsep.join([str(plugin), *filter(None, [os.environ.get("PYTHONPATH")])])
    killing = tmp_path / "study.toml"
    killing.write_text(study.read_text().replace("[[recog", '[generator]\nmodel = "deadly"\n\n[[recog', 1))
    build = ("build", killing, "--out", tmp_path / "out", "--workers", 1, *ONE_THREAD)
    with building(*build, env=os.environ | {"PYTHONPATH": path}) as process:
        _, said = process.communicate()
    assert process.returncode == 1, said
    assert "error: batch 1 failed: its worker ended 3 times" in said
    assert "Traceback" not in said
    finished = sorted(path.name for path in (tmp_path / "out/manifest").iterdir())
    assert finished == ["batch-00000.json", "batch-00002.json"]
