"""The classifiers' answers about the rows of a batch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from builder import progress
from builder.classifiers import Probabilities
from builder.studies.classification.models import Models
from builder.studies.classification.schema import MANY, PAIR, TOP

BLOCK = 256
"""Pictures that are held at a time."""


@dataclass(frozen=True)
class Answers:
    """A classifier's probabilities for n rows.

    classes: its own. probabilities: (n, k). top: (n, up to TOP), indices of classes, the most probable first.
    """

    classes: tuple[str, ...]
    probabilities: Probabilities
    top: npt.NDArray[np.intp]

    @classmethod
    def of(cls, classes: tuple[str, ...], probabilities: Probabilities) -> "Answers":
        """The prediction's first classes; of equal ones the first by index comes first."""
        return cls(classes, probabilities, np.argsort(-probabilities, axis=1, kind="stable")[:, :TOP])

    def first(self, at: int) -> str | None:
        """The top-1 class of row `at` of them; None where nothing was found."""
        return None if np.isnan(self.probabilities[at, 0]) else self.classes[self.top[at, 0]]

    def firsts(self, at: int) -> list[str] | None:
        """The first classes of row `at`, up to TOP; None where nothing was found."""
        return None if np.isnan(self.probabilities[at, 0]) else [self.classes[index] for index in self.top[at]]

    @property
    def many(self) -> bool:
        """Whether it has so many classes that its first five say something."""
        return len(self.classes) > MANY


@dataclass(frozen=True)
class Predictions:
    """The rows of a batch, in the order of the source: numbers, ids and labels (n,), "" where nothing is labeled, what
    each classifier says, and the groups that the source puts each into.
    """

    rows: list[int]
    ids: list[str]
    labels: list[str]
    answers: dict[str, Answers]
    groups: Sequence[Mapping[str, str]] = ()


def paired(predicted: Predictions) -> bool:
    """Whether the source puts its rows into pairs, as `pairs:FILE` does."""
    return bool(predicted.groups) and set(PAIR) <= predicted.groups[0].keys()


def predict(models: Models, label_of: Mapping[int, str]) -> Predictions:
    """The probabilities of every classifier for rows with these labels."""
    rows = sorted(label_of)
    ids = models.ids(rows)
    parts: dict[str, list[Probabilities]] = {name: [] for name in models.classifiers}
    with progress.bar(len(rows), "images", "image") as bar:
        for start in range(0, len(rows), BLOCK):
            block = rows[start : start + BLOCK]
            images = models.pictures(block)
            for name, part in parts.items():
                part.append(models.probabilities(name, images, ids[start : start + BLOCK]))
            bar.update(len(block))
    answers = {name: Answers.of(models.classifiers[name].classes, np.concatenate(part)) for name, part in parts.items()}
    return Predictions(rows, ids, [label_of[row] for row in rows], answers, models.source_groups(rows))
