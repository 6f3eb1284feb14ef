"""`latent_l2`: the distance of two latents in their generator's latent space."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from builder.catalog import Entry
from builder.generators import Generator, Latents, LatentSpace
from builder.runtime import Runtime


@dataclass
class LatentDistance:
    """Satisfies `builder.distances.Distance`."""

    space: LatentSpace
    on: Literal["latents"] = "latents"
    micro_batch: None = None

    def between(self, a: Latents, b: Latents) -> npt.NDArray[np.float32]:
        """(n, d), (n, d) -> (n,)."""
        return self.space.distance(a, b)


def load(name: str, generator: Generator, runtime: Runtime) -> LatentDistance:
    """The distance of the generator's latent space."""
    return LatentDistance(generator.space)


def describe(name: str, runtime: Runtime) -> list[Entry]:
    """Its line in the catalog."""
    return [Entry(name, "none needed", "none needed", "cpu")]
