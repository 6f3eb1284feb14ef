"""`optimized`: what CMA-ES finds when it starts at a negative and minimizes the target's distance to the base.

Of everything that a search evaluated, the first candidate at or below each level is kept.
"""

from typing import Annotated, Self

from pydantic import Field, model_validator

from builder import settings
from builder.settings import Levels
from builder.studies.verification.samples import Bases, Drawn, Picture, Rng, Sample, base_name
from builder.studies.verification.samples.search import Search, run_together


class Settings(settings.Settings):
    """`[samples.optimized]`; defaults are the paper's."""

    target: str = "dlib"
    levels: Levels = (0.5, 0.4, 0.3)
    stop: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    sigma: Annotated[float, Field(ge=1e-6, le=1000, allow_inf_nan=False)] = 1.0
    max_iterations: Annotated[int, Field(ge=1, le=100_000)] = 100
    popsize: Annotated[int, Field(ge=4, le=100_000)] | None = None
    max_norm: Annotated[float, Field(ge=1e-6, le=1000, allow_inf_nan=False)] | None = None

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
            space=bases.space,
            rng=rng(base, anchor),
        )
        for base in range(bases.count)
        for anchor in bases.others(base)
    ]
    run_together(searches, bases.evaluate)
    samples = [_sample(bases, search, level) for search in searches for level in settings.levels]
    return Drawn(samples, [each for search in searches for each in search.rounds])


def _sample(bases: Bases, search: Search, level: float) -> Sample:
    kept = search.crossings.get(level) or search.best
    if kept is None:
        picture, evaluations = bases.pictures[search.anchor], 0
    else:
        name = f"optimized-{base_name(search.base)}-{base_name(search.anchor)}-e{kept.evaluation}"
        picture, evaluations = Picture(name, kept.latent, kept.view), kept.evaluation
    return Sample(
        search.base,
        picture,
        level=level,
        anchor=search.anchor,
        search=search.name,
        reached=level in search.crossings,
        evaluations=evaluations,
    )
