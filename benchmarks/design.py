"""Studies drawn as a study of verification draws them, many batches at once, to see how often intervals hold the truth.

A batch has 4 bases, 82 images, 112 pairs and raters of its own. What makes rows depend on one another is there: a
negative pair and its mirror image are the same two images, an interpolation is shown with both of its ends, every base
is in 28 pairs and more, and a rater rates all pairs of a batch.
"""

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]

KINDS = ("genuine", "positive", "negative", "interpolation", "optimized")
BASES = 4
CENTERS = {
    **{("positive", level): distance for level, distance in enumerate((0.25, 0.45, 0.6))},
    **{("interpolation", level): distance for level, distance in enumerate((0.4, 0.65, 0.8))},
    **{("optimized", level): distance for level, distance in enumerate((0.55, 0.45, 0.38))},
    ("genuine", 0): 0.0,
    ("negative", 0): 0.85,
}
"""Mean distance by kind and level."""
THRESHOLD = 0.6
SLOPE = 6.0
"""Log odds per unit of distance, as in the simulated raters of `builder.ratings.simulate`."""
_MOST_BATCHES = 500
"""The most batches that are drawn at a time."""


@dataclass(frozen=True)
class Layout:
    """The pairs of one batch (112,): kind and base, the sample's image, the unordered couple of images; distances."""

    kind: npt.NDArray[np.str_]
    base: npt.NDArray[np.intp]
    image: npt.NDArray[np.intp]
    couple: npt.NDArray[np.intp]
    center: Numbers


@dataclass(frozen=True)
class Batches:
    """A draw, per batch and pair (s, 112): distances of two models, and of the raters' answers their sums.

    similarity, similarity_squares: sums over raters. identity: (s, 112, raters), 0 or 1. raters: of a batch.
    """

    distance: Numbers
    second: Numbers
    similarity: Numbers
    similarity_squares: Numbers
    identity: npt.NDArray[np.int8]
    raters: int

    @property
    def rate(self) -> Numbers:
        """The share of raters who say yes."""
        return np.asarray(self.identity.mean(axis=2), np.float64)


def layout() -> Layout:
    """The default study's batch."""
    rows: list[tuple[str, int, int, int]] = []
    image = BASES
    for base in range(BASES):
        rows.append(("genuine", base, base, 0))
        for level in (0, 1, 2) * 2:
            rows.append(("positive", base, image, level))
            image += 1
        rows += [("negative", base, other, 0) for other in range(BASES) if other != base]
        for level in (0, 1, 2) * 3:
            rows.append(("optimized", base, image, level))
            image += 1
    for first, second in itertools.combinations(range(BASES), 2):
        for level in (0, 1, 2):
            rows += [("interpolation", first, image, level), ("interpolation", second, image, 2 - level)]
            image += 1
    couples = [(kind, *sorted((base, image))) for kind, base, image, _ in rows]
    numbers = {couple: number for number, couple in enumerate(dict.fromkeys(couples))}
    kind, base_of, image_of, level_of = (np.array(column) for column in zip(*rows, strict=True))
    return Layout(
        kind=kind,
        base=base_of,
        image=image_of,
        couple=np.array([numbers[couple] for couple in couples]),
        center=np.array([CENTERS[str(name), int(level)] for name, level in zip(kind, level_of, strict=True)]),
    )


LAYOUT = layout()
IMAGES = int(LAYOUT.image.max()) + 1


def draw(batches: int, raters: int, seed: int, *, effect: float = 1.0) -> Batches:
    """Independent batches of a study.

    Every image and every couple of images moves both models' distances and, on its own, what people see; what people
    see also follows the first model's distance beyond kind and level, `effect` times as much as it does between kinds
    (0: within a kind, distances say nothing). Raters differ in bias, in how they use the scale, and in their criterion.
    """
    rng = np.random.default_rng(seed)
    parts = [
        _draw(min(_MOST_BATCHES, batches - start), raters, rng, effect) for start in range(0, batches, _MOST_BATCHES)
    ]
    distance, second, similarity, squares, identity = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Batches(distance, second, similarity, squares, identity, raters)


def _draw(s: int, raters: int, rng: np.random.Generator, effect: float) -> tuple[npt.NDArray[Any], ...]:
    same = LAYOUT.kind == "genuine"
    moved = 0.06 * _of_images(s, rng)
    second = np.abs(LAYOUT.center + 0.6 * moved + 0.05 * _of_images(s, rng))
    felt = SLOPE * (0.6 - LAYOUT.center - effect * moved) + 0.5 * _of_images(s, rng)
    felt[:, same] = 3.5
    distance = np.abs(LAYOUT.center + moved)
    distance[:, same] = second[:, same] = 0
    shift, criterion = 0.4 * rng.normal(size=(2, s, 1, raters))
    stretch = np.exp(0.15 * rng.normal(size=(s, 1, raters)))
    perceived = felt[:, :, None] + 0.6 * rng.normal(size=(s, len(LAYOUT.kind), raters))
    similarity = np.round(100 / (1 + np.exp(-(shift + stretch * perceived))))
    identity = perceived + 0.35 * rng.logistic(size=perceived.shape) > 0.75 + criterion
    return distance, second, similarity.sum(2), (similarity**2).sum(2), identity.astype(np.int8)


def _of_images(s: int, rng: np.random.Generator) -> Numbers:
    """The effects of both images and of their couple on each pair, (s, 112)."""
    image, couple = rng.normal(size=(s, IMAGES)), rng.normal(size=(s, int(LAYOUT.couple.max()) + 1))
    return np.asarray(image[:, LAYOUT.base] + image[:, LAYOUT.image] + couple[:, LAYOUT.couple], np.float64)
