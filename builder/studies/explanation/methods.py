"""The manipulations that a batch can make, as it calls them: what they give, what they are after, how far they got."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from builder import settings
from builder.classifiers import Classifier
from builder.explainers import Classes, Maps
from builder.explainers.base import NetworkExplainer
from builder.explainers.measures import Values
from builder.generators import Images
from builder.manipulations.fine_tuning import Labeled, Run
from builder.runtime import Runtime

Level = Literal["input", "model"]


@dataclass(frozen=True)
class Inputs:
    """The inputs of a manipulation: n pictures, their classes and maps (n, h, w), the classifier and the explainer.

    training, held_out: pictures of which none is among the n, for manipulations of the model; else None. distance:
    (n,), to the nearest of the training; None without it.
    """

    classifier: Classifier
    explainer: NetworkExplainer
    images: Images
    classes: Classes
    maps: Maps
    runtime: Runtime
    training: Labeled | None = None
    held_out: Labeled | None = None
    distance: Values | None = None


@dataclass(frozen=True)
class Product:
    """The product of a manipulation, or of its no-op.

    images: (n, h, w, 3), the pictures after; None where they stay. classifier: the one after; None where it stays.
    reached: (n,), whether the search found a picture that is better; None where nothing was searched for a picture.
    steps: (n,), of the search after which each was found, or of the training. effort: the steps that were made, 0 where
    nothing was searched or trained. run: the training; None where nothing was trained.
    """

    images: Images | None
    classifier: Classifier | None
    reached: npt.NDArray[np.bool_] | None
    steps: npt.NDArray[np.int64]
    effort: int = 0
    run: Run | None = None


def own_maps(inputs: Inputs, own: Any) -> Maps:
    """The maps of the pictures as they are, with which most methods compare."""
    return inputs.maps


@dataclass(frozen=True)
class Method:
    """A manipulation.

    level: what it changes. Settings: its keys. goal: what it is after, in words. wanted: the direction in which that is
    success. manipulate, no_op: what it makes, and what its no-op makes, which takes that, too. reached: of maps
    (n, h, w), those that are sought, and the settings, how far each got, (n,). sought: the maps that it compares with.
    others: whether those are of other pictures. differentiates: whether it needs the derivative of maps. decides:
    whether the class is to stay; where it is to be another, the maps after it are of that, and where it is not, nothing
    of the goal is reached.
    """

    level: Level
    Settings: type[settings.Settings]
    goal: str
    wanted: Literal["low", "high"]
    manipulate: Callable[[Inputs, Any], Product]
    no_op: Callable[[Inputs, Any, Product], Product]
    reached: Callable[[Maps, Maps, Any], Values]
    sought: Callable[[Inputs, Any], Maps] = own_maps
    others: bool = False
    differentiates: bool = True
    decides: Literal["same", "other"] = "same"
