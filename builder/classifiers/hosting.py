"""What a kind of study asks of its classifiers, checked."""

import numpy as np

from builder.boundary import Call
from builder.classifiers import Classifier, Probabilities, answers
from builder.generators import Images
from builder.hosting import ModelHost

SUM_TOLERANCE = 1e-3
"""How far the probabilities of an image may add up to something else than 1."""


def classify(host: ModelHost, name: str, classifier: Classifier, images: Images, ids: list[str]) -> Probabilities:
    """What a classifier says of rows of a source, timed as the step `classify`.

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
    rows = range(len(images))
    boundary = host.boundary(name, "classifier", name)
    with host.stopwatch.step("classify", len(rows)), boundary.call("probabilities", rows) as call:
        given = answers(classifier, images, ids)
        probabilities: Probabilities = call.array(given, np.float32, (len(rows), len(classifier.classes)), finite=False)
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
