"""Where models run, and the fixed micro-batches in which they run."""

import platform
import resource
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import distributions
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from builder.errors import BuildError
from builder.machine import cpus

PACKAGES = (
    *("lands-between", "cma", "datasets", "dlib-bin", "numpy", "pillow", "pyarrow", "torch"),
    *("deepface", "diffusers", "onnxruntime", "opencv-contrib-python-headless"),
)
"""Those on which the bytes of a shard may depend; the latter are extras."""

AnyArray = npt.NDArray[Any]


@dataclass(frozen=True)
class Runtime:
    """The device that models run on and the CPU threads they may use."""

    device: torch.device
    threads: int

    def environment(self) -> dict[str, str]:
        """What a shard's bytes may depend on besides the study: device, threads, machine, software."""
        name = torch.cuda.get_device_name(self.device) if self.device.type == "cuda" else self.device.type
        here = {"device": name, "threads": str(self.threads), "machine": platform.machine()}
        versions = {name: found.version for name in PACKAGES for found in distributions(name=name)}
        return here | {"python": platform.python_version()} | versions

    def peak_memory(self) -> dict[str, int]:
        """The most memory, in bytes, that this process has held at once since it began, and on a GPU its tensors.

        On Linux a process begins with the peak of the one that started it.
        """
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        memory = {"peak_memory_bytes": peak if sys.platform == "darwin" else 1024 * peak}  # only macOS counts in bytes
        if self.device.type == "cuda":
            memory["peak_device_memory_bytes"] = torch.cuda.max_memory_allocated(self.device)
        return memory


def start_runtime(device: str = "auto", threads: int | None = None, gpu: int = 0) -> Runtime:
    """Chooses the device, sets torch's threads and makes float32 mean float32.

    Args:
        device: `auto` (CUDA where torch sees it, else CPU), `cpu` or `cuda`.
        threads: CPU threads for this process; by default the CPUs it may run on.
        gpu: which of the CUDA devices that torch sees, counted round: with two of them, 2 is the first again.

    Raises:
        BuildError: `cuda` was asked for and torch sees none.
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise BuildError("--device cuda: torch sees no CUDA device here; use --device cpu, or a CUDA build of torch")
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    threads = threads or cpus()
    torch.set_num_threads(threads)
    # TF32 and the search for the fastest kernel change results from run to run and machine to machine.
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = True
    if device == "cpu":
        return Runtime(torch.device("cpu"), threads)
    chosen = torch.device("cuda", gpu % torch.cuda.device_count())
    torch.cuda.set_device(chosen)  # else each worker would also hold a context on the first device
    return Runtime(chosen, threads)


def in_micro_batches(run: Callable[..., torch.Tensor], *inputs: AnyArray, size: int, device: torch.device) -> AnyArray:
    """Runs a model over rows in batches of exactly `size`, the last one padded with its own last row.

    A row's result may depend on how many rows a kernel sees, so that number never changes (DESIGN.md,
    invariant 1).

    Args:
        run: takes one tensor per input, (size, ...), on `device`; returns (size, ...).
        inputs: arrays of n >= 1 rows each.
        size: rows per call.
        device: where `run` wants its tensors.

    Returns:
        (n, ...), on the CPU.
    """
    rows = len(inputs[0])
    results = []
    with torch.inference_mode():
        for start in range(0, rows, size):
            parts = [torch.from_numpy(_padded(array[start : start + size], size)).to(device) for array in inputs]
            results.append(run(*parts)[: rows - start].cpu().numpy())
    return np.concatenate(results)


def _padded(rows: AnyArray, size: int) -> AnyArray:
    missing = size - len(rows)
    padded = np.concatenate([rows, np.repeat(rows[-1:], missing, axis=0)]) if missing else rows
    return np.ascontiguousarray(padded)
