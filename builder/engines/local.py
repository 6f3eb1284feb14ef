"""`local`: worker processes on this machine.

Every worker is an executor of one process: one that is killed takes nothing with it but the batch in its hands.
"""

import contextlib
import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.process import BaseProcess
from typing import TYPE_CHECKING

from builder.engines import Built, Doing, Failed, Job, Ready
from builder.errors import BuildError
from builder.machine import out_of_memory_kills

if TYPE_CHECKING:  # only the workers need torch
    from builder.engines.worker import Worker

_SPAWN = multiprocessing.get_context("spawn")

_this: "Worker"


class Local:
    """The engine."""

    lost: tuple[type[Exception], ...] = (BrokenProcessPool,)

    def __init__(self, job: Job) -> None:
        self.workers = job.workers
        self._job = job
        self._executors: dict[int, ProcessPoolExecutor] = {}
        self._processes: dict[int, set[BaseProcess]] = {}
        self._doing: dict[int, Doing] = {}
        self._kills = out_of_memory_kills()

    def start(self, worker: int, halvings: int) -> Doing:
        """Starts a process."""
        if worker in self._executors:
            self._executors[worker].shutdown()
        before = set(multiprocessing.active_children())
        try:
            self._executors[worker] = ProcessPoolExecutor(1, _SPAWN, _prepare, (worker, self._job.verbose))
            with _interrupts_blocked():
                self._doing[worker] = self._executors[worker].submit(_start, self._job, worker, halvings)
        except OSError as error:
            raise BuildError(
                f"worker {worker} cannot be started: {error.strerror}; fewer --workers need less, and `ulimit -n` and "
                "`ulimit -u` show what a process may have"
            ) from error
        self._processes[worker] = set(multiprocessing.active_children()) - before
        return self._doing[worker]

    def build(self, worker: int, batch: int) -> Doing:
        """Hands a batch to a process."""
        self._doing[worker] = self._executors[worker].submit(_build, batch)
        return self._doing[worker]

    def lacked_memory(self, error: Exception) -> bool | None:
        """Whether the kernel has killed a process of this machine for lack of memory since this was asked last."""
        before, self._kills = self._kills, out_of_memory_kills()
        return None if before is None or self._kills is None else self._kills > before

    def close(self) -> None:
        """Ends the processes, those that are at work at once."""
        for worker, executor in self._executors.items():
            if worker in self._doing and not self._doing[worker].done():
                for process in self._processes[worker]:
                    process.kill()
            executor.shutdown()


@contextlib.contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """A process that is started in the block inherits that from its first moment on: it leaves interrupts to the build,
    which gets those that come meanwhile when the block ends.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _prepare(worker: int, verbose: bool) -> None:
    """Makes a new process a worker, which ends with its build."""
    from builder.progress import use_line

    threading.Thread(target=_end_with_the_build, daemon=True).start()
    logging.basicConfig(level=logging.INFO if verbose else logging.WARNING, format="%(message)s")
    use_line(worker + 1)


def _end_with_the_build() -> None:
    build = multiprocessing.parent_process()
    if build is not None:
        build.join()
        os._exit(1)


def _start(job: Job, number: int, halvings: int) -> Ready | Built | Failed:
    global _this
    try:
        from builder.engines.worker import Worker
    except (ImportError, OSError, MemoryError) as error:
        return Failed(
            f"the libraries of the models cannot be loaded: {error}. Is there memory enough (ulimit -v shows a limit), "
            "and is everything installed?",
            fatal=True,
        )

    _this = Worker(job, number, halvings)
    return _this.start()


def _build(batch: int) -> Ready | Built | Failed:
    return _this.build(batch)
