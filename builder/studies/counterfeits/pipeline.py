"""The making of one batch: generators against a frozen classifier, their pictures, and what is measured of these.

A batch is one replicate: a generator of each conditioning from one seed, and all rounds of a defense. It depends on the
study and its own number alone; nothing here knows of folders or other batches.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from builder.boundary import context
from builder.classifiers import softmax
from builder.studies import Batch
from builder.studies.counterfeits import tables
from builder.studies.counterfeits.detectors import Reference, fitted_temperature, scores
from builder.studies.counterfeits.inverted import Floats
from builder.studies.counterfeits.models import Models
from builder.studies.counterfeits.nearest import Nearest, TrainingImages
from builder.studies.counterfeits.replicate import Group, Replicate, make, randomness
from builder.studies.counterfeits.schema import COUNTERFEITS, HELD_OUT
from builder.studies.counterfeits.spread import spread
from builder.studies.counterfeits.study import CounterfeitsStudy

log = logging.getLogger(__name__)

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Described:
    """The measurements of the n pictures of a group.

    probabilities: by each classifier, the study's own first, (n, outputs) each. detectors: by name, (n,) each.
    nearest: by measure. spreads: by class.
    """

    group: Group
    probabilities: list[Floats]
    detectors: dict[str, Numbers]
    nearest: dict[str, Nearest]
    spreads: dict[str, dict[str, float]]

    @property
    def own(self) -> Floats:
        """The probabilities by the classifier that the group's round is about."""
        return self.probabilities[self.group.round]


class Item(NamedTuple):
    """An item for people: a picture of a group; whether it is a control."""

    group: int
    at: int
    control: bool


class Converged(NamedTuple):
    """Whether a generator converged: share of its pictures that get their class, the least of the classes' shares, mean
    confidence in the class that the classifier names, and whether the least reaches the study's bound.
    """

    accuracy: float
    least: float
    confidence: float
    reached: bool


def build_batch(study: CounterfeitsStudy, models: Models, batch: int) -> Batch:
    """Trains, makes pictures, describes them, draws items.

    Raises:
        ModelError: a model that does not deliver.
    """
    models.restart()
    with models.stopwatch.step("other"), context(batch=batch):  # "other": what lies in no step of its own
        made = make(study, models, batch)
        described = describe(models, made)
        runs = [converged(study, models, each) for each in described if each.group.kind in COUNTERFEITS]
        for run, reached in zip(made.runs, runs, strict=True):
            if not reached.reached:
                log.warning(
                    "batch %d, round %d: the generator %s did not converge: of some class %.0f %% of its images get it",
                    *(batch, run.round, run.conditioning, 100 * reached.least),
                )
        items = draw_items(study, models, described, batch)
        with models.stopwatch.step("tables", len(items)):
            built = tables.build(study, batch, models, tables.Content(made.runs, runs, described, items))
    return Batch(built, [run.seed for run in made.runs], [], models.stopwatch.steps(), models.forced_micro_batches())


def describe(models: Models, made: Replicate) -> list[Described]:
    """The measurements of every group by classifiers, detectors and training images."""
    answered = [[models.answers(each, group.images) for each in made.classifiers] for group in made.groups]
    pictures, places = models.training.pictures(models.training.all_rows()), models.places(models.training.labels())
    _, features = models.answers(models.inverted, pictures)
    world = next(at for at, group in enumerate(made.groups) if group.kind == HELD_OUT)
    fitted = fitted_temperature(answered[world][0][0], models.places(made.groups[world].wanted))
    reference = Reference(features, places, fitted)
    with models.stopwatch.step("neighbors", len(pictures)):
        training = TrainingImages(pictures, features, models.runtime_of())
    descriptions = []
    for group, answers in zip(made.groups, answered, strict=True):
        logits, own_features = answers[0]
        with models.stopwatch.step("detectors", len(logits)):
            detected = scores(logits, own_features, reference)
        with models.stopwatch.step("neighbors", len(logits)):
            nearest = training.nearest(group.images, own_features)
        with models.stopwatch.step("spreads", len(logits)):
            spreads = _spreads(models, group, own_features, features, places)
        descriptions.append(Described(group, [softmax(each) for each, _ in answers], detected, nearest, spreads))
    return descriptions


def _spreads(
    models: Models, group: Group, features: Floats, cases: Floats, places: npt.NDArray[np.int64]
) -> dict[str, dict[str, float]]:
    wanted = np.array(group.wanted)
    return {
        name: spread(group.images[wanted == name], features[wanted == name], cases[places == models.place(name)])
        for name in dict.fromkeys(group.wanted)
    }


def converged(study: CounterfeitsStudy, models: Models, described: Described) -> Converged:
    """Whether the generator of a group converged."""
    right = described.own.argmax(axis=1) == models.places(described.group.wanted)
    by_class = right.reshape(len(study.classes), -1).mean(axis=1)
    least = float(by_class.min())
    confidence = float(described.own.max(axis=1).mean(dtype=np.float64))
    return Converged(float(right.mean()), least, confidence, least >= study.generator.min_accuracy)


def draw_items(study: CounterfeitsStudy, models: Models, described: Sequence[Described], batch: int) -> list[Item]:
    """The first counterfeits of each generator and class, and controls: images of the world that the classifier gives
    their label, drawn.
    """
    items = []
    for number, each in enumerate(described):
        if each.group.kind in COUNTERFEITS:
            places = range(len(each.group.wanted))
            items += [Item(number, at, False) for at in places if at % study.images_per_class < study.items_per_class]
        elif each.group.kind == HELD_OUT:
            right = np.flatnonzero(each.own.argmax(axis=1) == models.places(each.group.wanted))
            sample = randomness(study, batch, "controls").permutation(right)[: study.controls]
            items += [Item(number, int(at), True) for at in sorted(sample)]
    return items
