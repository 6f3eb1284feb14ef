"""Worker processes, killed one by one and with their build."""

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
