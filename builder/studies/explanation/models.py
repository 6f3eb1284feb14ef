"""The source of images, the classifiers and the explainers of a study, loaded, and what a batch asks of them."""

import functools
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
from torch import nn

from builder import assets
from builder.boundary import Boundary
from builder.classifiers import Classifier, Memorizing, Probabilities, Recorded
from builder.classifiers.hosting import classify
from builder.distances.lpips import CONVOLUTIONS, HEADS, LPIPS
from builder.errors import StudyError
from builder.explainers import Classes, Explainer, Maps, sanity
from builder.explainers.base import NetworkExplainer, network_of
from builder.explainers.measures import Values, pictures
from builder.explainers.measures.maps import HOG_BLOCK, HOG_CELL
from builder.explainers.measures.success import Interval, threshold
from builder.generators import Images
from builder.hosting import load_model
from builder.images import ImageSource
from builder.images.hosting import SOURCE, SourceHost
from builder.manipulations.fine_tuning import Labeled
from builder.manipulations.table import Table
from builder.registry import split_model
from builder.runtime import Runtime
from builder.stopwatch import Stopwatch
from builder.studies.explanation.catalog import PICTURE_METHODS
from builder.studies.explanation.methods import Inputs, Method, Product
from builder.studies.explanation.study import LPIPS_NAME, CheckSettings, ExplanationStudy

log = logging.getLogger(__name__)

HELD_OUT = 400
"""Pictures that choose and measure a training, at most."""

SMALLEST = HOG_CELL * HOG_BLOCK
"""Pixels of a picture's side that every measure takes."""


@dataclass(frozen=True, kw_only=True)
class Models(SourceHost):
    """A study's source, classifiers and explainers; what they return is checked, and the time it took kept.

    All raise ModelError where one of them raises or returns what it must not.

    classifiers, explainers: by the names that rows carry. order: the source's rows, in the order in which batches take
    them. lpips: None where the study does not ask for it. training: None where no classifier is trained so that its
    explanations lie. table: None where no classifier of rows is manipulated. fooled: by explainer, the likeness with
    the map as it was at which it is fooled.
    """

    classifiers: dict[str, Classifier]
    explainers: dict[str, Explainer]
    order: Sequence[int]
    runtime: Runtime
    lpips: LPIPS | None = None
    training: SourceHost | None = None
    table: Table | None = None
    fooled: Mapping[str, Interval] = field(default_factory=dict)

    def sized(self) -> dict[str, Any]:
        """The classifiers, and the explainers that see images at a number of their own, by name."""
        own = {name: each for name, each in self.explainers.items() if each.micro_batch is not None}
        return {**self.classifiers, **own, **({LPIPS_NAME: self.lpips} if self.lpips else {})}

    def labels(self, rows: Sequence[int]) -> list[str | None]:
        """The names of the rows' classes by the source, (n,); None where it has none."""
        with self._source().call("label", rows):
            labels = [self.source.label(row) for row in rows]
            return [None if label is None else self.source.classes[label] for label in labels]

    def probabilities(self, name: str, classifier: Classifier, images: Images, ids: Sequence[str]) -> Probabilities:
        """The probabilities (n, k) for rows of the source by the classifier of a name, or by one in its place; a row of
        NaN where it found nothing.
        """
        return classify(self, name, classifier, images, ids)

    def in_place_of(self, name: str, network: nn.Module) -> Classifier:
        """The classifier of a name with another network."""
        return sanity.in_place_of(self.classifiers[name], network, self.runtime)

    def maps(self, name: str, classifier: Classifier, images: Images, classes: Classes) -> Maps:
        """An explainer's maps (n, h, w) of a classifier's answers to images (n, h, w, 3), timed as the step
        `explain`.
        """
        rows = range(len(images))
        boundary = self.boundary(name, "explainer", name)
        with self.stopwatch.step("explain", len(rows)), boundary.call("explain", rows) as call:
            explained = self.explainers[name].explain(classifier, images, classes)
            maps: Maps = call.array(explained.maps, np.float32, images.shape[:3])
        return maps

    def manipulate(self, check: CheckSettings, method: Method, inputs: Inputs, own: Any) -> Product:
        """The outcome of a manipulation by its settings, timed as the step `manipulate`."""
        n = len(inputs.images)
        boundary = self.boundary(str(check.explainer), "manipulation", str(check.manipulation))
        with self.stopwatch.step("manipulate", n), boundary.call("manipulate", range(n)):
            return method.manipulate(inputs, own)

    def no_op(self, check: CheckSettings, method: Method, inputs: Inputs, own: Any, product: Product) -> Product:
        """The outcome of its no-op, timed as the step `no_op`."""
        n = len(inputs.images)
        boundary = self.boundary(str(check.explainer), "manipulation", str(check.manipulation))
        with self.stopwatch.step("no_op", n), boundary.call("no_op", range(n)):
            return method.no_op(inputs, own, product)

    def table_of(self) -> Table:
        """The table of a study that manipulates classifiers of rows."""
        if self.table is None:
            raise TypeError("the models were loaded without a table")
        return self.table

    def to_train(self, name: str, rows: Sequence[int]) -> tuple[Labeled, Labeled]:
        """The pictures on which the classifier of a name is trained, and HELD_OUT others at most, none of them of these
        rows of the source.

        Raises:
            StudyError: there are none whose label is a class of the classifier.
        """
        if self.training is None:
            raise TypeError("the models were loaded without pictures to train on")
        classes, taken = self.classifiers[name].classes, set(rows)
        others = [row for row in reversed(self.order) if row not in taken][:HELD_OUT]
        training = labeled(self.training, range(self.training.source.rows()), classes, "training_images")
        return training, labeled(self, others, classes, "images")

    def lpips_between(self, images: Images, others: Images) -> Values | None:
        """LPIPS between pictures (n, h, w, 3), (n,); None where the study does not ask for it."""
        if self.lpips is None:
            return None
        boundary = self.boundary(LPIPS_NAME, "distance", LPIPS_NAME)
        with self.stopwatch.step("lpips", len(images)), boundary.call("between", range(len(images))):
            return pictures.lpips(self.lpips).between(images, others)

    def memorized(self, name: str, label_seed: int | None = None) -> nn.Module:
        """A network like that of the classifier of a name that knows a few pictures by heart, timed as the step
        `train`.
        """
        classifier = cast(Memorizing, self.classifiers[name])  # `load_models` refuses others
        boundary = self.boundary(name, "classifier", name)
        with self.stopwatch.step("train", 1), boundary.call("memorized"):
            return classifier.memorized(label_seed)


