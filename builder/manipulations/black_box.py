"""`black_box`: as `target_map`, without a gradient: by CMA-ES, of any classifier and any explainer, such as occlusion
of a model that is a file.

The change is one of cells of equal gray levels. A search minimizes 1 - r, r Pearson's correlation of the map with its
target, of the 8-bit picture; a candidate that gets another class comes behind all that keep it.
"""

from typing import Annotated, Any, NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import Field

from builder import evolution, settings
from builder.classifiers import Classifier
from builder.explainers import Classes, Explainer, Maps
from builder.explainers.measures import Values
from builder.explainers.measures.maps import pearson
from builder.explainers.superpixels import grid
from builder.generators import Images
from builder.runtime import Runtime

LEVELS = 255

WORST = 2.0
"""The largest 1 - r. It is added, with the lead of the other class, to the score of a candidate that gets another."""


class Settings(settings.Settings):
    """The keys of `black_box`.

    radius: the most that a value may change, in units of 0..1. cells: of the change, along the longer side. rounds: of
    the search, each of `candidates` pictures. sigma: the first step size, as a share of the radius. seed: of the draws,
    the same for every picture.
    """

    radius: Annotated[float, Field(ge=1 / LEVELS, le=1)] = 0.15
    cells: Annotated[int, Field(ge=2, le=64)] = 7
    rounds: Annotated[int, Field(ge=1, le=100_000)] = 30
    candidates: Annotated[int, Field(ge=4, le=10_000)] = 20
    sigma: Annotated[float, Field(gt=0, le=1)] = 0.5
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0


class Searched(NamedTuple):
    """The outcome for n pictures, as `Manipulated`; steps are rounds.

    evaluations: how many candidates were tried for each, (n,); occlusion asks the classifier as often as it has
    squares, and once more, for each of them.
    """

    images: Images
    reached: npt.NDArray[np.bool_]
    steps: npt.NDArray[np.int64]
    evaluations: npt.NDArray[np.int64]


def manipulate(
    classifier: Classifier,
    explainer: Explainer,
    images: Images,
    classes: Classes,
    targets: Maps,
    own: Settings,
    runtime: Runtime,
) -> Searched:
    """Pictures (n, h, w, 3) whose maps are as near to the targets (n, h, w) as they were found.

    All searches advance together, so that the classifier sees the candidates of all pictures in one go.

    Raises:
        StudyError: the explainer cannot take the classifier.
    """
    cell = grid(images.shape[1], images.shape[2], own.cells)
    size = int(cell.max()) + 1
    searches: list[Any] = [
        evolution.strategy(np.zeros(size), own.sigma, np.random.default_rng(own.seed), popsize=own.candidates)
        for _ in images
    ]
    best, step = images.copy(), np.zeros(len(images), np.int64)
    least = _scores(classifier, explainer, images, classes, targets)
    for number in range(1, own.rounds + 1):
        asked = [np.asarray(search.ask()) for search in searches]
        changed = np.concatenate([_changed(*each, cell, own) for each in zip(images, asked, strict=True)])
        repeated = np.repeat(np.arange(len(images)), own.candidates)
        scores = _scores(classifier, explainer, changed, classes[repeated], targets[repeated])
        for at, (search, candidates) in enumerate(zip(searches, asked, strict=True)):
            rows = slice(at * own.candidates, (at + 1) * own.candidates)
            evolution.tell(search, candidates, scores[rows])
            first = int(scores[rows].argmin())
            if scores[rows][first] < least[at]:
                best[at], step[at], least[at] = changed[rows][first], number, scores[rows][first]
    evaluations = np.full(len(images), own.rounds * own.candidates)
    return Searched(best, step > 0, step, evaluations)


def _changed(image: Images, candidates: npt.NDArray[np.float64], cell: npt.NDArray[np.int32], own: Settings) -> Images:
    """A picture (h, w, 3) with the changes of candidates (p, cells), as shares of the radius: (p, h, w, 3)."""
    levels = np.rint(int(own.radius * LEVELS) * candidates.clip(-1, 1)).astype(np.int64)
    changed: Images = (image + levels[:, cell][..., None]).clip(0, LEVELS).astype(np.uint8)
    return changed


def _scores(classifier: Classifier, explainer: Explainer, images: Images, classes: Classes, targets: Maps) -> Values:
    """1 - r of each picture, the lower the better; those of another class come behind all others. (n,)."""
    probabilities = classifier.probabilities(images).astype(np.float64)
    own = probabilities[np.arange(len(images)), classes]
    lead = probabilities.max(axis=1) - own
    likeness = pearson(explainer.explain(classifier, images, classes).maps, targets)
    unlikeness = 1 - np.nan_to_num(likeness, nan=-1.0)
    scores: Values = np.where(probabilities.argmax(axis=1) == classes, unlikeness, WORST + lead + unlikeness)
    return scores
