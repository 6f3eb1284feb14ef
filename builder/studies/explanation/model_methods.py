"""Manipulations of a classifier's weights; their no-op is the same fine-tuning with lambda 0."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from builder.explainers import Maps
from builder.explainers.measures import Values
from builder.explainers.measures.maps import pearson
from builder.manipulations import active, center_model, location, top_k_model
from builder.manipulations.fine_tuning import ManipulatedModel
from builder.studies.explanation.input_methods import LEFT, MOVED, left, moved, values
from builder.studies.explanation.methods import Given, Made, Method


def _tuned(method: Any) -> Callable[[Given, Any], Made]:
    def manipulate(given: Given, own: Any) -> Made:
        pictures = (given.training, given.held_out)
        made: ManipulatedModel = method.manipulate(given.classifier, given.explainer, *pictures, own, given.runtime)
        steps = np.full(len(given.images), made.run.steps, np.int64)
        return Made(None, made.classifier, None, steps, made.run.steps, made.run)

    return manipulate


def _no_op(manipulate: Callable[[Given, Any], Made]) -> Callable[[Given, Any, Made], Made]:
    return lambda given, own, made: manipulate(given, own.model_copy(update={"weights": (0.0,)}))


def swapped_maps(given: Given, own: active.Settings) -> Maps:
    """The maps of the pictures of both classes for the other one of them; those of others are 0."""
    one, other = active.places(given.classifier, own)
    for_other = np.where(given.classes == one, other, one)
    maps = given.explainer.explain(given.classifier, given.images, for_other).maps
    there: Maps = np.where(np.isin(given.classes, (one, other))[:, None, None], maps, np.float32(0))
    return there


def _heat(maps: Maps, originals: Maps, own: location.Settings) -> Values:
    return values(location.heat(torch.from_numpy(maps), own.corner))


def _method(module: Any, goal: Any, reached: Callable[[Maps, Maps, Any], Values], **more: Any) -> Method:
    manipulate = _tuned(module)
    return Method("model", module.Settings, goal[0], goal[1], manipulate, _no_op(manipulate), reached, **more)


METHODS = {
    "location": _method(location, ("share of the importance in the upper left corner", "high"), _heat),
    "top_k_model": _method(top_k_model, LEFT, left),
    "center_model": _method(center_model, MOVED, moved),
    "active": _method(
        active,
        ("Pearson's correlation with the map of the other class as it was", "high"),
        lambda maps, others, own: pearson(maps, others),
        sought=swapped_maps,
    ),
}
"""By the names that a study file has."""