def load_models(study: ExplanationStudy, runtime: Runtime) -> Models:
    """Loads what a study names, fetching embedded weights and pictures that are missing.

    Raises:
        AssetError: weights or pictures are absent and cannot be fetched, or are not what they should be.
        StudyError: a model refuses its argument; an explainer needs a network and a classifier has none; a check cannot
            be made of its classifier; pictures are too small, or too few for the batches.
        ModelError: a model fails in another way.
    """
    log.info("loading models on %s, %d threads", runtime.device, runtime.threads)
    if study.batches < len(study.checks):
        left = ", ".join(each.manipulation or each.check for each in study.checks[study.batches :])
        log.warning(
            "batches = %d, one for each of the first of %d checks; not made: %s",
            *(study.batches, len(study.checks), left),
        )
    with Boundary(SOURCE, study.images.model).call("load"):
        source = study.images.load(runtime)
        check_source(study, source)
        shape = source.image(0).shape
    classifiers: dict[str, Classifier] = {
        each.name: load_model("classifier", each.name, functools.partial(each.load, runtime))
        for each in study.classifiers
    }
    explainers: dict[str, Explainer] = {
        each.name: load_model("explainer", each.name, functools.partial(each.load, runtime))
        for each in study.explainers
    }
    for each in explainers.values():
        if isinstance(each, NetworkExplainer):
            each.fit(*shape[:2])
    for check in study.checks:
        if not check.of_rows:
            check_networks(check, classifiers[check.classifier], explainers)
            check_manipulation(check, explainers)
    stopwatch = Stopwatch()
    return Models(
        runtime=runtime,
        stopwatch=stopwatch,
        table=study.table.load(study.seed) if study.of_rows else None,
        training=load_training(study, shape, runtime, stopwatch) if study.tuned else None,
        source=source,
        source_name=study.images.model,
        shape=shape,
        classifiers=classifiers,
        explainers=explainers,
        lpips=load_lpips(shape[:2], runtime) if study.lpips else None,
        fooled={each.name: threshold(split_model(each.model)[0]) for each in study.explainers},
        order=np.random.default_rng(np.random.SeedSequence(study.seed)).permutation(source.rows()).tolist(),
    )


