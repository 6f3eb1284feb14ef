"""Maps as they are stored, and what every measure says of two of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from builder.explainers import Maps
from builder.explainers.measures import Measure, Values
from builder.explainers.measures.maps import ABSOLUTE_MEASURES, MAP_MEASURES
from builder.manipulations.properties import ROW_MEASURES

MEASURES = (*MAP_MEASURES, *ABSOLUTE_MEASURES)
"""All that is measured between two maps, in the order of the columns."""


HIDDEN = "hidden"
"""The success of a manipulation after which the class is another: 1 where it is and nothing of the second map shows
why, 0 where the class stayed. It stands among the comparisons of such manipulations, and says nothing of the first map.
"""


@dataclass(frozen=True)
class Stored:
    """The maps of n pictures as they are stored, in 16 bits: what is compared, and shown, is what is published.

    halves: (n, h, w), each divided by its largest absolute value. scales: (n,), these values.
    """

    halves: npt.NDArray[np.float16]
    scales: npt.NDArray[np.float64]

    @classmethod
    def of(cls, maps: Maps) -> "Stored":
        """The maps, rounded."""
        scales = np.abs(maps).max(axis=(1, 2)).astype(np.float64)
        divided = maps / np.where(scales > 0, scales, 1)[:, None, None]
        return cls(divided.astype(np.float16), scales)

    @property
    def maps(self) -> Maps:
        """(n, h, w) float32."""
        return self.halves.astype(np.float32)


class Source(NamedTuple):
    """The origin of a map: the explainer that made it, and the network that it explains.

    place: of the layer, from the output, which is 1; 0 where no layer was drawn.
    """

    explainer: str
    network: str
    place: int = 0
    layer: str | None = None


@dataclass(frozen=True)
class Comparison:
    """Two maps of each of n pictures; values: of each measure, by name, (n,)."""

    first: Source
    second: Source
    values: dict[str, Values]


def measures_of(stored: Stored) -> tuple[Measure, ...]:
    """The measures that have a sense between such maps: of a row of a table, (n, 1, d), those that know no pixels."""
    if stored.halves.shape[1] > 1:
        return MEASURES
    return tuple(each for each in MEASURES if each.name.removesuffix("_absolute") in ROW_MEASURES)


def compare(maps: dict[Source, Stored], couples: Iterable[tuple[Source, Source]]) -> list[Comparison]:
    """Every measure of every couple."""
    return [
        Comparison(
            first,
            second,
            {each.name: each.between(maps[first].maps, maps[second].maps) for each in measures_of(maps[first])},
        )
        for first, second in couples
    ]


def couples_of(sources: Sequence[Source]) -> list[tuple[Source, Source]]:
    """Every two of several, each couple once."""
    return [(first, second) for at, first in enumerate(sources) for second in sources[at + 1 :]]
