"""Alignments by name. Each is a function `(runtime) -> Alignment`, imported when it is asked for."""

from importlib import import_module
from typing import TYPE_CHECKING

from builder.recognizers import Alignment

if TYPE_CHECKING:  # reading a study file need not wait for torch
    from builder.runtime import Runtime

ALIGNMENTS = {
    "hog": "builder.recognizers.alignments.hog",
    "center": "builder.recognizers.alignments.center",
}


def load(name: str, runtime: "Runtime") -> Alignment:
    """The alignment called `name` (a key of `ALIGNMENTS`)."""
    alignment: Alignment = import_module(ALIGNMENTS[name]).load(runtime)
    return alignment
