"""Types of the commands' arguments, numbers and folders, for `argparse`."""

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


def gibibytes(text: str) -> int:
    """A number of GiB, as bytes."""
    return int(share(text) * 2**30)


def port(text: str) -> int:
    """A TCP port."""
    if not 1 <= (number := integer(text)) < 2**16:
        raise ArgumentTypeError(f"{number} is no port from 1 to {2**16 - 1}")
    return number


def folder(text: str) -> str:
    """A path or an fsspec URL."""
    if not text or re.match(r"[a-z][a-z0-9+]+:(?!//.)", text):
        raise ArgumentTypeError(f"{text[:100]!r} is neither a path nor a URL, such as s3://bucket/name")
    return text


def local_path(text: str) -> Path:
    """A path of this machine."""
    if "://" in folder(text):
        raise ArgumentTypeError(f"{text}: this must be a path of this machine")
    return Path(text)


def png_path(text: str) -> Path:
    """A path of this machine for a picture."""
    path = local_path(text)
    if path.suffix != ".png":
        raise ArgumentTypeError(f"{text}: the picture is a PNG; give it a name that ends in .png")
    return path


def local_folder(text: str) -> Path:
    """A study folder of this machine."""
    if "://" in folder(text):
        raise ArgumentTypeError(f"{text}: this needs a folder of this machine; copy the study folder here first")
    return Path(text)
