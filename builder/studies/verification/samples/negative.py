"""`negative`: the other bases of the batch, people drawn at random."""

from builder import settings
from builder.studies.verification.samples import Bases, Drawn, Rng, Sample


class Settings(settings.Settings):
    """`[samples.negative]` has no keys."""


def count(bases: int, settings: Settings) -> int:
    """The number of samples that `draw` gives."""
    return bases * (bases - 1)


def draw(bases: Bases, settings: Settings, rng: Rng) -> Drawn:
    """A sample per base and other base."""
    return Drawn([Sample(base, bases.pictures[other]) for base in range(bases.count) for other in bases.others(base)])
