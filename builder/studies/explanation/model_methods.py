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
from builder.studies.explanation.methods import Inputs, Method, Product


def _tuned(method: Any) -> Callable[[Inputs, Any], Product]:
    def manipulate(inputs: Inputs, own: Any) -> Product:
        pictures = (inputs.training, inputs.held_out)
        outcome: ManipulatedModel = method.manipulate(
            inputs.classifier, inputs.explainer, *pictures, own, inputs.runtime
        )
        steps = np.full(len(inputs.images), outcome.run.steps, np.int64)
        return Product(None, outcome.classifier, None, steps, outcome.run.steps, outcome.run)

    return manipulate


def _no_op(manipulate: Callable[[Inputs, Any], Product]) -> Callable[[Inputs, Any, Product], Product]:
    return lambda inputs, own, product: manipulate(inputs, own.model_copy(update={"weights": (0.0,)}))


def swapped_maps(inputs: Inputs, own: active.Settings) -> Maps:
    """The maps of the pictures of both classes for the other one of them; those of others are 0."""
    one, other = active.places(inputs.classifier, own)
    for_other = np.where(inputs.classes == one, other, one)
    maps = inputs.explainer.explain(inputs.classifier, inputs.images, for_other).maps
    there: Maps = np.where(np.isin(inputs.classes, (one, other))[:, None, None], maps, np.float32(0))
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
"""Manipulations of models, by the names that a study file has."""
