import subprocess
import sys

import pytest
import torch

from builder.runtime import start_runtime


def test_the_peak_is_in_bytes_and_holds_what_was_held_once():
    """Of 400 MB held for a moment, in a process whose peak nothing else has raised."""
    script = """
import numpy as np
from builder.runtime import start_runtime
runtime = start_runtime("cpu")
before = runtime.peak_memory()["peak_memory_bytes"]
np.ones(400_000_000, np.uint8)
print(before, runtime.peak_memory()["peak_memory_bytes"])
"""
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    before, after = map(int, result.stdout.split())
    assert 100e6 < before < 4e9  # of torch alone, in bytes
    assert 300e6 < after - before < 500e6


def test_a_gpu_is_counted_round_those_there_are():
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    count = torch.cuda.device_count()
    runtime = start_runtime("cuda", gpu=count)
    assert runtime.device == torch.device("cuda", 0)
    assert runtime.peak_memory()["peak_device_memory_bytes"] >= 0
