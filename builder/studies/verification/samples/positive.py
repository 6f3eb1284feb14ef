"""`positive`: small steps away from the base, `base + level * g` with g ~ N(0, I)."""

from typing import Annotated

from pydantic import Field

from builder import settings
from builder.settings import Levels
from builder.studies.verification.samples import Bases, Drawn, Picture, Rng, Sample, base_name


class Settings(settings.Settings):
    """`[samples.positive]`: how many draws of g for each base, and the step lengths along each."""

    directions: Annotated[int, Field(ge=0, le=1000)] = 2
    levels: Levels = (0.2, 0.4, 0.6)


def count(bases: int, settings: Settings) -> int:
    """The number of samples that `draw` gives."""
    return bases * settings.directions * len(settings.levels)


def draw(bases: Bases, settings: Settings, rng: Rng) -> Drawn:
    """A sample per base, direction and level."""
    samples = []
    for base, picture in enumerate(bases.pictures):
        for direction in range(settings.directions):
            g = rng(base, direction).standard_normal(bases.space.dim)
            for level in settings.levels:
                name = f"positive-{base_name(base)}-d{direction}-{level}"
                latent = bases.space.step(picture.latent, g, level)
                samples.append(Sample(base, Picture(name, latent), level=level, direction=direction))
    return Drawn(samples)
