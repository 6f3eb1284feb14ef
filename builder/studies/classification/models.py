"""The source of images and the classifiers of a study, loaded, and what a batch asks of them."""

import functools
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from torch import nn

from builder.boundary import Boundary
from builder.classifiers import Classifier, Probabilities
from builder.classifiers.hosting import classify
from builder.errors import StudyError
from builder.explainers import Classes, Explainer, Maps
from builder.generators import Images
from builder.hosting import load_model
from builder.images import ImageSource
from builder.images.hosting import SOURCE, SourceHost
from builder.runtime import Runtime
from builder.studies.classification.attack import Attack, attack
from builder.studies.classification.features import last_dense, penultimate
from builder.studies.classification.schema import MANY
from builder.studies.classification.study import (
    AssignmentSettings,
    AttackSettings,
    ClassificationStudy,
    ExplainedSettings,
)
from builder.studies.classification.tasks import CLASSES, PANEL

log = logging.getLogger(__name__)

_MOST_NAMED = 10

EXPLAINED = "explained"
"""The explainer of `[explained]` in errors."""

UNLABELED = 1000
"""Rows of a batch of a source whose rows have no labels."""


@dataclass(frozen=True, kw_only=True)
class Models(SourceHost):
    """A study's source and classifiers; what they return is checked, and the time it took kept.

    All raise ModelError where one of them raises or returns what it must not.

    classifiers: by the names that columns carry. rows: the rows of each class, in the order of the classes; no class
    where nothing is labeled. explainer: that of `[explained]`. gray: the level of what it hides.
    """

    classifiers: dict[str, Classifier]
    runtime: Runtime
    rows: Mapping[str, Sequence[int]]
    explainer: Explainer | None = None
    gray: int = 0

    def sized(self) -> dict[str, Any]:
        """The classifiers, by name."""
        return dict(self.classifiers)

    def probabilities(self, name: str, images: Images, ids: Sequence[str]) -> Probabilities:
        """A classifier's probabilities for rows of the source, (n, k); a row of NaN where it found nothing."""
        return classify(self, name, self.classifiers[name], images, ids)

    def attacked(self, own: AttackSettings, images: Images, labels: Sequence[str]) -> Attack:
        """The adversarial examples that IFGSM makes of images (n, h, w, 3), n >= 1, with these labels (n,)."""
        classifier, rows = self.classifiers[own.classifier], range(len(images))
        boundary = self.boundary(own.classifier, "classifier", own.classifier)
        indices = _indices(classifier, labels)
        with self.stopwatch.step("attack", len(rows)), boundary.call("network", rows):
            network = network_of(classifier, "attack", own.classifier)
            return attack(network, images, indices, own, self.runtime, classifier.micro_batch)

    def flips(self, own: AssignmentSettings, images: Images, labels: Sequence[str]) -> npt.NDArray[np.int64]:
        """The steps of IFGSM after which each of n >= 1 images loses its label before rounding, (n,); 0 where it keeps
        it.
        """
        steps = AttackSettings(classifier=own.classifier, step=own.step, iterations=own.iterations)
        return self.attacked(steps, images, labels).float_steps

    def features(self, name: str, images: Images) -> npt.NDArray[np.float32]:
        """The inputs of a classifier's last dense layer for images (n, h, w, 3), n >= 1: (n, d)."""
        classifier, rows = self.classifiers[name], range(len(images))
        boundary = self.boundary(name, "classifier", name)
        with self.stopwatch.step("features", len(rows)), boundary.call("network", rows) as call:
            network = network_of(classifier, "assignment", name)
            activations = penultimate(name, network, images, self.runtime, classifier.micro_batch)
            features: npt.NDArray[np.float32] = call.array(activations, np.float32, (len(rows), "d"), "features")
        return features

    def explanations(
        self, own: AttackSettings, images: Images, classes: Sequence[str]
    ) -> tuple[Maps, npt.NDArray[np.int32]]:
        """The maps (n, h, w) and superpixels (n, h, w) of images (n, h, w, 3), n >= 1, for these classes (n,) of the
        attacked classifier, timed as the step `explain`.
        """
        classifier, rows = self.classifiers[own.classifier], range(len(images))
        boundary = self.boundary(EXPLAINED, "explainer", EXPLAINED)
        with self.stopwatch.step("explain", len(rows)), boundary.call("explain", rows) as call:
            answer = cast(Explainer, self.explainer).explain(classifier, images, _indices(classifier, classes))
            maps: Maps = call.array(answer.maps, np.float32, images.shape[:3], "maps")
            segments: npt.NDArray[np.int32] = call.array(answer.segments, np.int32, images.shape[:3], "superpixels")
        return maps, segments

    def answers(
        self,
        own: AttackSettings,
        images: Images,
        classes: Sequence[str],
        segments: npt.NDArray[np.int32],
        masks: Sequence[npt.NDArray[np.bool_]],
    ) -> list[Probabilities]:
        """The attacked classifier's probabilities of images' classes where some of their superpixels are shown, (m,) an
        image; `shown` says which, (m, d) an image.
        """
        from builder.explainers import superpixels  # an extra

        classifier, rows = self.classifiers[own.classifier], range(len(images))
        boundary = self.boundary(own.classifier, "classifier", own.classifier)
        with self.stopwatch.step("explain", len(rows)), boundary.call("probabilities", rows):
            indices = _indices(classifier, classes)
            return superpixels.answers(classifier, images, indices, list(segments), masks, self.gray)

    def shown(self, image: Images, segments: npt.NDArray[np.int32], shown: npt.NDArray[np.bool_]) -> Images:
        """An image (h, w, 3) of whose superpixels (h, w) some are shown, (d,), and the rest is gray."""
        return np.where(shown[segments][..., None], image, np.uint8(self.gray))

    def batch_rows(self, study: ClassificationStudy, batch: int) -> dict[int, str]:
        """The rows of a batch with their labels, "" where nothing is labeled; all batches together have each once."""
        if not self.rows:
            return dict.fromkeys(range(self.source.rows())[batch * UNLABELED : (batch + 1) * UNLABELED], "")
        start = batch * study.classes_per_batch
        classes = list(self.rows)[start : start + study.classes_per_batch]
        return {row: label for label in classes for row in self.rows[label]}


