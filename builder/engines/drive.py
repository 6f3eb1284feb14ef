"""Hands batches out to an engine's workers as they get free, and takes what becomes of them."""

import contextlib
import logging
import queue
import signal
import sys
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from builder.engines import Built, Doing, Engine, Ready
from builder.errors import BuildError

log = logging.getLogger(__name__)

MOST_TRIES = 3
"""Tries for a batch whose worker ended under it, and for starting a worker: one that needs too much memory would else
go on for ever."""

PATIENCE = 60
"""Seconds without any news after which a build says what it waits for."""

Running = dict[Doing, tuple[int, int | None]]
"""The work under way: future -> worker and batch; None while the worker loads its models."""


class Done(Protocol):
    """Finished futures, put there by each itself: to ask all of them takes time that grows with the workers."""

    def put(self, item: Doing | None, /) -> None:
        """Adds a future, from any thread; or None, from a signal, for there is something else to look at."""

    def get(self, *, timeout: float) -> Doing | None:
        """The next finished future. Raises `queue.Empty` where there was none for `timeout` seconds."""


@dataclass
class Work:
    """The batches to build and what became of them.

    described: whether a worker, here or earlier, said what it has loaded, which the folder states.
    failed: batch -> why.
    interrupted: no more batches are handed out; those in hand are finished.
    halvings: worker -> how often its memory and micro-batches are halved, for memory ran out.
    """

    batches: deque[int]
    on_ready: Callable[[Ready], None]
    on_built: Callable[[Built], None]
    on_failed: Callable[[int, str], None]
    described: bool
    failed: dict[int, str] = field(default_factory=dict)
    interrupted: bool = False
    fatal: BaseException | None = None
    tries: Counter[int | None] = field(default_factory=Counter)
    halvings: Counter[int] = field(default_factory=Counter)

    def take(self) -> int | None:
        """The next batch to hand out; None where there is none, or none is to be begun any more."""
        if self.interrupted or self.fatal or not self.batches:
            return None
        return self.batches.popleft()

    def fail(self, batch: int, why: str) -> None:
        """Notes a batch that cannot be built; the others go on."""
        self.failed[batch] = why
        self.on_failed(batch, why)

    def lose(self, batch: int | None, why: str) -> None:
        """A worker ended while it built `batch`, or while it started: the batch is tried again, by whoever is free."""
        self.tries[batch] += 1
        if self.tries[batch] < MOST_TRIES:
            log.warning("a worker ended %s (%s); tried again", _at(batch), why)
            if batch is not None:
                self.batches.appendleft(batch)
        elif batch is not None:
            self.fail(batch, f"its worker ended {MOST_TRIES} times ({why}); is there memory enough for all workers?")
        else:
            self.fatal = BuildError(
                f"a worker ended {MOST_TRIES} times while it loaded the models ({why}); is there memory enough for "
                "all workers? --workers takes a smaller number"
            )


def drive(engine: Engine, work: Work, done: Done | None = None) -> None:
    """Builds until nothing is left or nothing more is to be begun.

    Args:
        engine: whose workers build.
        work: what to build.
        done: an empty queue; a simulation brings its own, which keeps its time.

    Raises:
        LandsBetweenError: what no batch could be built for; what is finished stays.
        KeyboardInterrupt: asked for twice, at once; asked for once, after the batches in hand.
    """
    running: Running = {}
    done = done or queue.SimpleQueue()

    def begin(doing: Doing, worker: int, batch: int | None) -> None:
        running[doing] = (worker, batch)
        doing.add_done_callback(done.put)

    with _stopping_gracefully(work, running, done):
        for worker in range(engine.workers):
            begin(engine.start(worker, 0), worker, None)
        idle: list[int] = []
        while _worth_waiting(running, work):
            if future := _next(done, running):
                worker, batch = running.pop(future)
                if _took(engine, future, worker, batch, work):
                    idle.append(worker)
                elif not work.fatal:
                    begin(engine.start(worker, work.halvings[worker]), worker, None)
            while idle and (batch := work.take()) is not None:
                worker = idle.pop()
                begin(engine.build(worker, batch), worker, batch)
    if work.fatal:
        raise work.fatal
    if work.interrupted:
        raise KeyboardInterrupt


def _worth_waiting(running: Running, work: Work) -> bool:
    """A worker that is still loading is waited for only where there is something for it to do or to say."""
    begun = any(batch is not None for _, batch in running.values())
    more = work.batches or not work.described
    return begun or bool(running and more and not work.interrupted and not work.fatal)


def _next(done: Done, running: Running) -> Doing | None:
    try:
        return done.get(timeout=PATIENCE)
    except queue.Empty:
        if all(batch is None for _, batch in running.values()):
            log.warning("no worker has started yet: their models load, or what they need is not free")
        return None


def _took(engine: Engine, future: Doing, worker: int, batch: int | None, work: Work) -> bool:
    """Takes what a worker did.

    One that was killed for lack of memory comes back with half of it; where that cannot be known, the one under which a
    batch ended for the second time.

    Returns:
        Whether the worker can be given more to do.
    """
    try:
        did = future.result()
    except engine.lost as error:
        log.info("%s", error)
        lacked = engine.lacked_memory(error)
        if batch is not None and (bool(work.tries[batch]) if lacked is None else lacked):
            work.halvings[worker] += 1
            log.warning("out of memory: the worker that takes its place has half of it, and micro-batches of half size")
        work.lose(batch, str(error).partition("\n")[0] or type(error).__name__)
        return False
    if isinstance(did, Ready):
        work.tries[None] = 0
        work.on_ready(did)
        work.described = True
    elif isinstance(did, Built):
        work.on_built(did)
    elif did.fatal or batch is None:
        work.fatal = BuildError(did.message)
    else:
        work.fail(batch, did.message)
    return True


@contextlib.contextmanager
def _stopping_gracefully(work: Work, running: Running, done: Done) -> Iterator[None]:
    """The first interrupt lets the batches in hand be finished; the next one is a KeyboardInterrupt."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may say what a signal does
        return

    def first(*_: object) -> None:
        work.interrupted = True
        signal.signal(signal.SIGINT, signal.default_int_handler)
        if any(batch is not None for _, batch in running.values()):
            print("\nfinishing the batches in hand; interrupt again to stop at once", file=sys.stderr)
        done.put(None)

    before = signal.signal(signal.SIGINT, first)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _at(batch: int | None) -> str:
    return "while it loaded the models" if batch is None else f"at batch {batch}"
