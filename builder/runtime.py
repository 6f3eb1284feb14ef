"""Where models run, and the fixed micro-batches in which they run."""

import logging
import platform
import resource
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from builder.errors import BuildError
from builder.machine import cpus

log = logging.getLogger(__name__)

PACKAGES = (
    *("lands-between", "cma", "datasets", "dlib-bin", "numpy", "pillow", "pyarrow", "torch"),
    *("deepface", "diffusers", "onnxruntime", "opencv-contrib-python-headless"),
)
"""Those on which the bytes of a shard may depend; the latter are extras."""

_NO_MEMORY = ("allocate memory", "not enough memory", "out of memory", "bad_alloc", "alloc_failed")
"""In the messages of errors that have no type of their own: of torch's CPU allocator, of onnxruntime, of a new CUDA
context, of cuBLAS and cuDNN."""

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
        """The most memory, in bytes, that this process has held at once since it began, and on a GPU its tensors."""
        memory = {"peak_memory_bytes": _peak_memory()}
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


def _peak_memory() -> int:
    status = Path("/proc/self/status")
    if status.exists():  # Linux hands the peak that getrusage knows on to the processes that a process starts
        peaks = [line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
        if peaks:
            return 1024 * int(peaks[0])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak  # macOS alone counts in bytes


@dataclass
class Running:
    """One model in one batch, as `in_micro_batches` runs it for whoever calls the model.

    model: named in the log. most: rows at a time, once memory forced fewer than the model's own number, which later
    calls keep to. rows: those in the model now, of the `total` that were given.
    """

    model: str = "a model"
    most: int | None = None
    rows: range | None = None
    total: int = 0


_running: ContextVar[Running | None] = ContextVar("running", default=None)


@contextmanager
def running(model: Running) -> Iterator[None]:
    """Has every `in_micro_batches` in the block keep to what `model` says, and write there what it does."""
    token = _running.set(model)
    try:
        yield
    finally:
        _running.reset(token)


def in_micro_batches(
    run: Callable[..., torch.Tensor], *inputs: AnyArray, size: int, device: torch.device, fixed: bool = False
) -> AnyArray:
    """Runs a model over rows in batches of exactly `size`, the last one padded with its own last row.

    A row's result may depend on how many rows a kernel sees, so that number never changes (DESIGN.md,
    invariant 1). Only where memory does not suffice is it halved, as often as needed, for the rest of the batch of the
    study; `Running.most` then tells.

    Args:
        run: takes one tensor per input, (size, ...), on `device`; returns (size, ...).
        inputs: arrays of n >= 1 rows each.
        size: rows per call.
        device: where `run` wants its tensors.
        fixed: whether `run` takes exactly `size` rows and no fewer.

    Returns:
        (n, ...), on the CPU.

    Raises:
        BuildError: memory does not suffice for the fewest rows that `run` takes.
    """
    model = _running.get() or Running()
    model.total, start, results = len(inputs[0]), 0, []
    with torch.inference_mode():
        while start < model.total:
            if not fixed:
                size = min(size, model.most or size)
            model.rows = range(start, min(start + size, model.total))
            try:
                parts = [torch.from_numpy(_padded(array[start : start + size], size)).to(device) for array in inputs]
                results.append(run(*parts)[: len(model.rows)].cpu().numpy())
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
                if fixed or size == 1:
                    traceback.clear_frames(error.__traceback__)  # lets go of what the model held
                    raise BuildError(f"ran out of memory with {_rows(size)} at a time, the fewest: {error}") from error
                model.most = size // 2
                log.warning("%s: out of memory with %s at a time; now %d", model.model, _rows(size), model.most)
            else:
                start += size
                continue
            if device.type == "cuda":  # outside of the handler, whose error holds on to what the model held
                torch.cuda.empty_cache()
    model.rows = None
    return np.concatenate(results)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory could not be had: Python's, torch's on CPU or GPU, or onnxruntime's."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return any(text in str(error).lower() for text in _NO_MEMORY)


def _rows(count: int) -> str:
    return f"{count} row{'s' if count > 1 else ''}"


def _padded(rows: AnyArray, size: int) -> AnyArray:
    missing = size - len(rows)
    padded = np.concatenate([rows, np.repeat(rows[-1:], missing, axis=0)]) if missing else rows
    return np.ascontiguousarray(padded)
