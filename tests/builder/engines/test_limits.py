"""What a build says on a machine that gives it too little to start its workers."""

import subprocess
import sys

import pytest


@pytest.mark.slow
@pytest.mark.parametrize(
    ("limit", "said"),
    [
        ("-n 16", "cannot be started: Too many open files"),
        ("-v 700000", "the libraries of the models cannot be loaded: libtorch_cpu.so"),
    ],
)
def test_what_a_worker_lacks_is_said(small_study, tmp_path, limit, said):
    limited = f'ulimit {limit}; exec "$0" -m builder build "$1" --out "$2"'
    result = subprocess.run(
        ["bash", "-c", limited, sys.executable, small_study, tmp_path / "out"],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert result.returncode == 2
    assert said in result.stderr
    assert "Traceback" not in result.stderr
