"""The thresholds of "Exploring the Lands Between", for `threshold = "paper"`; a test compares them with its figures."""

from typing import NamedTuple

from builder.errors import StudyError


class PaperThreshold(NamedTuple):
    """A decision distance of the paper and the number of dimensions of the embeddings that it was set for."""

    distance: float
    dimensions: int


PAPER_THRESHOLDS = {
    ("dlib", "euclidean"): PaperThreshold(0.6, 128),
    ("deepface:Dlib", "euclidean"): PaperThreshold(0.6, 128),
    ("deepface:VGG-Face", "euclidean_l2"): PaperThreshold(0.86, 2622),
    ("deepface:Facenet512", "euclidean_l2"): PaperThreshold(1.04, 512),
    ("deepface:OpenFace", "euclidean_l2"): PaperThreshold(0.55, 128),
}
"""The paper's thresholds by model and metric. That of VGG-Face was set for the 2,622 outputs of its classifier, which
DeepFace replaced in 2024 by the 4,096 dimensions before it, scaled to unit length, with another threshold."""


def paper_threshold(name: str, model: str, metric: str, dimensions: int) -> float:
    """The paper's threshold for a model and metric.

    Args:
        name: the recognizer's, for errors.
        model: as the study file writes it.
        metric: between embeddings.
        dimensions: of the model's embeddings.

    Raises:
        StudyError: the paper has none for them, and the error lists those that it has; or it was set for another
            embedding than the model gives.
    """
    if (model, metric) not in PAPER_THRESHOLDS:
        listed = ", ".join(f"{model} with metric {metric}" for model, metric in PAPER_THRESHOLDS)
        raise StudyError(f'recognizers: {name}: threshold = "paper" with {model} and metric {metric}; known: {listed}')
    paper = PAPER_THRESHOLDS[model, metric]
    if dimensions != paper.dimensions:
        raise StudyError(
            f'recognizers: {name}: threshold = "paper" is {paper.distance}, which the paper set for embeddings of '
            f"{paper.dimensions} dimensions; {model} gives {dimensions} now, whose distances are others. Leave "
            "threshold out for the model's own, or write a number"
        )
    return paper.distance
