"""The manipulations that a batch can make, as it calls them: their keys, what they are after, and how far they got."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
import torch
from pydantic import Field

from builder import settings
from builder.classifiers import Classifier
from builder.explainers import Classes, Maps
from builder.explainers.base import NetworkExplainer
from builder.explainers.measures import Values
from builder.explainers.measures.maps import spearman
from builder.generators import Images
from builder.manipulations import Manipulated, mass_center, sign_noise, target_map, top_k
from builder.manipulations.iterative import LEVELS
from builder.runtime import Runtime


class RandomSettings(settings.Settings):
    """The keys of `random`. radius: by how much every value changes, in units of 0..1. seed: of the signs."""

    radius: Annotated[float, Field(ge=1 / LEVELS, le=1)] = 0.1
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0


@dataclass(frozen=True)
class Given:
    """All that a manipulation of n pictures is given.

    maps: (n, h, w), of the pictures as they are. sought: (n, h, w), the maps with which those it makes are compared.
    """

    classifier: Classifier
    explainer: NetworkExplainer
    images: Images
    classes: Classes
    sought: Maps
    runtime: Runtime


@dataclass(frozen=True)
class Method:
    """A manipulation.

    Settings: its keys. goal: what it is after, in words. wanted: the direction in which that is success.
    manipulate: by its settings, what it makes of the pictures. reached: of maps (n, h, w), those that are sought and
    the settings, how far each got, (n,). others: whether the maps that are sought are those of other pictures.
    needs_network: whether it differentiates the maps of a network.
    """

    Settings: type[settings.Settings]
    goal: str
    wanted: Literal["low", "high"]
    manipulate: Callable[[Given, Any], Manipulated]
    reached: Callable[[Maps, Maps, Any], Values]
    others: bool = False
    needs_network: bool = True


def sought(method: Method, maps: Maps) -> Maps:
    """The maps that a method compares those that it makes with: the pictures' own, or of each picture the next one's,
    of the last one the first one's.
    """
    return np.roll(maps, -1, axis=0) if method.others else maps


def _noise(given: Given, own: RandomSettings) -> Manipulated:
    n = len(given.images)
    levels = np.full(n, int(own.radius * LEVELS), np.int64)
    made = sign_noise.manipulate(given.images, levels, own.seed)
    return Manipulated(made, np.ones(n, np.bool_), np.zeros(n, np.int64))


def _top_k(given: Given, own: top_k.Settings) -> Manipulated:
    return top_k.manipulate(given.classifier, given.explainer, given.images, given.classes, own, given.runtime)


def _mass_center(given: Given, own: mass_center.Settings) -> Manipulated:
    return mass_center.manipulate(given.classifier, given.explainer, given.images, given.classes, own, given.runtime)


def _target_map(given: Given, own: target_map.Settings) -> Manipulated:
    them = (given.classifier, given.explainer, given.images, given.classes, given.sought)
    return target_map.manipulate(*them, own, given.runtime)


def _left(maps: Maps, originals: Maps, own: top_k.Settings) -> Values:
    count = max(1, round(own.share * maps[0].size))
    top = torch.from_numpy(originals).flatten(1).abs().topk(count, dim=1).indices
    return _values(top_k.importance(torch.from_numpy(maps)).flatten(1).gather(1, top).sum(dim=1))


def _moved(maps: Maps, originals: Maps, own: mass_center.Settings) -> Values:
    return _values(mass_center.moved(torch.from_numpy(maps), torch.from_numpy(originals)))


def _near(maps: Maps, targets: Maps, own: target_map.Settings) -> Values:
    return _values(target_map.likeness(torch.from_numpy(maps), torch.from_numpy(targets)))


def _values(of: torch.Tensor) -> Values:
    values: Values = of.numpy().astype(np.float64)
    return values


METHODS = {
    "random": Method(
        RandomSettings,
        "Spearman's correlation with the map as it was",
        "low",
        _noise,
        lambda maps, originals, own: spearman(maps, originals),
        needs_network=False,
    ),
    "top_k": Method(top_k.Settings, "share of the importance at the pixels that mattered most", "low", _top_k, _left),
    "mass_center": Method(
        mass_center.Settings, "pixels between the map's center and where it was", "high", _mass_center, _moved
    ),
    "target_map": Method(
        target_map.Settings, "Pearson's correlation with another picture's map", "high", _target_map, _near, others=True
    ),
}
"""By the names that a study file has."""
