"""The check `manipulation`: each setting that is tried, noise of the same size beside it, and what became of both."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np
import numpy.typing as npt

from builder.classifiers import Classifier
from builder.errors import BuildError
from builder.explainers import Classes, Maps
from builder.explainers.base import NetworkExplainer
from builder.explainers.measures import Values
from builder.explainers.measures.maps import spearman
from builder.explainers.measures.pictures import l_2, l_inf
from builder.explainers.measures.success import fooled
from builder.generators import Images
from builder.manipulations.features import nearest
from builder.studies.explanation.catalog import PICTURE_METHODS
from builder.studies.explanation.compare import HIDDEN, Comparison, Source, Stored, compare
from builder.studies.explanation.methods import Inputs, Method, Product
from builder.studies.explanation.models import Models
from builder.studies.explanation.schema import MANIPULATED, NO_OP
from builder.studies.explanation.study import CheckSettings
from builder.studies.explanation.versions import TRAINED, Goal, Run, Version

if TYPE_CHECKING:
    from builder.studies.explanation.checked import Pictures


def manipulate_all(
    check: CheckSettings, models: Models, pictures: "Pictures", seed: int
) -> tuple[dict[Source, Stored], list[Comparison], list[Run]]:
    """Manipulates with every setting; all explainers explain what came of it, for the class as it was or, where that is
    to be another, as it is.

    seed: of the searches and of the noise.

    Returns:
        Maps by their source, comparisons of every explainer's maps with those of the pictures as they are, the runs.

    Raises:
        BuildError: the maps of other pictures are sought, and there is one picture.
    """
    method = PICTURE_METHODS[str(check.manipulation)]
    if method.others and len(pictures.rows) < 2:
        raise BuildError(
            f"{check.manipulation} makes each map that of another picture, and the batch has one picture; raise "
            "images_per_batch, or lower batches where it is the last one"
        )
    aimed, classifier = str(check.explainer), models.classifiers[check.classifier]
    probabilities = models.probabilities(check.classifier, classifier, pictures.pixels, pictures.ids).astype(np.float64)
    maps = _explained(models, classifier, pictures.pixels, pictures.classes, TRAINED, 0)
    inputs = _inputs(check, method, models, pictures, maps[Source(aimed, TRAINED)].maps)
    runs = []
    for number, tried in enumerate(check.tries(), start=1):
        own = tried.model_copy(update={"seed": seed})
        result = models.manipulate(check, method, inputs, own)
        sought = method.sought(inputs, own)
        before = _reached(method, inputs.maps, sought, own, np.zeros(len(inputs.maps), np.bool_))
        versions = []
        for name, product in ((MANIPULATED, result), (NO_OP, models.no_op(check, method, inputs, own, result))):
            after = _after(check, models, pictures, inputs, product)
            classes = after.probabilities.argmax(axis=1) if method.decides == "other" else pictures.classes
            maps |= _explained(models, after.classifier, after.images, classes, name, number)
            reached = _reached(method, maps[Source(aimed, name, number)].maps, sought, own, product.reached)
            goal = Goal(method.wanted, before, reached)
            version = _version(models, pictures, product, after, probabilities, goal, name, number)
            versions.append(
                replace(
                    version,
                    fooled=_fooled(models, aimed, method, maps, version),
                    fooled_below=None if method.decides == "other" else models.fooled[aimed].high,
                    distance=inputs.distance,
                    trained_goal=_trained_goal(models, aimed, method, inputs, own, product),
                )
            )
        accuracy = result.run.accuracy_before if result.run else _accuracy(pictures, pictures.names)
        runs.append(Run(number, own.model_dump(mode="json"), before, accuracy, tuple(versions)))
    with models.stopwatch.step("compare", len(pictures.rows)):
        changed = [source for source in maps if source.network != TRAINED]
        comparisons = compare(maps, [(Source(each.explainer, TRAINED), each) for each in changed])
    if method.decides == "other":
        comparisons = [_with_success(each, method, check.tries(), maps, runs) for each in comparisons]
    return maps, comparisons, runs


def _inputs(check: CheckSettings, method: Method, models: Models, pictures: "Pictures", maps: Maps) -> Inputs:
    training, held_out = models.to_train(check.classifier, pictures.rows) if method.level == "model" else (None, None)
    classifier, distance = models.classifiers[check.classifier], None
    if training is not None and classifier.network is not None:
        with models.stopwatch.step("features", len(pictures.rows)):
            of_network = (classifier.network, pictures.pixels, training.images)
            distance = nearest(*of_network, classifier.micro_batch, models.runtime)
    return Inputs(
        classifier,
        # Where its maps are differentiated it is one, or `load_models` refuses.
        cast(NetworkExplainer, models.explainers[str(check.explainer)]),
        pictures.pixels,
        pictures.classes,
        maps,
        models.runtime,
        training,
        held_out,
        distance,
    )


def _explained(
    models: Models, classifier: Classifier, images: Images, classes: Classes, network: str, run: int
) -> dict[Source, Stored]:
    return {
        Source(name, network, run): Stored.of(models.maps(name, classifier, images, classes))
        for name in models.explainers
    }


def _reached(method: Method, maps: Maps, sought: Maps, own: Any, decided: npt.NDArray[np.bool_] | None) -> Values:
    """The goal of maps (n, h, w); decided: (n,), whether the class is another, where it is to be."""
    reached = method.reached(maps, sought, own)
    return reached if method.decides == "same" or decided is None else np.where(decided, reached, 0.0)


def _with_success(
    comparison: Comparison, method: Method, tries: list[Any], maps: dict[Source, Stored], runs: list[Run]
) -> Comparison:
    """The comparison of a map with that of another class, and whether this one hides what made it another."""
    second = comparison.second
    (version,) = (each for each in runs[second.place - 1].versions if each.name == second.network)
    of_maps = (maps[second].maps, maps[comparison.first].maps)
    hidden = _reached(method, *of_maps, tries[second.place - 1], version.reached)
    return replace(comparison, values=comparison.values | {HIDDEN: hidden})


def _fooled(
    models: Models, aimed: str, method: Method, maps: dict[Source, Stored], version: Version
) -> npt.NDArray[np.bool_] | None:
    """Whether each picture keeps its class and its map is no longer like what it was, (n,); None where the class is to
    be another.
    """
    if method.decides == "other":
        return None
    both = (np.abs(maps[each].maps) for each in (Source(aimed, TRAINED), Source(aimed, version.name, version.run)))
    return version.same_class & fooled(spearman(*both), models.fooled[aimed])


def _trained_goal(
    models: Models, aimed: str, method: Method, inputs: Inputs, own: Any, product: Product
) -> tuple[float, float] | None:
    """The means of the goal before and after, of as many pictures that the classifier was trained on; None where it was
    not, or of none of them the goal is defined.
    """
    if inputs.training is None or product.classifier is None:
        return None
    places = np.linspace(0, len(inputs.training.images) - 1, len(inputs.images)).astype(np.int64)
    images, classes = inputs.training.images[places], inputs.training.classes[places]
    maps = [models.maps(aimed, each, images, classes) for each in (inputs.classifier, product.classifier)]
    seen = replace(inputs, images=images, classes=classes, maps=maps[0])
    reached = np.array([method.reached(each, method.sought(seen, own), own) for each in maps])
    defined = reached[:, np.isfinite(reached).all(axis=0)]
    return (float(defined[0].mean()), float(defined[1].mean())) if defined.size else None


class _After(NamedTuple):
    """Classifier and pictures after a manipulation or its no-op, and the probabilities (n, k)."""

    classifier: Classifier
    images: Images
    probabilities: Values


def _after(check: CheckSettings, models: Models, pictures: "Pictures", inputs: Inputs, product: Product) -> _After:
    classifier = product.classifier or inputs.classifier
    images = pictures.pixels if product.images is None else product.images
    probabilities = models.probabilities(check.classifier, classifier, images, pictures.ids)
    return _After(classifier, images, probabilities.astype(np.float64))


def _version(
    models: Models,
    pictures: "Pictures",
    product: Product,
    after: _After,
    before: Values,
    goal: Goal,
    name: str,
    run: int,
) -> Version:
    """before: (n, k), the probabilities before."""
    classes = after.probabilities.argmax(axis=1)
    same, changed = classes == pictures.classes, product.images
    names = [after.classifier.classes[at] for at in classes]
    return Version(
        name=name,
        run=run,
        images=changed,
        reached=same & goal.nearer() if product.reached is None else product.reached,
        steps=product.steps,
        effort=product.effort,
        fooled=None,
        same_class=same,
        probability_change=np.abs(after.probabilities - before).max(axis=1),
        l_inf=None if changed is None else l_inf(pictures.pixels, changed),
        l_2=None if changed is None else l_2(pictures.pixels, changed),
        lpips=None if changed is None else models.lpips_between(pictures.pixels, changed),
        goal=goal.after,
        accuracy=product.run.accuracy_after if product.run else _accuracy(pictures, names),
        training=product.run,
    )


def _accuracy(pictures: "Pictures", classes: list[str]) -> float | None:
    right = [label == name for label, name in zip(pictures.labels, classes, strict=True) if label is not None]
    return float(np.mean(right)) if right else None
