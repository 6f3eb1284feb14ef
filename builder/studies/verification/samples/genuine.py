"""`genuine`: the base itself. What people say of it calibrates the scale; its distance is 0."""

from builder import settings
from builder.studies.verification.samples import Bases, Drawn, Rng, Sample


class Settings(settings.Settings):
    """`[samples.genuine]` has no keys."""


def count(bases: int, settings: Settings) -> int:
    """The number of samples that `draw` gives."""
    return bases


def draw(bases: Bases, settings: Settings, rng: Rng) -> Drawn:
    """A sample per base."""
    return Drawn([Sample(base, picture) for base, picture in enumerate(bases.pictures)])
