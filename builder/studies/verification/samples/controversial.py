"""`controversial`: images that one recognizer takes for the base and another for a stranger.

A search starts at a negative and asks for both: that the one recognizer is as far below its threshold, and the other as
far above its own, as a level says; once with either of the two as the one that accepts. After Golan, Raju,
Kriegeskorte, "Controversial stimuli: Pitting neural networks against each other as models of human cognition",
PNAS 117 (2020), with CMA-ES in place of gradients.
"""

from collections.abc import Sequence
from typing import Annotated, ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from builder.generators import Latents
from builder.settings import Level, Levels
from builder.studies.verification.samples import Bases, Drawn, Evaluation, Rng, base_name
from builder.studies.verification.samples.search import Search, SearchSettings, run_together, sample_of

DIRECTIONS = (0, 1)
"""The recognizer of the two that accepts."""


class Settings(SearchSettings):
    """`[samples.controversial]`.

    recognizers: names of two; by default the study's own two. levels: margins in units of each threshold: at 0.1 the
    one is at 0.9 of its threshold or nearer, the other at 1.1 of its own or farther. anchors: negatives of each base
    that searches start at.
    """

    first_keys: ClassVar[tuple[str, ...]] = ("recognizers", "levels", "anchors")

    recognizers: Annotated[tuple[str, ...], Field(strict=False)] | None = None
    levels: Levels = (0.05, 0.1)
    anchors: Annotated[int, Field(ge=1, le=99)] = 1

    @field_validator("recognizers")
    @classmethod
    def _two(cls, recognizers: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if recognizers is not None and len(set(recognizers)) != 2:
            raise PydanticCustomError("two", "must name two recognizers")
        return recognizers

    @field_validator("levels")
    @classmethod
    def _below_one(cls, levels: tuple[Level, ...]) -> tuple[Level, ...]:
        if any(level >= 1 for level in levels):
            raise PydanticCustomError("margin", "must be below 1: a margin of 1 is a distance of 0")
        return levels

    def two_of(self, recognizers: Sequence[str]) -> tuple[str, str]:
        """The two that a study's samples tell apart.

        Args:
            recognizers: names of all that the study has.

        Raises:
            ValueError: none are named and there are not just two, or one that is named is not among them.
        """
        named = tuple(recognizers) if self.recognizers is None else self.recognizers
        if len(named) != 2 or not set(named) <= set(recognizers):
            raise ValueError(
                "samples.controversial: needs two recognizers; name them in recognizers = [...], of: "
                + ", ".join(recognizers)
            )
        return named[0], named[1]


def count(bases: int, settings: Settings) -> int:
    """The number of samples that `draw` gives."""
    return bases * min(settings.anchors, bases - 1) * len(DIRECTIONS) * len(settings.levels)


def draw(bases: Bases, settings: Settings, rng: Rng) -> Drawn:
    """A sample per base, anchor, direction (0: the first recognizer accepts, 1: the second) and level; a round of every
    search for the table.
    """
    if not settings.levels:
        return Drawn([])
    two = settings.two_of(bases.recognizers)
    searches = {
        (base, anchor, direction): _search(bases, settings, rng, base, anchor, direction)
        for base in range(bases.count)
        for anchor in bases.others(base)[: settings.anchors]
        for direction in DIRECTIONS
    }
    for direction in DIRECTIONS:
        accepting, rejecting = two if direction == 0 else two[::-1]

        def evaluate(
            latents: Latents, indices: npt.NDArray[np.intp], accepting: str = accepting, rejecting: str = rejecting
        ) -> Evaluation:
            view, relative = bases.judge((accepting, rejecting), latents, indices)
            return Evaluation(view, -margin(relative[accepting], relative[rejecting]))

        run_together([search for (_, _, of), search in searches.items() if of == direction], evaluate)
    samples = [
        sample_of(search, bases, level, "controversial", direction)
        for (_, _, direction), search in searches.items()
        for level in settings.levels
    ]
    return Drawn(samples, [each for search in searches.values() for each in search.rounds])


def margin(accepting: npt.NDArray[np.float32], rejecting: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The smaller of how far the one is below its threshold and the other above its own: (n,), above 0 where both are.

    accepting, rejecting: (n,), distances in units of each threshold; NaN where one of them found nothing.
    """
    return np.minimum(1 - accepting, rejecting - 1)


def _search(bases: Bases, settings: Settings, rng: Rng, base: int, anchor: int, direction: int) -> Search:
    return Search(
        name=f"controversial-{base_name(base)}-{base_name(anchor)}-d{direction}",
        base=base,
        anchor=anchor,
        start=bases.pictures[anchor].latent,
        settings=settings,
        scores={level: -level for level in settings.levels},
        stop=-max(settings.levels),
        space=bases.space,
        rng=rng(base, anchor, direction),
    )
