"""The check `manipulation`: each setting that is tried, noise of the same size beside it, and what became of both."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt

from builder.classifiers import Classifier
from builder.errors import BuildError
from builder.explainers.base import NetworkExplainer
from builder.explainers.measures import Values
from builder.explainers.measures.pictures import l_2, l_inf
from builder.generators import Images
from builder.manipulations import Manipulated
from builder.manipulations.outcome import no_op
from builder.studies.explanation.compare import Comparison, Source, Stored, compare
from builder.studies.explanation.methods import METHODS, Given, sought
from builder.studies.explanation.models import Models
from builder.studies.explanation.schema import MANIPULATED, NO_OP
from builder.studies.explanation.study import CheckSettings

if TYPE_CHECKING:
    from builder.studies.explanation.pipeline import Pictures

TRAINED = "trained"
"""The network as it is, and the pictures as they are, among the sources of maps."""


@dataclass(frozen=True)
class Version:
    """The n pictures after a manipulation, or after its no-op, and what became of them.

    name: `manipulated` or `no_op`. run: number of the setting, from 1. images: (n, h, w, 3). reached, steps: (n,), as
    in `Manipulated`. same_class, probability_change, l_inf, l_2: (n,), as in `builder.manipulations.outcome`. lpips:
    (n,); None where it was not asked for. goal: (n,), how far the manipulation's own goal is reached. accuracy: of the
    pictures with a label; None without any.
    """

    name: str
    run: int
    images: Images
    reached: npt.NDArray[np.bool_]
    steps: npt.NDArray[np.int64]
    same_class: npt.NDArray[np.bool_]
    probability_change: Values
    l_inf: Values
    l_2: Values
    lpips: Values | None
    goal: Values
    accuracy: float | None


@dataclass(frozen=True)
class Run:
    """A setting that was tried.

    goal: (n,), of the pictures as they are. accuracy: of them. versions: the manipulated one and the no-op.
    """

    number: int
    settings: dict[str, Any]
    goal: Values
    accuracy: float | None
    versions: tuple[Version, ...]


def manipulate_all(
    check: CheckSettings, models: Models, pictures: "Pictures", seed: int
) -> tuple[dict[Source, Stored], list[Comparison], list[Run]]:
    """Manipulates the pictures with every setting; all explainers explain what came of it, for the class as it was.

    seed: of the searches and of the noise.

    Returns:
        Maps by their source, comparisons of every explainer's maps with those of the pictures as they are, the runs.

    Raises:
        BuildError: the maps of other pictures are sought, and there is one picture.
    """
    method = METHODS[str(check.manipulation)]
    if method.others and len(pictures.rows) < 2:
        raise BuildError(
            f"{check.manipulation} makes each map that of another picture, and the batch has one picture; raise "
            "images_per_batch, or lower batches where it is the last one"
        )
    classifier = models.classifiers[check.classifier]
    # Where its maps are differentiated it is one, or `load_models` refuses.
    explainer = cast(NetworkExplainer, models.explainers[str(check.explainer)])
    maps = _explained(models, classifier, pictures, pictures.pixels, TRAINED, 0)
    before = maps[Source(str(check.explainer), TRAINED)].maps
    targets, accuracy, runs = sought(method, before), _accuracy(pictures, pictures.names), []
    given = Given(classifier, explainer, pictures.pixels, pictures.classes, targets, models.runtime)
    for number, tried in enumerate(check.tries(), start=1):
        own = tried.model_copy(update={"seed": seed})
        found = models.manipulated(check, method, given, own)
        versions = []
        for name, made in ((MANIPULATED, found), (NO_OP, noise(pictures.pixels, found, seed + number))):
            maps |= _explained(models, classifier, pictures, made.images, name, number)
            after = maps[Source(str(check.explainer), name, number)].maps
            goal = method.reached(after, targets, own)
            versions.append(_version(check, models, pictures, made, name, number, goal))
        runs.append(Run(number, own.model_dump(), method.reached(before, targets, own), accuracy, tuple(versions)))
    with models.stopwatch.step("compare", len(pictures.rows)):
        changed = [source for source in maps if source.network != TRAINED]
        comparisons = compare(maps, [(Source(each.explainer, TRAINED), each) for each in changed])
    return maps, comparisons, runs


def noise(images: Images, found: Manipulated, seed: int) -> Manipulated:
    """The no-op of a manipulation of pictures: noise of signs of the same L-inf each, for which nothing is searched."""
    n = len(images)
    return Manipulated(no_op(images, found.images, seed), np.zeros(n, np.bool_), np.zeros(n, np.int64))


def _explained(
    models: Models, classifier: Classifier, pictures: "Pictures", images: Images, network: str, run: int
) -> dict[Source, Stored]:
    return {
        Source(name, network, run): Stored.of(models.maps(name, classifier, images, pictures.classes))
        for name in models.explainers
    }


def _version(
    check: CheckSettings, models: Models, pictures: "Pictures", made: Manipulated, name: str, run: int, goal: Values
) -> Version:
    classifier = models.classifiers[check.classifier]
    before, after = (
        models.probabilities(check.classifier, classifier, images, pictures.ids).astype(np.float64)
        for images in (pictures.pixels, made.images)
    )
    classes = after.argmax(axis=1)
    return Version(
        name=name,
        run=run,
        images=made.images,
        reached=made.reached,
        steps=made.steps,
        same_class=classes == pictures.classes,
        probability_change=np.abs(after - before).max(axis=1),
        l_inf=l_inf(pictures.pixels, made.images),
        l_2=l_2(pictures.pixels, made.images),
        lpips=models.lpips_between(pictures.pixels, made.images),
        goal=goal,
        accuracy=_accuracy(pictures, [classifier.classes[at] for at in classes]),
    )


def _accuracy(pictures: "Pictures", said: list[str]) -> float | None:
    right = [label == name for label, name in zip(pictures.labels, said, strict=True) if label is not None]
    return float(np.mean(right)) if right else None
