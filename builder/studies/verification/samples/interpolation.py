"""`interpolation`: points on the way from the base to each negative.

The point at share t from A to B is the one at 1 - t from B to A, and is one picture.
"""

from builder import settings
from builder.settings import Shares
from builder.studies.verification.samples import Bases, Drawn, Picture, Rng, Sample, base_name


class Settings(settings.Settings):
    """`[samples.interpolation]`: shares of the way."""

    levels: Shares = (0.25, 0.5, 0.75)


def count(bases: int, settings: Settings) -> int:
    """The number of samples that `draw` gives."""
    return bases * (bases - 1) * len(settings.levels)


def draw(bases: Bases, settings: Settings, rng: Rng) -> Drawn:
    """A sample per base, negative (the anchor) and level."""
    return Drawn(
        [
            Sample(base, _picture(bases, base, anchor, level), level=level, anchor=anchor)
            for base in range(bases.count)
            for anchor in bases.others(base)
            for level in settings.levels
        ]
    )


def _picture(bases: Bases, base: int, anchor: int, level: float) -> Picture:
    """Always made from the lower index, so that both directions give the same bits."""
    start, end, share = (base, anchor, level) if base < anchor else (anchor, base, 1 - level)
    share = round(share, 7)  # 1 - 0.7 is the level 0.3 of the other direction
    latent = bases.space.interpolate(bases.pictures[start].latent, bases.pictures[end].latent, share)
    return Picture(f"interpolation-{base_name(start)}-{base_name(end)}-{share}", latent)
