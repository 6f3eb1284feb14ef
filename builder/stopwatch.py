"""Times of the steps of a batch, and how many rows each works on."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """A step of a batch.

    seconds: spent in it, without those spent in steps within it.
    candidates: rows that it worked on: seeds tried, images rendered, aligned or embedded, pairs compared, candidates
        that the searches of a kind evaluated.
    """

    step: str
    seconds: float
    candidates: int


class Stopwatch:
    """Seconds and rows by step. A step entered within another pauses it, so that the seconds of all add up."""

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Forgets every step."""
        self._seconds: dict[str, float] = {}
        self._rows: dict[str, int] = {}
        self._entered: list[str] = []
        self._since = time.perf_counter()

    @contextmanager
    def step(self, name: str, rows: int = 0) -> Iterator[None]:
        """Adds the time of the block to the step `name`, and `rows` to what it worked on."""
        self._charge()
        self._entered.append(name)
        self.count(rows)
        try:
            yield
        finally:
            self._charge()
            self._entered.pop()

    def count(self, rows: int) -> None:
        """Adds rows to the innermost step that runs; to nothing outside of all steps."""
        if self._entered:
            name = self._entered[-1]
            self._rows[name] = self._rows.get(name, 0) + rows

    def steps(self) -> list[Step]:
        """The steps since the start, in the order in which they ended or paused first."""
        return [Step(name, seconds, self._rows[name]) for name, seconds in self._seconds.items()]

    def _charge(self) -> None:
        """The time since the last change goes to the innermost step."""
        now = time.perf_counter()
        if self._entered:
            name = self._entered[-1]
            self._seconds[name] = self._seconds.get(name, 0.0) + now - self._since
        self._since = now
