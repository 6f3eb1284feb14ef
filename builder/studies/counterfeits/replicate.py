"""The pictures of a batch: counterfeits of every generator and round, images of the world, and baselines."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from builder.generators import Images
from builder.studies.counterfeits import baselines
from builder.studies.counterfeits.inverted import Floats, Inverted
from builder.studies.counterfeits.models import Models
from builder.studies.counterfeits.schema import HELD_OUT
from builder.studies.counterfeits.study import Conditioning, CounterfeitsStudy
from builder.studies.counterfeits.training import TrainedGenerator, conditions, render, train, train_again

log = logging.getLogger(__name__)

STREAMS = ("training", "latents", "vectors", "defense", "again", "held_out", "ifgsm", "noise", "controls")
"""Each draws for itself: a change to one leaves the others as they are."""


@dataclass(frozen=True)
class Group:
    """The n pictures of one kind and round, class by class.

    wanted: the class that each is of: what the generator was told or IFGSM aims at; of held-out images the label. The
    pictures of noise are of the classes in turn, which nothing tells them. rows, labels: of the source's images that
    they are or began from. latents, conditions: of generators.
    """

    kind: str
    round: int
    images: Images
    wanted: list[str]
    rows: list[str] | None = None
    labels: list[str] | None = None
    latents: Floats | None = None
    conditions: Floats | None = None


@dataclass(frozen=True)
class Run:
    """A trained generator with its round and its seed."""

    conditioning: Conditioning
    round: int
    seed: int
    trained: TrainedGenerator


@dataclass(frozen=True)
class Replicate:
    """All pictures of a batch, the runs, and the classifiers: the study's own, then it as each defense left it."""

    groups: list[Group]
    runs: list[Run]
    classifiers: list[Inverted]


def make(study: CounterfeitsStudy, models: Models, batch: int) -> Replicate:
    """Trains all generators of a batch, round by round, and makes all pictures."""
    groups: list[Group] = []
    runs: list[Run] = []
    classifiers = [models.inverted]
    for number in range(study.all_rounds):
        of_round = _train_round(study, models, classifiers[-1], batch, number)
        runs += of_round
        groups += [_counterfeits(study, models, run, batch) for run in of_round]
        if number + 1 < study.all_rounds:
            classifiers.append(_defended(study, models, classifiers[-1], of_round, batch, number))
    world = _held_out(study, models, batch)
    return Replicate([*groups, world, *_baselines(study, models, world, batch)], runs, classifiers)


def randomness(study: CounterfeitsStudy, batch: int, stream: str, number: int = 0) -> np.random.Generator:
    """The draws of one stream of a batch and round."""
    return np.random.default_rng(_sequence(study, batch, stream, number))


def _sequence(study: CounterfeitsStudy, batch: int, stream: str, number: int) -> np.random.SeedSequence:
    return np.random.SeedSequence(study.seed, spawn_key=(batch, STREAMS.index(stream), number))


def _train_round(study: CounterfeitsStudy, models: Models, inverted: Inverted, batch: int, number: int) -> list[Run]:
    """A generator for each conditioning, all from one seed."""
    seed = _seed(study, batch, "training", number)
    runs = []
    for conditioning in study.conditionings:
        log.info("training: batch %d, round %d, %s", batch, number, conditioning)
        boundary = models.boundary(models.name, "classifier", models.name)
        with models.stopwatch.step("train", study.generator.steps), boundary.call("network"):
            made = train(inverted, conditioning, models.aim, study.generator, seed, models.runtime_of())
        runs.append(Run(conditioning, number, seed, made))
    return runs


def _seed(study: CounterfeitsStudy, batch: int, stream: str, number: int) -> int:
    return int(_sequence(study, batch, stream, number).generate_state(1, np.uint64)[0] >> 1)


def _counterfeits(study: CounterfeitsStudy, models: Models, run: Run, batch: int) -> Group:
    """The counterfeits of a generator that are kept."""
    made = _rendered(study, models, run, randomness(study, batch, "latents", run.round), batch)
    images, latents, condition = made
    return Group(run.conditioning, run.round, images, _wanted(study), None, None, latents, condition)


def _defended(
    study: CounterfeitsStudy, models: Models, inverted: Inverted, runs: Sequence[Run], batch: int, number: int
) -> Inverted:
    """The classifier trained again with counterfeits of these generators, others than those that are kept."""
    rng = randomness(study, batch, "defense", number)
    fakes = np.concatenate([_rendered(study, models, run, rng, batch)[0] for run in runs])
    pictures = models.training.pictures(models.training.all_rows())
    places = models.places(models.training.labels())
    boundary = models.boundary(models.name, "classifier", models.name)
    with models.stopwatch.step("train again", len(pictures)), boundary.call("network"):
        seed = _seed(study, batch, "again", number)
        return train_again(inverted, pictures, places, fakes, seed, models.runtime_of())


def _rendered(
    study: CounterfeitsStudy, models: Models, run: Run, rng: np.random.Generator, batch: int
) -> tuple[Images, Floats, Floats]:
    """Images, latents and conditions, as many of each class as the study says."""
    classes, each = len(study.classes), study.images_per_class
    latents = rng.standard_normal((classes * each, study.generator.latent), np.float32)
    vectors = randomness(study, batch, "vectors", run.round).standard_normal((classes * each, classes), np.float32)
    wanted = torch.arange(classes).repeat_interleave(each)
    condition = conditions(run.conditioning, wanted, torch.from_numpy(vectors), study.generator.soft_scale).numpy()
    with models.stopwatch.step("render", len(latents)):
        return render(run.trained.generator, latents, condition, models.runtime_of()), latents, condition


def _held_out(study: CounterfeitsStudy, models: Models, batch: int) -> Group:
    """Images of the world that the classifier was not trained on, drawn for the batch."""
    rng, source = randomness(study, batch, "held_out"), models.held_out
    sample = [int(row) for rows in source.rows.values() for row in rng.choice(rows, study.images_per_class, False)]
    labels = _wanted(study)
    return Group(HELD_OUT, 0, source.pictures(sample), labels, source.ids(sample), labels)


def _baselines(study: CounterfeitsStudy, models: Models, world: Group, batch: int) -> Iterator[Group]:
    wanted, gray = _wanted(study), models.aim.gray
    images = baselines.noise(len(wanted), world.images.shape[1:], gray, randomness(study, batch, "noise"))
    yield Group("noise", 0, images, wanted)
    rng = randomness(study, batch, "ifgsm")
    begun = []
    for name in study.classes:
        others = [at for at, label in enumerate(world.wanted) if label != name]
        begun += [others[at] for at in rng.choice(len(others), study.images_per_class, False)]
    places = models.places(wanted)
    boundary = models.boundary(models.name, "classifier", models.name)
    with models.stopwatch.step("ifgsm", len(begun)), boundary.call("network", range(len(begun))):
        runtime, size = models.runtime_of(), models.classifier.micro_batch
        driven = baselines.drive(models.inverted, world.images[begun], places, study.baselines, gray, runtime, size)
    rows, labels = ([of[at] for at in begun] for of in (world.rows or [], world.wanted))
    yield Group("ifgsm_first", 0, driven.first, wanted, rows, labels)
    yield Group("ifgsm_last", 0, driven.last, wanted, rows, labels)


def _wanted(study: CounterfeitsStudy) -> list[str]:
    return [name for name in study.classes for _ in range(study.images_per_class)]
