"""Actors on a cluster of two nodes: killed one by one, with their node and with the build."""

import os
import random
import signal
import subprocess
import sys
import time

import psutil
import pytest

from tests.builder.engines.builds import ONE_THREAD, actors, assert_same, building, files_of, until
from tests.conftest import run_builder

pytestmark = pytest.mark.slow

RAY = ("--engine", "ray", *ONE_THREAD)


def test_a_build_an_actor_and_a_node_killed_at_random_moments_give_the_bytes_of_one_process(
    tmp_path, study, undisturbed, two_nodes
):
    """`--out` is relative: the nodes' own working directories are others."""
    moments = random.Random(8)
    out = tmp_path / "out"
    build = ("build", study, "--out", "out", *RAY, "--address", two_nodes.address)
    with building(*build, cwd=tmp_path) as process:
        until(lambda: (out / "manifest.json").exists(), process)
        time.sleep(moments.uniform(0, 3))
        process.send_signal(signal.SIGKILL)
    until(lambda: actors() == [])
    with building(*build, cwd=tmp_path) as process:
        until(lambda: len(actors()) == 2, process)
        time.sleep(moments.uniform(1, 5))
        moments.choice(actors()).kill()
        time.sleep(moments.uniform(0, 5))
        two_nodes.remove_node(next(iter(two_nodes.worker_nodes)), allow_graceful=False)
        _, said = process.communicate()
        assert process.returncode == 0, said
    assert "a worker ended" in said
    assert_same(files_of(out), undisturbed)
    assert run_builder("status", out, "--verify").returncode == 0


def test_gpus_that_the_cluster_does_not_have_are_an_error(tmp_path, study, two_nodes):
    build = ("build", study, "--out", tmp_path / "out", "--engine", "ray", "--address", two_nodes.address)
    result = run_builder(*build, "--device", "cuda", "--workers", 1)
    assert result.returncode == 2
    assert "--device cuda: torch sees no CUDA device" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("address", ["127.0.0.1:1", "ray://127.0.0.1:1", "nonsense"])
def test_an_address_where_no_cluster_answers_is_an_error(tmp_path, study, address):
    result = run_builder("build", study, "--out", tmp_path / "out", "--engine", "ray", "--address", address)
    assert result.returncode == 2
    assert f"error: --address {address}: no Ray cluster of this version answers there" in result.stderr


def test_a_worker_that_this_machine_has_no_room_for_is_an_error(tmp_path, study):
    result = run_builder("build", study, "--out", tmp_path / "out", "--engine", "ray", "--threads-per-worker", 9999)
    assert result.returncode == 2
    assert "a worker wants 9999 CPUs, which this machine does not have" in result.stderr


def test_without_ray_the_extra_is_named(tmp_path, study):
    command = ["build", str(study), "--out", str(tmp_path / "out"), "--engine", "ray"]
    code = f"import sys; sys.modules['ray'] = None\nfrom builder import cli\nsys.exit(cli.main({command}))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 2
    assert result.stderr == "error: --engine ray needs an extra: pip install -e '.[ray]'\n"


def test_a_cluster_of_this_machine_alone_ends_with_its_build_on_ctrl_c(tmp_path, study):
    build = ("build", study, "--out", tmp_path / "out", *RAY, "--workers", 1)
    environment = {name: value for name, value in os.environ.items() if name != "RAY_ADDRESS"}
    with building(*build, env=environment, start_new_session=True) as process:
        until(lambda: (tmp_path / "out/manifest.json").exists(), process)
        family = psutil.Process(process.pid).children(recursive=True)
        assert any("raylet" in each.name() for each in family)
        assert not any("--include-dashboard=true" in " ".join(each.cmdline()) for each in family)
        for _ in range(2):  # the second time it stops at once
            os.killpg(process.pid, signal.SIGINT)  # as a terminal does
            time.sleep(0.5)
        _, said = process.communicate()
    assert process.returncode == 130, said
    assert "the same command continues" in said
    _, alive = psutil.wait_procs(family, timeout=60)
    assert alive == []
