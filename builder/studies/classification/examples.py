"""Examples of a class: rows that a classifier gets right, which represent it well (prototypes) or badly (criticisms).

After "ConvNets and ImageNet Beyond Accuracy" (Stock, Cisse), section 4. The candidates are rows of the class that the
classifier gives their label. The examples of a class are a function of the study and the class alone, whatever batch
shows them.

- adversarial: prototypes keep their label through all steps of IFGSM, criticisms lose it at the first
- mmd: those of MMD-critic on the features that the classifier's last dense layer sees
- probability: prototypes have one above .9, criticisms one below .1
- random

All that qualify are examples, in an order that is drawn, and the first of them are shown; where fewer qualify than are
shown, the others are those that come nearest.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from builder.errors import StudyError
from builder.studies.classification import mmd
from builder.studies.classification.predicted import BLOCK, Answers
from builder.studies.classification.study import AssignmentSettings
from builder.studies.classification.tasks import PANEL

if TYPE_CHECKING:
    from builder.studies.classification.models import Models

Numbers = npt.NDArray[np.float64]

ADVERSARIAL, MMD, PROBABILITY, RANDOM = METHODS = ("adversarial", "mmd", "probability", "random")
PROTOTYPE, CRITICISM = "prototype", "criticism"

HALF = PANEL // 2
"""Criticisms that are shown beside as many prototypes."""

LIKELY, UNLIKELY = 0.9, 0.1

_STREAM = 100
"""The first number of a class's random draws, which no kind of items has."""


@dataclass(frozen=True)
class Example:
    """An example of a class. row: its number in the source. rank: from 1. score: by which the method ranks it.

    qualified: whether it is what the method asks for; else it was the nearest to that. n_qualified, n_candidates: how
    many rows were.
    """

    of: str
    method: str
    role: str
    rank: int
    row: int
    score: float | None
    qualified: bool
    n_qualified: int
    n_candidates: int


@dataclass(frozen=True)
class Candidates:
    """n rows of a class that the classifier gives their label.

    rows: (n,). probability: of the class, (n,). margin: over the next class, (n,). flips: steps after which the label
    is lost, (n,), infinity where it is kept. features: (n, d).
    """

    rows: npt.NDArray[np.int64]
    probability: Numbers
    margin: Numbers
    flips: Numbers
    features: npt.NDArray[np.float32]


@dataclass(frozen=True)
class ClassExamples:
    """The examples of a class."""

    name: str
    examples: tuple[Example, ...]

    @property
    def rows(self) -> frozenset[int]:
        """The rows that some panel shows."""
        panels = [self.panel(method, both=both) for method in METHODS for both in (False, True)]
        return frozenset(each.row for panel in panels for each in panel)

    def panel(self, method: str, *, both: bool) -> list[Example]:
        """The PANEL examples that stand for the class: prototypes, or half of them criticisms."""
        good, bad = (
            [each for each in self.examples if (each.method, each.role) == (method, role)]
            for role in (PROTOTYPE, CRITICISM)
        )
        return good[:HALF] + bad[:HALF] if both else good[:PANEL]


def examples_of(own: AssignmentSettings, models: "Models", seed: int, name: str) -> ClassExamples:
    """The examples of a class of the study.

    Raises:
        StudyError: the classifier gets fewer of its rows right than are to be shown.
    """
    number = list(models.rows).index(name)
    candidates = _candidates(own, models, seed, number, name)
    rng = _randomness(seed, number, 1)
    examples = [
        *_selection(name, ADVERSARIAL, candidates, *_adversarial(candidates), rng),
        *_by_mmd(name, candidates, own.regularization),
        *_selection(name, PROBABILITY, candidates, *_probable(candidates), rng),
    ]
    for rank, at in enumerate(rng.permutation(len(candidates.rows))[:PANEL].tolist(), start=1):
        count = len(candidates.rows)
        row = int(candidates.rows[at])
        examples.append(Example(name, RANDOM, PROTOTYPE, rank, row, None, True, count, count))
    return ClassExamples(name, tuple(examples))


def selection(qualified: npt.NDArray[np.bool_], score: Numbers, count: int, rng: np.random.Generator) -> list[int]:
    """`count` of n >= count rows: drawn of those that qualify, and where these are too few, the others with the largest
    score, (n,); of equal ones the first.
    """
    there = np.flatnonzero(qualified)
    places: list[int] = rng.permutation(there)[:count].tolist()
    others = [at for at in np.argsort(-score, kind="stable").tolist() if not qualified[at]]
    return places + others[: count - len(places)]


