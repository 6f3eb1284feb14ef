"""The assignments of a batch: images, and six classes shown by examples, to one of which each image belongs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from builder.errors import StudyError
from builder.studies.classification.examples import ClassExamples, Example, examples_of
from builder.studies.classification.predicted import Predictions
from builder.studies.classification.schema import KINDS
from builder.studies.classification.tasks import ASSIGNMENT_ARMS, CLASSES, CONDITIONS
from builder.tables import png_bytes

if TYPE_CHECKING:
    from builder.studies.classification.models import Models
    from builder.studies.classification.study import ClassificationStudy

LETTERS = tuple("ABCDEF")


class Panel(NamedTuple):
    """A class of an assignment, with the examples that stand for it."""

    letter: str
    of: str
    examples: list[Example]


@dataclass(frozen=True)
class Assignment:
    """An image to assign in one condition. at: index of its row in `Predictions`."""

    at: int
    condition: str
    arm: str
    panels: tuple[Panel, ...]

    @property
    def method(self) -> str:
        """The method by which examples were chosen."""
        return method_of(self.condition)


@dataclass(frozen=True)
class Assignments:
    """All assignments of a batch, and all examples of its own classes."""

    items: list[Assignment]
    examples: list[Example]

    @property
    def rows(self) -> list[int]:
        """The rows of the source that panels show, in their order."""
        return sorted({each.row for item in self.items for panel in item.panels for each in panel.examples})


@dataclass(frozen=True)
class ShownAssignments:
    """Assignments with what is shown of them. classifier: whose examples. ids: the number in the source of every row
    that an item or a panel shows or that is an example -> its id. pictures: of those that are shown, as PNGs.
    """

    assignments: Assignments
    classifier: str
    ids: dict[int, str]
    pictures: dict[int, bytes]


def shown_assignments(models: "Models", predicted: Predictions, own: Assignments, classifier: str) -> ShownAssignments:
    """The assignments with their pictures."""
    picture_rows = sorted({*own.rows, *(predicted.rows[item.at] for item in own.items)})
    pictures = [png_bytes(each) for each in models.pictures(picture_rows)] if picture_rows else []
    named = sorted({*picture_rows, *(each.row for each in own.examples)})
    ids = dict(zip(named, models.ids(named), strict=True))
    return ShownAssignments(own, classifier, ids, dict(zip(picture_rows, pictures, strict=True)))


def method_of(condition: str) -> str:
    """The method of a condition, with which its name begins."""
    return condition.partition(",")[0]


def draw_assignments(study: "ClassificationStudy", models: "Models", predicted: Predictions, batch: int) -> Assignments:
    """The assignments of a batch; none of its images is an example of its class by any method.

    Raises:
        StudyError: the classifier gets too few rows of a class right, or every row is an example of its class.
    """
    own = study.assignment
    if own is None:
        return Assignments([], [])
    names = list(dict.fromkeys(predicted.labels))
    examples = {name: examples_of(own, models, study.seed, name) for name in names}
    rng = np.random.default_rng(np.random.SeedSequence(study.seed, spawn_key=(batch, KINDS.index("assignment"), 0)))
    targets = draw_targets(own.targets, predicted, examples, rng)
    if not targets:
        raise StudyError(
            f"assignment: every picture of batch {batch} is an example of its class, so that none is left to be "
            "assigned; add pictures, or leave [assignment] out"
        )
    others = [draw_classes(predicted.labels[at], list(models.rows), rng) for at in targets]
    for name in sorted({name for classes in others for name in classes} - examples.keys()):
        examples[name] = examples_of(own, models, study.seed, name)
    items = [
        Assignment(at, condition, arm, _panels(classes, examples, condition))
        for number, (at, classes) in enumerate(zip(targets, others, strict=True))
        for arm, condition in square(number)
    ]
    return Assignments(items, [each for name in names for each in examples[name].examples])


def square(number: int) -> list[tuple[str, str]]:
    """The condition of the image of this number in each arm: each image has each once, and so has each arm seven
    images in turn.
    """
    return [(arm, CONDITIONS[(number + at) % len(CONDITIONS)]) for at, arm in enumerate(ASSIGNMENT_ARMS)]


def draw_targets(
    most: int, predicted: Predictions, examples: dict[str, ClassExamples], rng: np.random.Generator
) -> list[int]:
    """A draw of at most so many rows, by index in `predicted`, of the classes in turn."""
    free: dict[str, list[int]] = {name: [] for name in examples}
    for at, (row, label) in enumerate(zip(predicted.rows, predicted.labels, strict=True)):
        if row not in examples[label].rows:
            free[label].append(at)
    orders = [rng.permutation(each).tolist() for each in free.values()]
    turns = [order[turn] for turn in range(max(map(len, orders))) for order in orders if turn < len(order)]
    return turns[:most]


def draw_classes(label: str, names: Sequence[str], rng: np.random.Generator) -> list[str]:
    """CLASSES classes in the order of the panels, the label among them."""
    others = rng.permutation([name for name in names if name != label])[: CLASSES - 1].tolist()
    classes: list[str] = rng.permutation([label, *others]).tolist()
    return classes


def _panels(classes: Sequence[str], examples: dict[str, ClassExamples], condition: str) -> tuple[Panel, ...]:
    method, both = method_of(condition), condition.endswith("criticisms")
    examples_by_panel = [examples[name].panel(method, both=both) for name in classes]
    return tuple(Panel(*panel) for panel in zip(LETTERS, classes, examples_by_panel, strict=True))