def load_models(study: ClassificationStudy, runtime: Runtime) -> Models:
    """Loads what a study names, fetching embedded weights and pictures that are missing.

    Raises:
        AssetError: weights or pictures are absent and cannot be fetched, or are not what they should be.
        StudyError: a model refuses its argument; rows have no label or one that a classifier has not; or the study
            asks for classes or batches that there are not.
        ModelError: a model fails in another way.
    """
    log.info("loading models on %s, %d threads", runtime.device, runtime.threads)
    with Boundary(SOURCE, study.images.model).call("load"):
        source = study.images.load(runtime)
        rows = rows_by_class(study, source)
        shape = source.image(next(iter(rows.values()))[0] if rows else 0).shape
    classifiers: dict[str, Classifier] = {
        each.name: load_model("classifier", each.name, functools.partial(each.load, runtime))
        for each in study.classifiers
    }
    _check(study, source, rows, classifiers)
    explainer, gray = (None, 0) if study.explained is None else load_explainer(study.explained, runtime)
    return Models(
        source=source,
        source_name=study.images.model,
        shape=shape,
        classifiers=classifiers,
        runtime=runtime,
        rows=rows,
        explainer=explainer,
        gray=gray,
    )


def load_explainer(own: ExplainedSettings, runtime: Runtime) -> tuple[Explainer, int]:
    """The explainer of `[explained]`, and the gray level of what it hides.

    Raises:
        StudyError: it cannot be loaded, or knows no superpixels.
    """
    explainer: Explainer = load_model("explainer", EXPLAINED, functools.partial(own.load, runtime))
    gray = own.value("hidden") if {"superpixels", "hidden"} <= own.own_keys() else None
    if gray is None:
        raise StudyError(
            f"explained.model = {own.model!r}: it explains pixel by pixel, and what is shown are superpixels; name an "
            "explainer that has them: lime or kernel_shap"
        )
    return explainer, gray