def _candidates(own: AssignmentSettings, models: "Models", seed: int, number: int, name: str) -> Candidates:
    """The candidates of a class; all rows are asked about, and of those that are right so many are drawn."""
    rows = np.array(models.rows[name], np.int64)
    at, classifier = own.classifier, models.classifiers[own.classifier]
    parts = []
    for start in range(0, len(rows), BLOCK):
        block = rows[start : start + BLOCK].tolist()
        parts.append(models.probabilities(at, models.pictures(block), models.ids(block)))
    answers = Answers.of(classifier.classes, np.concatenate(parts))
    right = np.flatnonzero([answers.first(place) == name for place in range(len(rows))])
    if len(right) < PANEL:
        raise StudyError(
            f"assignment: {own.classifier} gets {len(right)} of {len(rows)} pictures of the class {name!r} right, and "
            f"{PANEL} are shown of each class; leave the class out with classes = [...], or leave [assignment] out"
        )
    right = np.sort(_randomness(seed, number, 0).permutation(right)[: own.candidates])
    probabilities = answers.probabilities[right].astype(np.float64)
    of_class = probabilities[:, classifier.classes.index(name)].copy()
    probabilities[:, classifier.classes.index(name)] = -np.inf
    images = models.pictures(rows[right].tolist())
    steps = models.flips(own, images, [name] * len(right)).astype(np.float64)
    flips = np.where(steps > 0, steps, np.inf)
    margin = of_class - probabilities.max(axis=1)
    return Candidates(rows[right], of_class, margin, flips, models.features(own.classifier, images))


def _adversarial(of: Candidates) -> tuple[tuple[npt.NDArray[np.bool_], Numbers], tuple[npt.NDArray[np.bool_], Numbers]]:
    """Whether each candidate is a prototype, and a criticism, and by what it is near to that: the step, then the
    margin, below 1, which is between two steps.
    """
    last = np.where(np.isfinite(of.flips), of.flips, np.nanmax(np.where(np.isfinite(of.flips), of.flips, 0)) + 1)
    hardness = last + of.margin / 2
    return (np.isinf(of.flips), hardness), (of.flips == 1, -hardness)


def _probable(of: Candidates) -> tuple[tuple[npt.NDArray[np.bool_], Numbers], tuple[npt.NDArray[np.bool_], Numbers]]:
    return (of.probability > LIKELY, of.probability), (of.probability < UNLIKELY, -of.probability)


def _selection(
    name: str,
    method: str,
    of: Candidates,
    good: tuple[npt.NDArray[np.bool_], Numbers],
    bad: tuple[npt.NDArray[np.bool_], Numbers],
    rng: np.random.Generator,
) -> list[Example]:
    """The prototypes and, apart from the first of them, the criticisms of a method."""
    scores = of.flips if method == ADVERSARIAL else of.probability
    examples, taken = [], np.zeros(len(of.rows), np.bool_)
    for role, (qualified, score), count in ((PROTOTYPE, good, PANEL), (CRITICISM, bad, HALF)):
        free = np.flatnonzero(~taken)
        places = free[selection(qualified[free], score[free], max(count, int(qualified[free].sum())), rng)]
        for rank, at in enumerate(places.tolist(), start=1):
            value = float(scores[at]) if np.isfinite(scores[at]) else None
            row, number = int(of.rows[at]), int(qualified.sum())
            examples.append(Example(name, method, role, rank, row, value, bool(qualified[at]), number, len(of.rows)))
        taken[places[:HALF]] = True
    return examples


def _by_mmd(name: str, of: Candidates, weight: float) -> list[Example]:
    """Examples by MMD-critic; criticisms are of the prototypes that they are shown beside. All candidates qualify."""
    similar = mmd.kernel(of.features)
    good = mmd.prototypes(similar, PANEL)
    bad = mmd.criticisms(similar, good[:HALF], HALF, weight)
    to_all, size = similar.mean(axis=0), mmd.witness(similar, good[:HALF])
    count = len(of.rows)
    parts: Sequence[tuple[str, list[int], Numbers]] = ((PROTOTYPE, good, to_all), (CRITICISM, bad, size))
    return [
        Example(name, MMD, role, rank, int(of.rows[at]), float(score[at]), True, count, count)
        for role, places, score in parts
        for rank, at in enumerate(places, start=1)
    ]


def _randomness(seed: int, number: int, stream: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(number, _STREAM, stream)))
