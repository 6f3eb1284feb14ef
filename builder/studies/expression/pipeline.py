"""The making of one batch: some faces, their labels and groups, and what every classifier says of them.

A batch depends on the study and its own number alone; nothing here knows of folders or other batches.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from builder.boundary import context
from builder.classifiers import Probabilities
from builder.errors import BuildError
from builder.generators import Images
from builder.images import ImageSource
from builder.studies import Batch
from builder.studies.expression import tables
from builder.studies.expression.models import Models
from builder.studies.expression.schema import UNSURE
from builder.studies.expression.study import ExpressionStudy
from builder.studies.expression.tasks import EMOTIONS, VOTED
from loading_script.votes import Rule, labels


class Label(NamedTuple):
    """A face's label: its emotion, the share of each of `EMOTIONS`, why it counts as none, the emotion that all
    of its votes name, and how many are for each of `VOTED`; each None where there is no such thing.
    """

    emotion: str | None = None
    shares: list[float] | None = None
    dropped: str | None = None
    agreed: str | None = None
    votes: list[int] | None = None


@dataclass(frozen=True)
class Answers:
    """A classifier's answer to n faces: its classes, and their probabilities (n, k)."""

    classes: tuple[str, ...]
    probabilities: Probabilities

    def first(self, at: int) -> tuple[str, float] | None:
        """The class of a face, the first of equal ones, and its probability; None where nothing was found."""
        row = self.probabilities[at]
        return None if np.isnan(row[0]) else (self.classes[int(row.argmax())], float(row.max()))

    def within(self, bounds: Sequence[int]) -> "Answers":
        """The same of ranges of classes that are whole numbers: those below the first bound, and those from each bound
        on, called by their first and last number; the probability of a range is that of all its classes.
        """
        numbers = [int(name) for name in self.classes]
        of = np.searchsorted(np.array(bounds), numbers, side="right")
        ranges = [[number for number, each in zip(numbers, of, strict=True) if each == at] for at in np.unique(of)]
        names = tuple(f"{min(each)}-{max(each)}" for each in ranges)
        summed = [self.probabilities[:, of == at].sum(axis=1) for at in np.unique(of)]
        return Answers(names, np.stack(summed, axis=1))

    def group(self, at: int, min_confidence: float) -> tuple[str, float] | None:
        """The same where classes are groups: `UNSURE` below a confidence."""
        first = self.first(at)
        return first if first is None or first[1] >= min_confidence else (UNSURE, first[1])


@dataclass(frozen=True)
class Faces:
    """The n faces of a batch: rows, ids, labels, the source's groups, pictures, and what classifiers say, by name.

    voted: whether the source has votes.
    """

    rows: list[int]
    ids: list[str]
    labels: list[Label]
    groups: list[Mapping[str, str]]
    pictures: Images
    answers: dict[str, Answers]
    voted: bool = False


def build_batch(study: ExpressionStudy, models: Models, batch: int) -> Batch:
    """Reads, labels, classifies.

    Raises:
        ModelError: a model that does not deliver.
        BuildError: no classifier found a face in any picture.
    """
    models.restart()
    with models.stopwatch.step("other"), context(batch=batch):  # "other": what lies in no step of its own
        start = batch * study.faces_per_batch
        rows = list(models.order[start : start + study.faces_per_batch])
        ids, pictures = models.ids(rows), models.pictures(rows)
        classes, answers = models.sized(), models.answers(pictures, ids)
        answers_by_name = {name: Answers(tuple(classes[name].classes), each) for name, each in answers.items()}
        if all(np.isnan(answers_by_name[name].probabilities).all() for name in models.classifiers):
            raise BuildError(
                f"batch {batch}: no classifier found a face in a picture; name another source or alignment"
            )
        labels = voted_labels(models.source, rows, study.label_rule) if models.voted else labeled(models.source, rows)
        faces = Faces(rows, ids, labels, models.source_groups(rows), pictures, answers_by_name, models.voted)
        with models.stopwatch.step("tables", len(rows)):
            built = tables.build(study, batch, faces)
    return Batch(built, [], [], models.stopwatch.steps(), models.forced_micro_batches())


def voted_labels(source: ImageSource, rows: Sequence[int], rule: Rule) -> list[Label]:
    """The labels of rows of a source by its votes under a rule; a row without votes counts as nothing."""
    votes = [source.votes(row) for row in rows]
    counts = np.array([each or (0,) * len(source.classes) for each in votes], np.int64)
    counted = labels(counts, source.classes, EMOTIONS, rule)
    of_faces = []
    for at, weights in enumerate(counted.weights):
        firsts = np.flatnonzero((weights == weights.max()) & (weights > 0))
        emotion = EMOTIONS[int(firsts[0])] if len(firsts) == 1 else None
        reasons = {reason: shares[at] for reason, shares in counted.dropped.items()}
        dropped = None if weights.any() else max(reasons, key=reasons.__getitem__)
        of_face = dict(zip(source.classes, counts[at].tolist(), strict=True))
        in_order = [of_face.get(name, 0) for name in VOTED]
        of_faces.append(Label(emotion, weights.tolist(), dropped, _agreed(of_face), in_order))
    return of_faces


def labeled(source: ImageSource, rows: Sequence[int]) -> list[Label]:
    """The labels of rows of a source by its own."""
    emotions = [None if label is None else source.classes[label] for label in map(source.label, rows)]
    return [
        Label() if emotion is None else Label(emotion, [float(each == emotion) for each in EMOTIONS])
        for emotion in emotions
    ]


def _agreed(votes: Mapping[str, int]) -> str | None:
    """The emotion that has all votes, two at least."""
    total = sum(votes.values())
    return next((name for name in EMOTIONS if votes[name] == total >= 2), None)
