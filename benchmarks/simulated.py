"""An engine whose workers are simulated: they take the times that they are told, on a clock that does not wait.

The driver is the real `builder.engines.drive.drive`: the processor time that it takes is added to the clock.
"""

import heapq
import itertools
import math
import queue
import time
from collections import deque
from collections.abc import Callable

from builder.engines import Built, Doing, Failed, Ready

Outcome = Ready | Built | Failed | Exception


class SimulatedLossError(Exception):
    """A simulated worker ended under its work."""


class VirtualClock:
    """The queue of what is done, for `drive`, and the time: it jumps to when the next worker is done.

    now: seconds since the start.
    driver_seconds: those of them in which the driver was at work.
    """

    def __init__(self) -> None:
        self.now = self.driver_seconds = 0.0
        self._number = itertools.count()
        self._coming: list[tuple[float, int, Doing, Outcome]] = []
        self._done: deque[Doing | None] = deque()
        self._since = time.thread_time()

    def after(self, seconds: float, outcome: Outcome) -> Doing:
        """A future that is done in so many seconds; never where they are infinite."""
        doing = Doing()
        if math.isfinite(seconds):
            heapq.heappush(self._coming, (self.now + seconds, next(self._number), doing, outcome))
        return doing

    def put(self, item: Doing | None, /) -> None:
        """Adds a future that is done."""
        self._done.append(item)

    def get(self, *, timeout: float) -> Doing | None:
        """The next future that is done; what the driver did since the last one took time."""
        worked = time.thread_time() - self._since
        self.now += worked
        self.driver_seconds += worked
        try:
            if not self._done:
                self._finish_next(timeout)
            return self._done.popleft()
        finally:
            self._since = time.thread_time()

    def _finish_next(self, timeout: float) -> None:
        if not self._coming or self._coming[0][0] > self.now + timeout:
            self.now += timeout
            raise queue.Empty
        at, _, doing, outcome = heapq.heappop(self._coming)
        self.now = max(self.now, at)
        if isinstance(outcome, Exception):
            doing.set_exception(outcome)
        else:
            doing.set_result(outcome)


class SimulatedEngine:
    """Workers that do nothing but take time.

    Args:
        workers: how many.
        clock: which `drive` has to be given too.
        start: worker -> seconds until it is ready; infinity: never.
        build: worker and batch -> seconds, and what comes of it.
    """

    lost: tuple[type[Exception], ...] = (SimulatedLossError,)

    def __init__(
        self,
        workers: int,
        clock: VirtualClock,
        start: Callable[[int], float],
        build: Callable[[int, int], tuple[float, Outcome]],
    ) -> None:
        self.workers = workers
        self._clock, self._start, self._build = clock, start, build
        self.halvings: list[int] = []

    def start(self, worker: int, halvings: int) -> Doing:
        """Begins a worker."""
        self.halvings.append(halvings)
        return self._clock.after(self._start(worker), Ready({}, {}))

    def build(self, worker: int, batch: int) -> Doing:
        """Begins a batch."""
        return self._clock.after(*self._build(worker, batch))

    def lacked_memory(self, error: Exception) -> bool | None:
        """Whether the loss says so."""
        return {"out of memory": True, "killed": False}.get(str(error))

    def close(self) -> None:
        """There is nothing to end."""
