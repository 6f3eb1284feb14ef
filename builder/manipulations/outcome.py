"""The outcome of a manipulation of pictures, side by side: for the decision, the picture and the explanation."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from builder.classifiers import Classifier
from builder.explainers import Classes, Explainer
from builder.explainers.measures import Values
from builder.explainers.measures.maps import MAP_MEASURES
from builder.explainers.measures.pictures import l_2, l_inf
from builder.generators import Images
from builder.manipulations import sign_noise


@dataclass(frozen=True)
class Outcome:
    """The outcome for n pictures.

    same_class: (n,) bool. probability_change: (n,), the largest of any class, 0..1. l_inf, l_2: (n,), between the
    pictures, in units of 0..1. maps: name of a measure -> (n,), between the maps of the class.
    """

    same_class: npt.NDArray[np.bool_]
    probability_change: Values
    l_inf: Values
    l_2: Values
    maps: dict[str, Values]


def outcome(classifier: Classifier, explainer: Explainer, images: Images, changed: Images, classes: Classes) -> Outcome:
    """Compares pictures (n, h, w, 3), as they are stored, with what they became; classes: (n,), those explained."""
    before, after = classifier.probabilities(images), classifier.probabilities(changed)
    maps = [explainer.explain(classifier, each, classes).maps for each in (images, changed)]
    return Outcome(
        same_class=before.argmax(axis=1) == after.argmax(axis=1),
        probability_change=np.abs(after.astype(np.float64) - before).max(axis=1),
        l_inf=l_inf(images, changed),
        l_2=l_2(images, changed),
        maps={measure.name: measure.between(*maps) for measure in MAP_MEASURES},
    )


def no_op(images: Images, changed: Images, seed: int) -> Images:
    """The pictures with noise of signs, of the same L-inf each as what they became: (n, h, w, 3)."""
    levels = np.rint(255 * l_inf(images, changed)).astype(np.int64)
    return sign_noise.manipulate(images, levels, seed)
