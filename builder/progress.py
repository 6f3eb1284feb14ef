"""Progress: bars on a terminal, which several processes share, each on a line of its own; else a line a minute, which
they write in turn.
"""

import io
import sys
import time
from typing import Any, ClassVar

from tqdm import tqdm

SECONDS_BETWEEN_LINES = 60.0
"""The time between two lines where there is no terminal; what takes less says nothing."""

SLOW = 2.0
"""Seconds after which a single call of a model has a bar of its own: a busy machine then shows that it works."""

tqdm.monitor_interval = 0  # no thread that watches bars which are drawn seldom
_line: int | None = None
_turn, _turns = 0, 1


def use_line(line: int) -> None:
    """Has this process draw its bars on a line of the terminal, counted from 0 below the cursor's."""
    global _line
    _line = line


def take_turns(turn: int, turns: int) -> None:
    """Has this process write every `turns`-th line where there is no terminal, the first after `turn` others."""
    global _turn, _turns
    _turn, _turns = turn, turns


def bar(total: int, desc: str, unit: str, *, delay: float = 0.0) -> Any:
    """A `tqdm` bar, gone when it is closed; on the next free line of this process unless `use_line` named one.

    Where standard error is no terminal, a line a minute says there how far all open bars are. What takes less than
    `delay` seconds has no bar.
    """
    keywords: dict[str, Any] = {"total": total, "desc": desc, "unit": unit, "leave": False, "delay": delay}
    if sys.stderr.isatty():
        return tqdm(**keywords, position=_line)
    words = "{desc}: {n_fmt} of {total_fmt}, {rate_fmt}{postfix}, {remaining} left"
    return tqdm(**keywords, file=_Lines(), bar_format=words)


class _Lines(io.TextIOBase):
    """A stream that keeps the newest state of a bar, and once a minute writes those of all open bars."""

    _open: ClassVar[dict["_Lines", str]] = {}
    _next: ClassVar[float] = 0.0

    def write(self, text: str) -> int:
        """Takes the bar as tqdm draws it; a blank one is closed."""
        if "\r" not in text:  # the cursor moves between the lines of several bars
            return len(text)
        state, now = text.strip(), time.monotonic()
        if not state:
            self._open.pop(self, None)
            return len(text)
        if not self._open:
            _Lines._next = max(self._next, now + SECONDS_BETWEEN_LINES * (_turn + 1))
        self._open[self] = state
        if now >= self._next:
            print("; ".join(self._open.values()), file=sys.stderr, flush=True)
            _Lines._next = now + SECONDS_BETWEEN_LINES * _turns
        return len(text)
