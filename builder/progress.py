"""Progress bars, shown on a terminal only; several processes that share one draw on lines of their own."""

from typing import Any

from tqdm import tqdm

tqdm.monitor_interval = 0  # no thread that watches bars which are drawn seldom
_line: int | None = None


def use_line(line: int) -> None:
    """Has this process draw its bars on a line of the terminal, counted from 0 below the cursor's."""
    global _line
    _line = line


def bar(total: int, desc: str, unit: str) -> Any:
    """A `tqdm` bar, gone when it is closed; on the next free line of this process unless `use_line` named one."""
    return tqdm(total=total, desc=desc, unit=unit, position=_line, disable=None, leave=False)
