"""The outcome of a manipulation, side by side: for the decision, the picture and the explanation."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from builder.classifiers import Classifier, Probabilities
from builder.distances import Distance
from builder.explainers import Classes, Explainer
from builder.explainers.measures import Values
from builder.explainers.measures.maps import MAP_MEASURES
from builder.explainers.measures.pictures import l_2, l_inf, lpips
from builder.generators import Images
from builder.manipulations import sign_noise


@dataclass(frozen=True)
class Outcome:
    """The outcome for n pictures.

    same_class: (n,) bool. probability_change: (n,), the largest of any class, 0..1. l_inf, l_2: (n,), between the
    pictures, in units of 0..1. lpips: (n,); None where no distance was given. maps: name of a measure -> (n,), between
    the maps of the class.
    """

    same_class: npt.NDArray[np.bool_]
    probability_change: Values
    l_inf: Values
    l_2: Values
    lpips: Values | None
    maps: dict[str, Values]


def outcome(
    classifier: Classifier,
    explainer: Explainer,
    images: Images,
    changed: Images,
    classes: Classes,
    *,
    after: Classifier | None = None,
    distance: Distance | None = None,
) -> Outcome:
    """Compares pictures (n, h, w, 3), as they are stored, with what they became.

    Args:
        classifier: the one before.
        explainer: whose maps are compared.
        images: before.
        changed: after; where a model was manipulated the same pictures.
        classes: (n,), those explained.
        after: the classifier after; None where it is the same.
        distance: `lpips_alex` or `lpips_vgg`.
    """
    versions = ((classifier, images), (after or classifier, changed))
    answers = [each.probabilities(pictures) for each, pictures in versions]
    maps = [explainer.explain(each, pictures, classes).maps for each, pictures in versions]
    return Outcome(
        same_class=answers[0].argmax(axis=1) == answers[1].argmax(axis=1),
        probability_change=largest_change(*answers),
        l_inf=l_inf(images, changed),
        l_2=l_2(images, changed),
        lpips=None if distance is None else lpips(distance).between(images, changed),
        maps={measure.name: measure.between(*maps) for measure in MAP_MEASURES},
    )


def largest_change(before: Probabilities, after: Probabilities) -> Values:
    """The largest change of any probability, of answers (n, k): (n,) in 0..1."""
    change: Values = np.abs(after.astype(np.float64) - before).max(axis=1)
    return change


def no_op(images: Images, changed: Images, seed: int) -> Images:
    """The pictures with noise of signs, of the same L-inf each as what they became: (n, h, w, 3)."""
    levels = np.rint(255 * l_inf(images, changed)).astype(np.int64)
    return sign_noise.manipulate(images, levels, seed)
