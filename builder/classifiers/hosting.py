"""Calls of a study's classifiers, checked."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from builder.boundary import Call
from builder.classifiers import Classifier, OfCrops, Probabilities, answers
from builder.errors import StudyError
from builder.frames import named
from builder.generators import Images
from builder.hosting import ModelHost
from builder.recognizers import Faces

SUM_TOLERANCE = 1e-3
"""The largest difference between 1 and the sum of the probabilities of an image."""


def classify(host: ModelHost, name: str, classifier: Classifier, images: Images, ids: Sequence[str]) -> Probabilities:
    """A classifier's probabilities for rows of a source, checked, and timed as the step `classify`.

    Args:
        host: of the study's models.
        name: the classifier's, which columns carry.
        classifier: any.
        images: (n, h, w, 3) uint8, n >= 1.
        ids: of the same rows, (n,).

    Returns:
        (n, k), rows that add up to 1; NaN where it found nothing to classify.

    Raises:
        ModelError: it raises, or gives anything else.
    """
    return _asked(host, name, classifier, range(len(images)), lambda: answers(classifier, images, ids))


def classify_faces(
    host: ModelHost, name: str, classifier: Classifier, images: Images, alignment: str, faces: Faces
) -> Probabilities:
    """A classifier's probabilities for what an alignment found in images; the rest as `classify`.

    Args:
        host: of the study's models.
        name: the classifier's, which columns carry.
        classifier: any that is asked about pictures.
        images: (n, h, w, 3) uint8, n >= 1.
        alignment: its name, for errors.
        faces: what it made of the images.

    Returns:
        (n, k), rows that add up to 1; NaN where the alignment, or the classifier, found nothing.

    Raises:
        StudyError: the alignment's crops are each of a size of its own, which the classifier does not take.
        ModelError: the classifier raises, or gives anything else.
    """
    rows = np.flatnonzero(faces.found)
    probabilities = np.full((len(images), len(classifier.classes)), np.nan, np.float32)
    crops = faces.crops[rows]
    if crops.dtype == np.object_ and not isinstance(classifier, OfCrops):
        raise StudyError(
            f"classifiers: {name} does not take crops of the alignment {alignment}, each of which has a size of its "
            "own; name another alignment"
        )
    ask = classifier.of_crops if isinstance(classifier, OfCrops) else classifier.probabilities
    if len(rows):
        probabilities[rows] = _asked(host, name, classifier, rows.tolist(), lambda: ask(crops))
    return probabilities


def class_indices(classes: Sequence[str], name: str, classifier: Classifier) -> npt.NDArray[np.int64]:
    """The index of each class of a source among those of a classifier, (k,).

    Args:
        classes: of the source, those that its labels may be.
        name: the classifier's, for errors.
        classifier: any.

    Raises:
        StudyError: the classifier does not have some of them.
    """
    index = {each: at for at, each in enumerate(classifier.classes)}
    absent = [each for each in classes if each not in index]
    if absent:
        raise StudyError(
            f"classifiers: {name} does not have {len(absent)} of the {len(classes)} classes of the images: "
            f"{named(absent)}; it has {named(classifier.classes)}. Name the classes as it does, or take those pictures "
            "out"
        )
    return np.array([index[each] for each in classes], np.int64)


def _asked(
    host: ModelHost, name: str, classifier: Classifier, rows: Sequence[int], ask: Callable[[], Probabilities]
) -> Probabilities:
    """A classifier's probabilities for rows as `ask` gives them, checked and timed."""
    boundary = host.boundary(name, "classifier", name)
    with host.stopwatch.step("classify", len(rows)), boundary.call("probabilities", rows) as call:
        probabilities: Probabilities = call.array(ask(), np.float32, (len(rows), len(classifier.classes)), finite=False)
        _check(call, probabilities)
    return probabilities


def _check(call: Call, probabilities: Probabilities) -> None:
    nothing = np.isnan(probabilities).all(axis=1)
    with np.errstate(invalid="ignore"):
        right = (probabilities >= 0).all(axis=1) & (np.abs(probabilities.sum(axis=1) - 1) <= SUM_TOLERANCE)
    amiss = np.flatnonzero(~(right | nothing))
    if len(amiss):
        first = probabilities[amiss[0]]
        raise call.fault(
            f"{call.method} gave rows that are no probabilities, {len(amiss)} of {len(probabilities)}; the first is "
            f"from {first.min():.4g} to {first.max():.4g} and adds up to {first.sum():.4g}",
            amiss,
        )
