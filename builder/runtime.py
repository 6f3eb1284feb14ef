"""The runtime of models: a GPU, or streams of one thread on a CPU; and the fixed micro-batches in which they run.

Every stream takes the next micro-batch as it gets free, so that none waits for a core that something else keeps busy,
and what a micro-batch gives does not depend on how many streams there are.
"""

import logging
import platform
import resource
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from builder import progress
from builder.errors import BuildError
from builder.machine import cpus, free_memory

log = logging.getLogger(__name__)

PACKAGES = (
    *("lands-between", "cma", "datasets", "dlib-bin", "numpy", "pillow", "pyarrow", "torch"),
    *("deepface", "diffusers", "onnxruntime", "opencv-contrib-python-headless", "transformers"),
)
"""Packages on which the bytes of a shard may depend; the latter are extras."""

_NO_MEMORY = (
    *("allocate memory", "not enough memory", "out of memory", "bad_alloc", "alloc_failed"),
    *("could not create a primitive", "could not create a memory"),
)
"""Words of errors without a type of their own: of torch's CPU allocator, of onnxruntime, of a new CUDA
context, of cuBLAS and cuDNN, of oneDNN."""

AnyArray = npt.NDArray[Any]


_SHARE_OF_FREE = 0.75
"""Share of the free memory that models' work may take up where nobody states how much."""

_SHARE_AT_WORK = 0.5
"""Share of a worker's memory for what networks hold while they run; the rest is for weights, images and tables."""

_STREAMS_SIZED_FOR = 4
"""Streams that a micro-batch leaves room for, however many there are: its size must not depend on that."""

_MOST_PIXELS = {"cpu": 2**20, "cuda": 2**22}
"""Pixels of images in a micro-batch. On one CPU thread two images of 1024 pixels take twice the time of one."""


@dataclass(frozen=True)
class Runtime:
    """The device that models run on.

    threads: CPU threads that this process may use: micro-batches that run at the same time, each on one thread, where
        models run on the CPU. memory: bytes of the device's memory that this process may use. weights: of models that
        are trained here, by the name that they are registered under: safetensors that a study folder keeps. facts: of
        what models did when they were loaded that a shard's bytes depend on, by name; manifests have them.
    """

    device: torch.device
    threads: int
    memory: int
    pool: ThreadPoolExecutor = field(repr=False, compare=False)
    weights: Mapping[str, bytes] = field(default_factory=dict, repr=False, compare=False)
    facts: dict[str, str] = field(default_factory=dict, repr=False, compare=False)
    _calls: "list[Running]" = field(default_factory=list, repr=False, compare=False)

    @contextmanager
    def calling(self, model: "Running") -> Iterator[None]:
        """Has every `in_micro_batches` on this runtime in the block keep to what `model` says, and write there what it
        does.
        """
        self._calls.append(model)
        try:
            yield
        finally:
            self._calls.pop()

    @property
    def running(self) -> "Running":
        """The model whose call is under way; any, where nobody said which."""
        return self._calls[-1] if self._calls else Running()

    def micro_batch(self, most: int, row_bytes: int, row_pixels: int = 1) -> int:
        """Rows that a model should see at a time: `most`, or half of it as often as memory or pixels want, at least 1.

        Args:
            most: rows where nothing is short; more bring no speed.
            row_bytes: what the model holds for a row while it works.
            row_pixels: of a row's images.
        """
        room = _SHARE_AT_WORK * self.memory / _STREAMS_SIZED_FOR
        rows = most
        while rows > 1 and (rows * row_bytes > room or rows * row_pixels > _MOST_PIXELS[self.device.type]):
            rows //= 2
        return rows

    def streams(self, micro_batch_bytes: int) -> int:
        """Micro-batches of a model that run at the same time: one on a GPU, else one a thread as far as memory goes."""
        if self.device.type != "cpu":
            return 1
        return max(1, min(self.threads, int(_SHARE_AT_WORK * self.memory / max(1, micro_batch_bytes))))

    def environment(self) -> dict[str, str]:
        """Device, threads of a micro-batch, machine, software and facts of models: what decides a shard's bytes besides
        the study.
        """
        name = torch.cuda.get_device_name(self.device) if self.device.type == "cuda" else self.device.type
        here = {"device": name, "threads": "1", "machine": platform.machine()}
        versions = {name: each.version for name in PACKAGES for each in distributions(name=name)}
        # Some indexes serve torch under its public version alone; its own has the build too, as 2.13.0+cpu.
        return here | {"python": platform.python_version()} | versions | {"torch": str(torch.__version__)} | self.facts

    def peak_memory(self) -> dict[str, int]:
        """The most memory, in bytes, that this process has held at once since it began, and on a GPU its tensors."""
        memory = {"peak_memory_bytes": _peak_memory()}
        if self.device.type == "cuda":
            memory["peak_device_memory_bytes"] = torch.cuda.max_memory_allocated(self.device)
        return memory


