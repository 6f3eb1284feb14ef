"""The thresholds of "Exploring the Lands Between", for `threshold = "paper"`; a test compares them with its figures."""

from builder.errors import StudyError

PAPER_THRESHOLDS = {
    ("dlib", "euclidean"): 0.6,
    ("deepface:Dlib", "euclidean"): 0.6,
    ("deepface:VGG-Face", "euclidean_l2"): 0.86,
    ("deepface:Facenet512", "euclidean_l2"): 1.04,
    ("deepface:OpenFace", "euclidean_l2"): 0.55,
}
"""(model, metric) -> decision distance."""


def paper_threshold(name: str, model: str, metric: str) -> float:
    """The paper's threshold for a model and metric.

    Raises:
        StudyError: the paper has none for them; the error lists those that it has. `name` is the recognizer's.
    """
    if (model, metric) not in PAPER_THRESHOLDS:
        known = ", ".join(f"{model} with metric {metric}" for model, metric in PAPER_THRESHOLDS)
        raise StudyError(f'recognizers: {name}: threshold = "paper" with {model} and metric {metric}; known: {known}')
    return PAPER_THRESHOLDS[model, metric]
