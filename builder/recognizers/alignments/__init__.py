"""Alignments by name. Each is a function `(runtime) -> Alignment`, imported when it is asked for."""

from importlib import import_module
from typing import TYPE_CHECKING

from builder.errors import StudyError
from builder.recognizers import Alignment

if TYPE_CHECKING:  # reading a study file need not wait for torch
    from builder.runtime import Runtime

ALIGNMENTS = {
    "hog": "builder.recognizers.alignments.hog",
    "hog_coarse": "builder.recognizers.alignments.hog_coarse",
    "arcface": "builder.recognizers.alignments.arcface",
    "deepface": "builder.recognizers.alignments.deepface",
    "center": "builder.recognizers.alignments.center",
}


def load(name: str, runtime: "Runtime") -> Alignment:
    """The alignment called `name`.

    Raises:
        StudyError: there is none.
    """
    if name not in ALIGNMENTS:
        raise StudyError(f"no alignment is called {name!r}; available: {', '.join(ALIGNMENTS)}")
    alignment: Alignment = import_module(ALIGNMENTS[name]).load(runtime)
    return alignment
