import subprocess
import sys

import pytest


@pytest.mark.slow
def test_too_few_open_files_are_said(small_study, tmp_path):
    limited = 'ulimit -n 16; exec "$0" -m builder build "$1" --out "$2"'
    result = subprocess.run(
        ["bash", "-c", limited, sys.executable, small_study, tmp_path / "out"],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert result.returncode == 2
    assert "cannot be started: Too many open files" in result.stderr
    assert "Traceback" not in result.stderr
