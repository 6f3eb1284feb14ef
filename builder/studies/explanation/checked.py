"""All that a batch explains, and what a check gives of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from builder.explainers import Classes, Maps
from builder.explainers import views as map_views
from builder.generators import Images
from builder.studies.explanation.compare import Comparison, Source, Stored
from builder.studies.explanation.versions import Run, Version


class Drawn(Protocol):
    """The two views of maps (n, h, w) as pictures (n, h', w', 3)."""

    def absolute(self, maps: Maps) -> Images:
        """Pictures of how much each pixel or column counts."""

    def diverging(self, maps: Maps) -> Images:
        """The direction in which each pixel or column counts, and how much."""


@dataclass(frozen=True)
class Pictures:
    """The n pictures of a batch: rows, ids and labels of the source, pixels, and the explained classes with their names
    and probabilities.
    """

    rows: list[int]
    ids: list[str]
    labels: list[str | None]
    pixels: Images
    classes: Classes
    names: list[str]
    probabilities: list[float]


@dataclass(frozen=True)
class Checked:
    """All that a check gives: maps by their source, comparisons, and for each network, by its place, the share of
    pictures to which it gives the class that the first one does; the runs of a manipulation; how maps are drawn.
    """

    maps: dict[Source, Stored]
    comparisons: list[Comparison]
    runs: Sequence[Run] = ()
    same_class: Mapping[tuple[str, int], float] = field(default_factory=dict)
    views: Drawn = map_views

    def versions(self) -> dict[tuple[str, int], Version]:
        """The versions of the pictures that a manipulation made, by the network and the place of their maps."""
        return {(each.name, each.run): each for run in self.runs for each in run.versions}
