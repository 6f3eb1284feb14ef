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
from concurrent.futures import InvalidStateError, ProcessPoolExecutor
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
        self._died: BaseException | None = None
        self._excepthook = threading.excepthook
        threading.excepthook = self._thread_died

    def start(self, worker: int, halvings: int) -> Doing:
        """Starts a process."""
        if worker in self._executors:
            self._executors.pop(worker).shutdown()
        before = set(multiprocessing.active_children())
        try:
            executor = ProcessPoolExecutor(1, _SPAWN, _prepare, (worker, self._job.verbose))
            with _interrupts_blocked():
                self._doing[worker] = executor.submit(_start, self._job, worker, halvings)
        except (OSError, RuntimeError) as error:  # the latter where its thread cannot be started
            for process in set(multiprocessing.active_children()) - before:
                process.kill()
            raise _cannot_be_started(worker, error) from error
        self._executors[worker] = executor
        self._processes[worker] = set(multiprocessing.active_children()) - before
        self._fail_if_a_thread_died()
        return self._doing[worker]

    def build(self, worker: int, batch: int) -> Doing:
        """Hands a batch to a process."""
        self._doing[worker] = self._executors[worker].submit(_build, batch)
        self._fail_if_a_thread_died()
        return self._doing[worker]

    def lacked_memory(self, error: Exception) -> bool | None:
        """Whether the kernel has killed a process of this machine for lack of memory since this was asked last."""
        before, self._kills = self._kills, out_of_memory_kills()
        return None if before is None or self._kills is None else self._kills > before

    def close(self) -> None:
        """Ends the processes, those that are at work at once."""
        for worker, executor in self._executors.items():
            if worker in self._doing and not self._doing[worker].done():
                self._kill(worker)
            executor.shutdown()
        threading.excepthook = self._excepthook

    def _kill(self, worker: int) -> None:
        for process in self._processes.get(worker, ()):
            process.kill()

    def _thread_died(self, died: threading.ExceptHookArgs) -> None:
        """Notes that a thread of an executor died, in that thread: whoever waits for a future then waits for ever."""
        if type(died.thread).__module__ == ProcessPoolExecutor.__module__ and died.exc_value is not None:
            self._died = died.exc_value
            self._fail_if_a_thread_died()
        else:
            self._excepthook(died)

    def _fail_if_a_thread_died(self) -> None:
        """Fails all that waits where a thread died; called after each future too, for it may have died before."""
        if self._died is None:
            return
        for worker, doing in list(self._doing.items()):
            self._kill(worker)
            with contextlib.suppress(InvalidStateError):  # it is done
                doing.set_exception(_cannot_be_started(worker, self._died))


def _cannot_be_started(worker: int, error: BaseException) -> BuildError:
    why = error.strerror if isinstance(error, OSError) else error
    return BuildError(
        f"worker {worker} cannot be started: {why}; fewer --workers need less, and `ulimit -n`, `ulimit -u` and "
        "`ulimit -v` show what a process may have"
    )


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
    """Makes a new process a worker."""
    from builder.progress import use_line

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
        threading.Thread(target=_end_with_the_build, daemon=True).start()
        from builder.engines.worker import Worker
        from builder.progress import take_turns

        take_turns(number + 1, job.workers + 1)
    except (ImportError, OSError, MemoryError, RuntimeError) as error:
        return Failed(
            f"the libraries of the models cannot be loaded: {error}. Is there memory enough (ulimit -v shows a limit), "
            "and is everything installed?",
            fatal=True,
        )

    _this = Worker(job, number, halvings)
    return _this.start()


def _build(batch: int) -> Ready | Built | Failed:
    return _this.build(batch)
