"""The classifier of a study and the images that it knows and does not know, loaded, and what a batch asks of them."""

import functools
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from builder.boundary import Boundary
from builder.classifiers import Classifier, Recorded
from builder.errors import StudyError
from builder.frames import named, quoted
from builder.generators import Images
from builder.hosting import ModelHost, load_model
from builder.images.hosting import SOURCE, SourceHost
from builder.images.settings import ImageSettings
from builder.runtime import Runtime
from builder.stopwatch import Stopwatch
from builder.studies.counterfeits.inverted import Floats, Inverted
from builder.studies.counterfeits.network import sizes_of
from builder.studies.counterfeits.study import CounterfeitsStudy
from builder.studies.counterfeits.tasks import NOTHING
from builder.studies.counterfeits.training import Aim

log = logging.getLogger(__name__)

GRAY_SAMPLE = 64
"""Training images that are looked at, whether they are gray."""


@dataclass(frozen=True, kw_only=True)
class Source(SourceHost):
    """A source of images. rows: those of each class of the study, in the order of the classes."""

    rows: Mapping[str, Sequence[int]]

    def all_rows(self) -> list[int]:
        """The rows of all classes, class by class."""
        return [row for rows in self.rows.values() for row in rows]

    def labels(self) -> list[str]:
        """The labels of `all_rows`."""
        return [name for name, rows in self.rows.items() for _ in rows]


@dataclass(frozen=True, kw_only=True)
class Models(ModelHost):
    """A study's classifier and sources; what they return is checked, and the time it took kept.

    name: the classifier's. inverted: its network. aim: of its generators. training, held_out: the sources.
    """

    name: str
    classifier: Classifier
    inverted: Inverted
    aim: Aim
    training: Source
    held_out: Source

    def sized(self) -> dict[str, Any]:
        """The classifier, by name."""
        return {self.name: self.classifier}

    def answers(self, inverted: Inverted, images: Images) -> tuple[Floats, Floats]:
        """Logits (n, outputs) and features (n, d) of stored pictures (n, h, w, 3), n >= 1, by the classifier or by one
        that was trained again.

        Raises:
            ModelError: its network fails.
        """
        rows = range(len(images))
        boundary = self.boundary(self.name, "classifier", self.name)
        with self.stopwatch.step("classify", len(rows)), boundary.call("network", rows) as call:
            logits, features = inverted.answers(images, self.runtime_of(), self.classifier.micro_batch)
            call.array(np.ascontiguousarray(features), np.float32, (len(rows), inverted.dimensions), "features")
        return logits, features

    def place(self, name: str) -> int:
        """The place of a class of the study among the classifier's outputs."""
        return self.classifier.classes.index(name)

    def class_names(self, number: int) -> tuple[str, ...]:
        """The classes of the classifier after so many defenses, in the order of its outputs."""
        return (*self.classifier.classes, NOTHING) if number else tuple(self.classifier.classes)

    def places(self, labels: Sequence[str]) -> npt.NDArray[np.int64]:
        """The places of classes among the classifier's outputs, (n,)."""
        return np.array([self.place(label) for label in labels], np.int64)

    def restart(self) -> None:
        """Begins a batch, on which none before it may have a bearing."""
        for host in (self.training, self.held_out):
            host.restart()
        super().restart()

    def runtime_of(self) -> Runtime:
        """The runtime, which a study of this kind has."""
        if self.runtime is None:
            raise TypeError("the models were loaded without a runtime")
        return self.runtime


def load_models(study: CounterfeitsStudy, runtime: Runtime) -> Models:
    """Loads what a study names, fetching embedded weights and images that are missing.

    Raises:
        AssetError: weights or images are absent and cannot be fetched, or are not what they should be.
        StudyError: the classifier has no gradient, no features or not the classes; images do not fit it or one another,
            or are too few.
        ModelError: a model fails in another way.
    """
    log.info("loading models on %s, %d threads", runtime.device, runtime.threads)
    described = study.classifier
    classifier: Classifier = load_model("classifier", described.name, functools.partial(described.load, runtime))
    if classifier.network is None or isinstance(classifier, Recorded):
        raise StudyError(
            f"classifier = {described.model!r}: to be inverted it needs a gradient, and it gives answers alone, as "
            "files, graphs of ONNX and recorded predictions do; name one with a network"
        )
    lacking = [name for name in study.classes if name not in classifier.classes]
    if lacking:
        raise StudyError(
            f"classes: {described.model} has no class {named(lacking)}; it has {named(classifier.classes)}"
        )
    stopwatch = Stopwatch()
    host = functools.partial(_source, study.classes, runtime, stopwatch)
    training = host("training_images", study.training_images, 2)
    held_out = host("held_out_images", study.held_out_images, study.images_per_class)
    if training.shape != held_out.shape:
        sizes = [" x ".join(map(str, shape[1::-1])) for shape in (training.shape, held_out.shape)]
        raise StudyError(
            f"training_images are of {sizes[0]} pixels, held_out_images of {sizes[1]}: add side = ... to one of them"
        )
    first = training.pictures(training.all_rows()[:GRAY_SAMPLE])
    with Boundary("classifier", described.name, runtime).call("probabilities", range(1)):
        classifier.probabilities(first[:1])  # refuses images of another size than its own
    shape, gray = (first.shape[1], first.shape[2]), bool((first == first[..., :1]).all())
    for conditioning in study.conditionings:
        sizes_of(shape, len(study.classes), study.generator.enlarge, conditioning == "hot_matrix")
    places = tuple(classifier.classes.index(name) for name in study.classes)
    return Models(
        runtime=runtime,
        stopwatch=stopwatch,
        name=described.name,
        classifier=classifier,
        inverted=Inverted(described.name, classifier.network),
        aim=Aim(places, shape, gray),
        training=training,
        held_out=held_out,
    )


def _source(
    classes: Sequence[str], runtime: Runtime, stopwatch: Stopwatch, key: str, images: ImageSettings, least: int
) -> Source:
    """One of the sources, with at least so many images of every class."""
    with Boundary(SOURCE, images.model).call("load"):
        source = images.load(runtime)
        rows: dict[str, list[int]] = {name: [] for name in classes}
        for row in range(source.rows()):
            label = source.label(row)
            if label is not None and source.classes[label] in rows:
                rows[source.classes[label]].append(row)
        few = [name for name, of_class in rows.items() if len(of_class) < least]
        if few:
            raise StudyError(
                f"{key}.model = {images.model!r}: has {len(rows[few[0]])} images labeled {quoted(few[0])}; this study "
                f"needs at least {least} of each of its classes"
            )
        shape = source.image(rows[classes[0]][0]).shape
    return Source(runtime=runtime, stopwatch=stopwatch, source=source, source_name=images.model, shape=shape, rows=rows)
