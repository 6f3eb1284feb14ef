"""Manipulations of pictures; their no-op is noise of signs of the same L-inf in each picture, and that of `patch` a
patch that need not hide.
"""

from collections.abc import Callable
from typing import Annotated, Any, Literal

import numpy as np
import torch
from pydantic import Field

from builder import settings
from builder.explainers import Maps
from builder.explainers.measures import Values
from builder.explainers.measures.maps import spearman
from builder.manipulations import Manipulated, black_box, mass_center, outcome, patch, sign_noise, target_map, top_k
from builder.manipulations.iterative import LEVELS
from builder.manipulations.top_k_model import overlap
from builder.studies.explanation.methods import Inputs, Method, Product


class RandomSettings(settings.Settings):
    """The keys of `random`. radius: by how much every value changes, in units of 0..1. seed: of the signs."""

    radius: Annotated[float, Field(ge=1 / LEVELS, le=1)] = 0.1
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0


def next_maps(inputs: Inputs, own: Any) -> Maps:
    """The map of the next picture for each, for the last one that of the first."""
    return np.roll(inputs.maps, -1, axis=0)


def no_op(inputs: Inputs, own: Any, product: Product) -> Product:
    """The pictures with noise of the same L-inf each as what was made of them; nothing is searched."""
    changed = inputs.images if product.images is None else product.images
    noisy = outcome.no_op(inputs.images, changed, own.seed + 1)
    return Product(noisy, None, np.zeros(len(noisy), np.bool_), np.zeros(len(noisy), np.int64))


def _random(inputs: Inputs, own: RandomSettings) -> Product:
    n = len(inputs.images)
    noisy = sign_noise.manipulate(inputs.images, np.full(n, int(own.radius * LEVELS), np.int64), own.seed)
    return Product(noisy, None, np.ones(n, np.bool_), np.zeros(n, np.int64))


def _searched(method: Any) -> Callable[[Inputs, Any], Product]:
    def manipulate(inputs: Inputs, own: Any) -> Product:
        about = (inputs.classifier, inputs.explainer, inputs.images, inputs.classes)
        targets = (next_maps(inputs, own),) if method in (target_map, black_box) else ()
        result: Manipulated | black_box.Searched = method.manipulate(*about, *targets, own, inputs.runtime)
        effort = own.rounds if method is black_box else own.steps
        return Product(result.images, None, result.reached, result.steps, effort)

    return manipulate


def _plain_patch(inputs: Inputs, own: patch.Settings, product: Product) -> Product:
    """The patch that changes the class and need not hide."""
    return _searched(patch)(inputs, own.model_copy(update={"hide": 0.0}))


def values(of: torch.Tensor) -> Values:
    """Values of a measure, one for each pair of maps."""
    array: Values = of.numpy().astype(np.float64)
    return array


def left(maps: Maps, originals: Maps, own: Any) -> Values:
    """The share of importance at the pixels that mattered most, by the key `share`."""
    return values(overlap(torch.from_numpy(maps), torch.from_numpy(originals), own.share))


def moved(maps: Maps, originals: Maps, own: Any) -> Values:
    """The way of the map's center, in pixels."""
    return values(mass_center.moved(torch.from_numpy(maps), torch.from_numpy(originals)))


def _near(maps: Maps, targets: Maps, own: Any) -> Values:
    return values(target_map.likeness(torch.from_numpy(maps), torch.from_numpy(targets)))


def _hidden(maps: Maps, originals: Maps, own: patch.Settings) -> Values:
    return 1 - values(patch.on_patch(torch.from_numpy(maps), own.side))


LEFT: tuple[str, Literal["low"]] = ("share of the importance at the pixels that mattered most", "low")
MOVED: tuple[str, Literal["high"]] = ("pixels between the map's center and where it was", "high")
_NEAR: tuple[str, Literal["high"]] = ("Pearson's correlation with another picture's map", "high")
_SAME: tuple[str, Literal["low"]] = ("Spearman's correlation with the map as it was", "low")

METHODS = {
    "random": Method(
        "input",
        RandomSettings,
        *_SAME,
        _random,
        no_op,
        lambda maps, originals, own: spearman(maps, originals),
        differentiates=False,
    ),
    "top_k": Method("input", top_k.Settings, *LEFT, _searched(top_k), no_op, left),
    "mass_center": Method("input", mass_center.Settings, *MOVED, _searched(mass_center), no_op, moved),
    "target_map": Method(
        "input", target_map.Settings, *_NEAR, _searched(target_map), no_op, _near, sought=next_maps, others=True
    ),
    "black_box": Method(
        "input",
        black_box.Settings,
        *_NEAR,
        _searched(black_box),
        no_op,
        _near,
        sought=next_maps,
        others=True,
        differentiates=False,
    ),
    "patch": Method(
        "input",
        patch.Settings,
        *("share of the new class's importance beside the patch, 0 where the class stays", "high"),
        _searched(patch),
        _plain_patch,
        _hidden,
        decides="other",
    ),
}
"""Manipulations of inputs, by the names that a study file has."""
