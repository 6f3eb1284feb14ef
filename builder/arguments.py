"""What the commands take for numbers and folders, for `argparse`."""

import re
from argparse import ArgumentTypeError
from pathlib import Path


def integer(text: str) -> int:
    """A whole number."""
    if not re.fullmatch(r"-?[0-9]{1,18}", text):
        raise ArgumentTypeError(f"{text[:30]!r} is no whole number")
    return int(text)


def positive(text: str) -> int:
    """A whole number of at least 1."""
    if (number := integer(text)) < 1:
        raise ArgumentTypeError(f"{number} is not at least 1")
    return number


def share(text: str) -> float:
    """A number above 0 with a point or without."""
    if not re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,4})?", text) or not float(text):
        raise ArgumentTypeError(f"{text[:30]!r} is no number above 0")
    return float(text)


def local_folder(text: str) -> Path:
    """A folder of this machine."""
    if "://" in text:
        raise ArgumentTypeError(f"{text}: this needs a folder of this machine; copy the study folder here first")
    return Path(text)