def _check(
    study: ClassificationStudy,
    source: ImageSource,
    rows: Mapping[str, Sequence[int]],
    classifiers: Mapping[str, Classifier],
) -> None:
    """Checks that classifiers and pictures have what the study asks of them.

    Raises:
        StudyError: they do not.
    """
    asked = [key for key in ("classes", "attack", "mistakes_top5", "assignment") if getattr(study, key) is not None]
    if not rows and asked:
        raise StudyError(
            f"{asked[0]}: needs labels, and no picture of {study.images.model} has one: of such pictures the "
            "predictions alone are kept; leave the key out, or name a source that has labels"
        )
    for name, classifier in classifiers.items():
        lacking = [label for label in rows if label not in classifier.classes]
        if lacking:
            raise StudyError(
                f"classifiers: {name} has no class {_listed(lacking)}, which pictures are labeled with; it has "
                f"{_listed(classifier.classes)}. Name the classes of images as the classifier does, or leave some out "
                "with classes = [...]"
            )
    if study.mistakes_top5 and not any(len(classifier.classes) > MANY for classifier in classifiers.values()):
        counts = ", ".join(f"{name} has {len(classifier.classes)}" for name, classifier in classifiers.items())
        raise StudyError(
            f"mistakes_top5 = {study.mistakes_top5}: the first five say something of a classifier with more than "
            f"{MANY} classes alone, and {counts}; leave the key out, or name a classifier with more"
        )
    if study.attack:
        network_of(classifiers[study.attack.classifier], "attack", study.attack.classifier)
    if study.assignment:
        _check_assignment(study.assignment, rows, classifiers)
    count, each, words = len(rows), study.classes_per_batch, "classes, {} a batch (classes_per_batch)"
    if not rows:
        count, each, words = source.rows(), UNLABELED, "pictures without labels, {} a batch"
    most = -(-count // each)
    if study.batches > most:
        raise StudyError(f"batches = {study.batches}: {count} {words.format(each)}, make {most}; no more can be built")


def _check_assignment(
    own: AssignmentSettings, rows: Mapping[str, Sequence[int]], classifiers: Mapping[str, Classifier]
) -> None:
    """Checks that images can be assigned to classes that are shown by examples.

    Raises:
        StudyError: there are too few classes or pictures, or the classifier has no network with features.
    """
    last_dense(own.classifier, network_of(classifiers[own.classifier], "assignment", own.classifier))
    if len(rows) < CLASSES:
        raise StudyError(
            f"assignment: an image is assigned to one of {CLASSES} classes, and the study has {len(rows)}: "
            f"{_listed(rows)}; leave [assignment] out"
        )
    few = {name: len(of) for name, of in rows.items() if len(of) < PANEL}
    if few:
        name, count = next(iter(few.items()))
        raise StudyError(
            f"assignment: {PANEL} pictures are shown of each class, and {len(few)} classes have fewer, such as "
            f"{name!r} with {count}; leave them out with classes = [...], or leave [assignment] out"
        )


def network_of(classifier: Classifier, table: str, name: str) -> nn.Module:
    """The network of the classifier that a table of the study file names, which is attacked.

    Raises:
        StudyError: it has none.
    """
    if classifier.network is None:
        raise StudyError(
            f"{table}.classifier = {name!r}: an attack needs a gradient, and this classifier gives answers "
            f"alone, as files, graphs of ONNX and recorded predictions do; name another one, or leave [{table}] out"
        )
    return classifier.network


def rows_by_class(study: ClassificationStudy, source: ImageSource) -> dict[str, list[int]]:
    """The rows of each class of a study: of its own `classes`, or of all that rows are labeled with; none where no row
    has a label.

    Raises:
        StudyError: some rows alone have a label, a class has no row, or there are fewer than two.
    """
    model = study.images.model
    labels = [source.label(row) for row in range(source.rows())]
    if all(label is None for label in labels):
        if any(source.votes(row) is not None for row in range(source.rows())):
            raise StudyError(
                f"images.model = {model!r}: its pictures have votes and no labels, and what is a mistake is told by "
                "labels; name a source that has them"
            )
        log.info("no picture of %s has a label: the predictions alone are kept", model)
        return {}
    by_class: dict[str, list[int]] = {name: [] for name in source.classes}
    for row, label in enumerate(labels):
        if label is None:
            raise StudyError(
                f"images.model = {model!r}: row {source.row_id(row)} has no label, and others have; what is a mistake "
                "is told by labels: label it, or take it out"
            )
        by_class[source.classes[label]].append(row)
    labeled = {name: rows for name, rows in by_class.items() if rows}
    lacking = [name for name in study.classes or () if name not in labeled]
    if lacking:
        raise StudyError(f"classes: no picture of {model} is labeled {_listed(lacking)}; labels are {_listed(labeled)}")
    if len(labeled) < 2:
        raise StudyError(f"images.model = {model!r}: has pictures of {len(labeled)} classes; at least two are needed")
    return {name: labeled[name] for name in study.classes or labeled}


def _indices(classifier: Classifier, names: Sequence[str]) -> Classes:
    return np.array([classifier.classes.index(name) for name in names], np.int64)


def _listed(names: Any) -> str:
    quoted = [repr(name) for name in names]
    return ", ".join(quoted[:_MOST_NAMED]) + (", ..." if len(quoted) > _MOST_NAMED else "")
