"""Progress: bars on a terminal, which several processes share, each on a line of its own; else a line a minute."""

import io
import sys
import time
from typing import Any

from tqdm import tqdm

SECONDS_BETWEEN_LINES = 60.0
"""The time between two lines where there is no terminal; what takes less says nothing."""

SLOW = 2.0
"""Seconds after which a single call of a model has a bar of its own: a busy machine then shows that it works."""

tqdm.monitor_interval = 0  # no thread that watches bars which are drawn seldom
_line: int | None = None


def use_line(line: int) -> None:
    """Has this process draw its bars on a line of the terminal, counted from 0 below the cursor's."""
    global _line
    _line = line


def bar(total: int, desc: str, unit: str, *, delay: float = 0.0) -> Any:
    """A `tqdm` bar, gone when it is closed; on the next free line of this process unless `use_line` named one.

    Where standard error is no terminal, it writes there how far it is, a line a minute. What takes less than `delay`
    seconds has no bar.
    """
    keywords: dict[str, Any] = {"total": total, "desc": desc, "unit": unit, "leave": False, "delay": delay}
    if sys.stderr.isatty():
        return tqdm(**keywords, position=_line)
    words = "{desc}: {n_fmt} of {total_fmt}, {rate_fmt}{postfix}, {remaining} left"
    return tqdm(**keywords, file=_Lines(), bar_format=words)


class _Lines(io.TextIOBase):
    """A stream that passes on to standard error the newest state of a bar, once a minute."""

    def __init__(self) -> None:
        self._next = time.monotonic() + SECONDS_BETWEEN_LINES

    def write(self, text: str) -> int:
        """Takes the bar as tqdm draws it."""
        line, now = text.strip(), time.monotonic()
        if line and now >= self._next:
            print(line, file=sys.stderr, flush=True)
            self._next = now + SECONDS_BETWEEN_LINES
        return len(text)
