"""`optimized`: what CMA-ES finds when it starts at a negative and minimizes the target's distance to the base.

Of everything that a search evaluated, the first candidate at or below each level is kept.
"""

from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from builder.settings import Levels
from builder.studies.verification.samples import Bases, Drawn, Rng, base_name
from builder.studies.verification.samples.search import Search, SearchSettings, run_together, sample_of


class Settings(SearchSettings):
    """`[samples.optimized]`; defaults are the paper's."""

    first_keys: ClassVar[tuple[str, ...]] = ("target", "levels", "stop")

    target: str = "dlib"
    levels: Levels = (0.5, 0.4, 0.3)
    stop: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None

    @model_validator(mode="after")
    def _stops_after_the_last_level(self) -> Self:
        if self.stop is not None and self.levels and self.stop > min(self.levels):
            raise ValueError(
                f"stop = {self.stop:g} is above the smallest level, {min(self.levels):g}, which no search would "
                "then look for; it must be at most that level"
            )
        return self


def count(bases: int, settings: Settings) -> int:
    """The number of samples that `draw` gives."""
    return bases * (bases - 1) * len(settings.levels)


def draw(bases: Bases, settings: Settings, rng: Rng) -> Drawn:
    """A sample per base, negative (the anchor) and level; a round of every search for the table."""
    if not settings.levels:
        return Drawn([])
    searches = [
        Search(
            name=f"search-{base_name(base)}-{base_name(anchor)}",
            base=base,
            anchor=anchor,
            start=bases.pictures[anchor].latent,
            settings=settings,
            scores={level: level for level in settings.levels},
            stop=settings.stop if settings.stop is not None else min(settings.levels),
            space=bases.space,
            rng=rng(base, anchor),
        )
        for base in range(bases.count)
        for anchor in bases.others(base)
    ]
    run_together(searches, bases.evaluate)
    samples = [sample_of(search, bases, level, "optimized") for search in searches for level in settings.levels]
    return Drawn(samples, [each for search in searches for each in search.rounds])
