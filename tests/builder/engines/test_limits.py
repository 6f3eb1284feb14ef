"""What a build says on a machine that gives it too little to start its workers."""

import multiprocessing.queues
import subprocess
import sys
import threading

import pytest

from builder.engines import Job
from builder.engines.local import Local
from builder.errors import BuildError


@pytest.mark.slow
@pytest.mark.parametrize(
    ("limit", "said"),
    [
        ("-n 16", "cannot be started: Too many open files"),
        ("-v 700000", "the libraries of the models cannot be loaded: libtorch_cpu.so"),
    ],
)
def test_what_a_worker_lacks_is_said(small_study, tmp_path, limit, said):
    result = built_within(limit, small_study, tmp_path / "out")
    assert result.returncode == 2
    assert said in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.slow
@pytest.mark.parametrize("kilobytes", [100_000, 350_000, 360_000, 500_000, 1_400_000])
def test_a_build_with_too_little_memory_for_anything_of_it_ends_with_an_error(small_study, tmp_path, kilobytes):
    """Where the threads of the build cannot be started, those of the worker, or those of its models."""
    result = built_within(f"-v {kilobytes}", small_study, tmp_path / "out")
    assert result.returncode in (1, 2)
    assert "error" in result.stderr
    assert "Traceback" not in result.stderr


def built_within(limit, study, out):
    limited = f'ulimit {limit}; exec "$0" -m builder build "$1" --out "$2"'
    return subprocess.run(
        ["bash", "-c", limited, sys.executable, study, out], capture_output=True, text=True, timeout=120
    )


def test_a_worker_whose_executor_cannot_start_a_thread_is_said_to_fail(monkeypatch, tmp_path):
    """The thread that fills the queue of a process is started by the executor's own, of which nobody else hears."""

    def no_thread(queue):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(multiprocessing.queues.Queue, "_start_thread", no_thread)
    before = threading.excepthook
    engine = Local(Job(str(tmp_path), str(tmp_path), "", "cpu", 1, False, 1, 1))
    try:
        with pytest.raises(BuildError, match="worker 0 cannot be started: can't start new thread; fewer --workers"):
            engine.start(0, 0).result(timeout=60)
    finally:
        engine.close()
    assert threading.excepthook == before
