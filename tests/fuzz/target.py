"""What is fuzzed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hypothesis import strategies as st

from builder.errors import LandsBetweenError

Inputs = st.SearchStrategy[bytes]


@dataclass(frozen=True)
class Target:
    """A reader of a file.

    read: reads the file at a path, and looks at what was read as whoever called it would.
    inputs: files for it.
    valid: those that it must read without an error, so that a target that refuses everything is noticed.
    name: of the file.
    examples: in a run of the tests; fewer where one takes long.
    errors: what the reader may raise.
    """

    read: Callable[[Path], object]
    inputs: Callable[[], Inputs]
    valid: Callable[[], Sequence[bytes]]
    name: str = "file"
    examples: int = 150
    errors: type[Exception] = LandsBetweenError
