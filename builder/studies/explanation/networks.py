"""The networks that a check explains: the trained one and those that take its place, of pictures or of rows."""

from collections.abc import Callable, Iterator, Sequence
from typing import Generic, NamedTuple, TypeVar

from torch import nn

from builder.explainers import sanity
from builder.studies.explanation.compare import Source, couples_of
from builder.studies.explanation.models import drawn_layers
from builder.studies.explanation.study import CheckSettings

C = TypeVar("C")
"""A classifier, of pictures or of rows."""


class Network(NamedTuple, Generic[C]):
    """A network that is explained; place and layer as in `Source`."""

    name: str
    classifier: C
    place: int = 0
    layer: str | None = None


def replacements(
    check: CheckSettings, network: nn.Module, seed: int, in_place: Callable[[nn.Module], C]
) -> list[Network[C]]:
    """The networks whose weights are drawn anew, one for each layer that a check looks at.

    seed: of the weights. in_place: gives the classifier of a network that takes the place of the trained one.
    """
    order = sanity.layers(network)
    return [
        Network("drawn", in_place(sanity.randomized(network, names, seed)), order.index(names[-1]) + 1, names[-1])
        for names in drawn_layers(check, network)
    ]


def couples(
    networks: Sequence[Network[C]], explainers: Sequence[str], edges: Source | None = None
) -> Iterator[tuple[Source, Source]]:
    """The maps that are compared: those of every two explainers where there is one network; else each explainer's of
    the first network with its maps of the others. The edge detector, which sees no network, stands beside them.
    """
    first, *others = networks
    if not others:
        yield from couples_of([*(Source(name, first.name) for name in explainers), *([edges] if edges else [])])
    for network in others:
        for name in explainers:
            yield Source(name, first.name), Source(name, network.name, network.place, network.layer)
        if edges:
            yield edges, edges._replace(place=network.place, layer=network.layer)