def start_runtime(
    device: str = "auto",
    threads: int | None = None,
    gpu: int = 0,
    *,
    memory: int | None = None,
    share: float = 1,
    gpu_share: float = 1,
) -> Runtime:
    """Chooses the device, gives every stream one thread of torch's and makes float32 mean float32.

    Args:
        device: `auto` (CUDA where torch sees it, else CPU), `cpu` or `cuda`.
        threads: CPU threads for this process; by default the CPUs it may run on.
        gpu: which of the CUDA devices that torch sees, counted round: with two of them, 2 is the first again.
        memory: bytes of the device's memory that this process may use; by default a share of what is free.
        share: the part of the machine's free memory that is meant for this process and not for others like it.
        gpu_share: likewise of a GPU's.

    Raises:
        BuildError: `cuda` was asked for and torch sees none; the threads cannot be had.
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise BuildError("--device cuda: torch sees no CUDA device here; use --device cpu, or a CUDA build of torch")
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    threads = threads or cpus()
    torch.set_num_threads(1)  # OpenMP's threads wait for the slowest of them in every layer
    # TF32 and the search for the fastest kernel change results from run to run and machine to machine.
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = True
    pool = _started(threads)
    if device == "cpu":
        return Runtime(torch.device("cpu"), threads, memory or int(free_memory() * share * _SHARE_OF_FREE), pool)
    gpu_device = torch.device("cuda", gpu % torch.cuda.device_count())
    torch.cuda.set_device(gpu_device)  # else each worker would also hold a context on the first device
    free, _ = torch.cuda.mem_get_info(gpu_device)
    return Runtime(gpu_device, threads, memory or int(free * gpu_share * _SHARE_OF_FREE), pool)


def _started(threads: int) -> ThreadPoolExecutor:
    """A pool whose threads run already: none is left to be started amid the work."""
    pool = ThreadPoolExecutor(threads, "stream", torch.set_num_threads, (1,))  # OpenMP counts by thread
    all_here = threading.Barrier(threads)
    try:
        wait([pool.submit(all_here.wait) for _ in range(threads)])
    except RuntimeError as error:
        all_here.abort()
        raise BuildError(
            f"{threads} threads for models cannot be had: {error}; --threads-per-worker takes fewer, and `ulimit -u` "
            "and `ulimit -v` show what a process may have"
        ) from error
    return pool


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
    """A model in one batch, as `in_micro_batches` runs it for whoever calls the model.

    model: named in the log. most: rows at a time, once memory forced fewer than the model's own number, which later
    calls keep to. streams: likewise micro-batches at a time. rows: those in the model when it failed, of the `total`
    that were given.
    """

    model: str = "a model"
    most: int | None = None
    streams: int | None = None
    rows: range | None = None
    total: int = 0


def in_micro_batches(
    run: Callable[..., torch.Tensor],
    *inputs: AnyArray,
    size: int,
    runtime: Runtime,
    row_bytes: int = 0,
    fixed: bool = False,
    one_at_a_time: bool = False,
) -> AnyArray:
    """Runs a model over rows in batches of exactly `size`, the last one padded with its own last row.

    A row's result may depend on how many rows a kernel sees, so that number never changes. Only where memory does not
    suffice are fewer micro-batches run at a time and, where that is one, its size halved, as often as needed, for the
    rest of the batch of the study; `Running.most` then tells.

    Args:
        run: takes one tensor per input, (size, ...), on the runtime's device; returns (size, ...). It is called from
            several threads at the same time, unless `one_at_a_time`.
        inputs: arrays of n >= 1 rows each.
        size: rows per call.
        runtime: where `run` wants its tensors, and how many calls run at the same time.
        row_bytes: what `run` holds for a row while it works, as far as known.
        fixed: whether `run` takes exactly `size` rows and no fewer.
        one_at_a_time: whether `run` must end before it is called again.

    Returns:
        (n, ...), on the CPU.

    Raises:
        BuildError: memory does not suffice for the fewest rows that `run` takes.
    """
    model = runtime.running
    model.total = len(inputs[0])
    with progress.bar(model.total, model.model, "row", delay=progress.SLOW) as bar:
        work = _Rows(run, inputs, runtime.device, bar.update)
        return _all_rows(model, work, size, runtime, row_bytes, fixed, one_at_a_time)


def _all_rows(
    model: Running, work: "_Rows", size: int, runtime: Runtime, row_bytes: int, fixed: bool, one_at_a_time: bool
) -> AnyArray:
    """The results of all rows, in fewer micro-batches at a time, and smaller ones, where memory does not suffice."""
    left = [range(model.total)]
    while left:
        size = size if fixed else min(size, model.most or size)
        left = [range(at, min(at + size, rows.stop)) for rows in left for at in range(rows.start, rows.stop, size)]
        streams = 1 if one_at_a_time else min(runtime.streams(size * row_bytes), model.streams or runtime.threads)
        failed = work.run_all(left, size, min(streams, len(left)), runtime.pool)
        if failed is None:
            break
        model.rows, error = failed
        if not is_out_of_memory(error):
            raise error
        traceback.clear_frames(error.__traceback__)  # lets go of what the model held
        if streams > 1:
            model.streams = streams // 2
            log.warning("%s: out of memory with %d micro-batches at a time; now %d", model.model, streams, streams // 2)
        elif fixed or size == 1:
            raise BuildError(f"ran out of memory with {_counted(size)} at a time, the fewest: {error}") from error
        else:
            model.most = size // 2
            log.warning("%s: out of memory with %s at a time; now %d", model.model, _counted(size), model.most)
        del error, failed
        if runtime.device.type == "cuda":
            torch.cuda.empty_cache()
        left = [rows for rows in left if rows.start not in work.done]
    model.rows = None
    return work.results


class _Rows:
    """The rows that a model is run over, and its results so far. done: the first rows of finished micro-batches;
    `moved` is told how many rows each of them has.
    """

    results: AnyArray

    def __init__(
        self,
        run: Callable[..., torch.Tensor],
        inputs: tuple[AnyArray, ...],
        device: torch.device,
        moved: Callable[[int], object],
    ) -> None:
        self.done: set[int] = set()
        self._moved = moved
        self._run, self._inputs, self._device = run, inputs, device
        self._lock = threading.Lock()

    def run_all(
        self, micro_batches: list[range], size: int, streams: int, pool: ThreadPoolExecutor
    ) -> tuple[range, BaseException] | None:
        """Runs micro-batches of `size` rows, each of whose rows is in one of the ranges, in order, until one fails.

        Returns:
            The first of those that failed, and why.
        """
        waiting = iter(micro_batches)
        failed: dict[range, BaseException] = {}

        def stream() -> None:
            while not failed:
                with self._lock:
                    rows = next(waiting, None)
                if rows is None:
                    return
                try:
                    self._run_one(rows, size)
                except BaseException as error:  # raised again by the caller; a model may even end the process
                    failed[rows] = error

        if streams == 1:
            stream()
        else:
            try:
                wait([pool.submit(stream) for _ in range(streams)])
            except BaseException as error:  # an interrupt, which reaches this thread alone
                failed[range(0)] = error
                raise
        if not failed:
            return None
        others = {rows: error for rows, error in failed.items() if not is_out_of_memory(error)}
        return min((others or failed).items(), key=lambda each: each[0].start)

    def _run_one(self, rows: range, size: int) -> None:
        parts = [_padded(array[rows.start : rows.stop], size) for array in self._inputs]
        with torch.inference_mode():
            result = self._run(*(torch.from_numpy(part).to(self._device) for part in parts))[: len(rows)].cpu().numpy()
        with self._lock:
            if not self.done:
                self.results = np.empty((len(self._inputs[0]), *result.shape[1:]), result.dtype)
            elif (self.results.shape[1:], self.results.dtype) != (result.shape[1:], result.dtype):
                raise ValueError(f"rows of {self.results.shape[1:]} and of {result.shape[1:]} in one call")
            self.results[rows.start : rows.stop] = result
            self.done.add(rows.start)
            self._moved(len(rows))


@contextmanager
def reproducible(seed: int, device: torch.device) -> Iterator[None]:
    """Has torch draw from `seed`, on one thread and with gradients, within the block; all is as before after it.

    device: the one, beside the CPU, that draws from it, too.
    """
    threads = torch.get_num_threads()
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices), torch.inference_mode(False), torch.enable_grad():
        torch.manual_seed(seed)
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(threads)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory could not be had: Python's, torch's on CPU or GPU, or onnxruntime's."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return any(text in str(error).lower() for text in _NO_MEMORY)


def _counted(count: int) -> str:
    return f"{count} row{'s' if count > 1 else ''}"


def _padded(rows: AnyArray, size: int) -> AnyArray:
    missing = size - len(rows)
    padded = np.concatenate([rows, np.repeat(rows[-1:], missing, axis=0)]) if missing else rows
    return np.ascontiguousarray(padded)
