"""The outcomes of a batch's attacks: of every row that the attacked classifier gives its label."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from builder import progress
from builder.classifiers import Recorded
from builder.classifiers.gradient_sign import LEVELS
from builder.generators import Images
from builder.studies.classification.models import Models
from builder.studies.classification.predicted import BLOCK, Predictions
from builder.studies.classification.study import AttackSettings
from builder.tables import png_bytes


@dataclass(frozen=True)
class Adversarial:
    """An attacked picture, as a PNG.

    at: index of its row in `Predictions`. shown_class: what the attacked classifier says of the stored picture.
    top1: what each classifier says of it; no entry where it cannot be asked, None where it found nothing.
    steps, float_class, float_steps: as in the table `attacks`. linf, l2: distances to the picture, in units of 0..1.
    """

    at: int
    png: bytes
    shown_class: str
    success: bool
    top1: dict[str, str | None]
    steps: int | None
    float_class: str | None
    float_steps: int | None
    linf: float
    l2: float


def attack_rows(own: AttackSettings, models: Models, predicted: Predictions) -> list[Adversarial]:
    """The attacked pictures, in the order of rows."""
    answers = predicted.answers[own.classifier]
    right = [at for at, label in enumerate(predicted.labels) if answers.first(at) == label]
    attacks: list[Adversarial] = []
    with progress.bar(len(right), "attacks", "image") as bar:
        for start in range(0, len(right), BLOCK):
            block = right[start : start + BLOCK]
            attacks += _attack_block(own, models, predicted, block)
            bar.update(len(block))
    return attacks


def _attack_block(
    own: AttackSettings, models: Models, predicted: Predictions, block: Sequence[int]
) -> list[Adversarial]:
    images = models.pictures([predicted.rows[at] for at in block])
    labels = [predicted.labels[at] for at in block]
    done = models.attacked(own, images, labels)
    top1 = _top1(models, done.images, [predicted.ids[at] for at in block])
    classes = models.classifiers[own.classifier].classes
    change = (done.images.astype(np.float64) - images) / LEVELS
    flat = change.reshape(len(block), -1)
    attacks = []
    for row, at in enumerate(block):
        shown_class = top1[row][own.classifier]
        success = shown_class not in (None, labels[row])
        floated = done.float_classes[row] >= 0
        attacks.append(
            Adversarial(
                at=at,
                png=png_bytes(done.images[row]),
                shown_class=shown_class or "",
                success=success,
                top1=top1[row],
                steps=int(done.steps[row]) or own.iterations if success else None,
                float_class=classes[done.float_classes[row]] if floated else None,
                float_steps=int(done.float_steps[row]) if floated else None,
                linf=float(np.abs(flat[row]).max()),
                l2=float(np.linalg.norm(flat[row])),
            )
        )
    return attacks


def _top1(models: Models, images: Images, ids: Sequence[str]) -> list[dict[str, str | None]]:
    """The answers of each classifier that can be asked to each picture."""
    top1: list[dict[str, str | None]] = [{} for _ in images]
    for name, classifier in models.classifiers.items():
        if isinstance(classifier, Recorded):
            continue
        for row, each in enumerate(models.probabilities(name, images, ids)):
            top1[row][name] = None if np.isnan(each[0]) else classifier.classes[int(each.argmax())]
    return top1