def check_source(study: ExplanationStudy, source: ImageSource) -> None:
    """Checks that a source has as many pictures as the study's batches take, and that they are large enough.

    Raises:
        StudyError: it has not, or they are not.
    """
    most = -(-source.rows() // study.images_per_batch)
    if study.batches > most:
        raise StudyError(
            f"batches = {study.batches}: {source.rows()} pictures, {study.images_per_batch} a batch "
            f"(images_per_batch), make {most}; no more can be built: lower one of the two"
        )
    height, width = source.image(0).shape[:2]
    if min(height, width) < SMALLEST:
        raise StudyError(
            f"images.model = {study.images.model!r}: pictures of {width} x {height} pixels; measures of explanations "
            f"need at least {SMALLEST} x {SMALLEST}"
        )


def check_networks(check: CheckSettings, classifier: Classifier, explainers: dict[str, Explainer]) -> None:
    """Checks that every explainer can explain a classifier, and that the check can be made of it.

    Raises:
        StudyError: not so.
    """
    name = check.classifier
    if isinstance(classifier, Recorded):
        raise StudyError(
            f"checks: {name} has answers to the pictures of a source, and explainers ask of changed ones; name a model "
            "that runs here"
        )
    for explainer_name, explainer in explainers.items():
        if isinstance(explainer, NetworkExplainer):
            try:
                explainer.attribution(network_of(classifier, explainer.name))
            except StudyError as error:
                raise StudyError(f"explainers: {explainer_name}: classifier {name!r}: {error}") from error
    if check.check in ("cascading", "independent"):
        if classifier.network is None:
            raise StudyError(
                f"checks: {check.check} draws weights of a network anew, and {name} has none: it is a file or a "
                "program that gives answers alone; the check explainers needs no more than those"
            )
        try:
            sanity.check_drawable(classifier.network, drawn_layers(check, classifier.network)[-1])
        except StudyError as error:
            raise StudyError(f"checks: {check.check}: {name}: {error}; name another classifier") from error
    if check.check == "labels" and not isinstance(classifier, Memorizing):
        raise StudyError(
            f"checks: labels trains a network like the classifier's on permuted labels, and {name} says of no way to "
            "train one: name digits-cnn or digits-weak, or leave this check out"
        )


def check_manipulation(check: CheckSettings, explainers: dict[str, Explainer]) -> None:
    """Checks that a manipulation can change the maps of its explainer.

    Raises:
        StudyError: it differentiates them, and they are made of answers alone.
    """
    if check.manipulation is None or not PICTURE_METHODS[check.manipulation].differentiates:
        return
    if not isinstance(explainers[str(check.explainer)], NetworkExplainer):
        raise StudyError(
            f"checks: {check.manipulation} differentiates the maps that it changes, and {check.explainer} makes them "
            "of answers alone; name an explainer that differentiates a network, such as gradient"
        )


def load_training(
    study: ExplanationStudy, shape: tuple[int, ...], runtime: Runtime, stopwatch: Stopwatch
) -> SourceHost:
    """The source of the pictures on which classifiers are trained.

    Raises:
        StudyError: they are of another size than the pictures that are explained.
    """
    named = study.training_images
    with Boundary(SOURCE, named.model).call("load"):
        source = named.load(runtime)
        own = source.image(0).shape
    if own != shape:
        sizes = [" x ".join(map(str, each[1::-1])) for each in (own, shape)]
        raise StudyError(
            f"training_images are of {sizes[0]} pixels, images of {sizes[1]}: add side = ... to one of them"
        )
    return SourceHost(runtime=runtime, stopwatch=stopwatch, source=source, source_name=named.model, shape=shape)


def labeled(host: SourceHost, rows: Sequence[int], classes: Sequence[str], key: str) -> Labeled:
    """The pictures of those rows whose label is one of the classes; key: of the study file, for errors.

    Raises:
        StudyError: there are fewer than two.
    """
    places = {name: place for place, name in enumerate(classes)}
    named = {row: host.source.label(row) for row in rows}
    labels = {row: host.source.classes[label] for row, label in named.items() if label is not None}
    usable = [row for row, name in labels.items() if name in places]
    if len(usable) < 2:
        raise StudyError(
            f"{key}.model = {host.source_name!r}: fewer than two pictures have a label that is a class of the "
            "classifier, on which a manipulation of the model trains it"
        )
    return Labeled(host.pictures(usable), np.array([places[labels[row]] for row in usable], np.int64))


def load_lpips(sides: tuple[int, int], runtime: Runtime) -> LPIPS:
    """LPIPS of pictures with these sides; small ones are enlarged for it."""
    net = LPIPS_NAME.removeprefix("lpips_")
    convolutions, heads = assets.paths([CONVOLUTIONS[net], HEADS[net]])
    height, width = pictures.enlarged(np.zeros((1, *sides, 3), np.uint8)).shape[1:3]
    return LPIPS(net, convolutions, heads, (height, width), runtime)


def drawn_layers(check: CheckSettings, network: nn.Module) -> list[list[str]]:
    """The layers whose weights each network of a check has drawn anew; the last one of each list is the one that is
    looked at.
    """
    order = sanity.layers(network)
    layers = sanity.spread(network, check.layers)
    if check.check == "independent":
        return [[name] for name in layers]
    return [order[: order.index(name) + 1] for name in layers]
