"""`active`: Heo, Joo, Moon, "Fooling Neural Network Interpretations via Adversarial Model Manipulation" (2019),
section 3.3.

The explanations of two classes change places: the manipulated classifier's map of one class is what the classifier's
was of the other.
"""

from typing import Annotated

import numpy as np
from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from builder.classifiers import Classifier
from builder.errors import StudyError
from builder.explainers.base import NetworkExplainer
from builder.manipulations import fine_tuning
from builder.manipulations.fine_tuning import Goal, Labeled, Sought
from builder.manipulations.location import unlikeness


class Settings(fine_tuning.Settings):
    """The keys of `active`, with those of the fine-tuning.

    classes: names of the two, as the classifier has them.
    """

    weights: fine_tuning.Weights = (10.0,)
    classes: Annotated[tuple[str, str], Field(strict=False)]

    @field_validator("classes")
    @classmethod
    def _distinct(cls, classes: tuple[str, str]) -> tuple[str, str]:
        if classes[0] == classes[1]:
            raise PydanticCustomError("twice", "names one class twice")
        return classes


def goal(classifier: Classifier, explainer: NetworkExplainer, own: Settings) -> Goal:
    """Maps of one class that are what they were of the other, on pictures of both.

    Raises:
        StudyError: the classifier has no such class; where maps are sought, there is no picture of it.
    """
    one, other = places(classifier, own)

    def sought(pictures: Labeled) -> Sought:
        return swapped(classifier, explainer, pictures, one, other)

    return Goal(sought, unlikeness)


manipulate = fine_tuning.Manipulation(goal)


def places(classifier: Classifier, own: Settings) -> tuple[int, int]:
    """The indices of the two classes.

    Raises:
        StudyError: the classifier has no such class.
    """
    for name in own.classes:
        if name not in classifier.classes:
            cases = ", ".join(classifier.classes)[:300]
            raise StudyError(f"active: classes: the classifier has no class {name!r}; it has: {cases}")
    one, other = (classifier.classes.index(name) for name in own.classes)
    return one, other


def swapped(classifier: Classifier, explainer: NetworkExplainer, pictures: Labeled, one: int, other: int) -> Sought:
    """The pictures of both classes, each once for each class, with the map of the other class as what is sought.

    Heo et al. put two objects into one picture; here a picture of either class is explained for both.

    Raises:
        StudyError: a class has no picture.
    """
    for place in (one, other):
        if place not in pictures.classes:
            raise StudyError(
                f"active: there is no picture of the class {classifier.classes[place]!r} to train or choose with"
            )
    images = pictures.images[np.isin(pictures.classes, (one, other))]
    both = [np.full(len(images), place) for place in (one, other)]
    maps = [explainer.explain(classifier, images, classes).maps for classes in both]
    return Sought(np.concatenate([images, images]), np.concatenate(both), np.concatenate(maps[::-1]))
