"""The explained images of a batch: of each no more is shown than the superpixels that speak for its class.

After "ConvNets and ImageNet Beyond Accuracy" (Stock, Cisse), section 3: of an adversarial image the top superpixels of
LIME for the adversarial class. Top are the largest positive weights, fewer where fewer are positive.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from builder.studies.classification.adversarial import Adversarial
from builder.studies.classification.predicted import Predictions
from builder.studies.classification.study import AttackSettings
from builder.tables import png_bytes
from loading_script.untrusted.png import decode_rgb

if TYPE_CHECKING:  # superpixels are an extra
    from builder.explainers.superpixels import Masks, Segments
    from builder.studies.classification.models import Models
    from builder.studies.classification.pipeline import Item

Numbers = npt.NDArray[np.float32]
Integers = npt.NDArray[np.intp]


class Explained(NamedTuple):
    """An image that is explained: the index of its row in `Predictions`, and whether it is the attacked one. The class
    is the attacked image's own, or the row's label.
    """

    at: int
    attacked: bool


@dataclass(frozen=True)
class Explanation:
    """The parts of an image by how much they speak for a class.

    of, shown_class: what is explained. png: the image with the superpixels that are shown, the rest gray.
    order: superpixels with a weight, the largest first. weights, pixels: of these. shown: how many of them are.
    probabilities: of the class with the first 0, 1, ... of them shown.
    """

    of: Explained
    shown_class: str
    png: bytes
    order: list[int]
    weights: list[float]
    pixels: list[int]
    shown: int
    probabilities: list[float]


def to_explain(items: "Sequence[Item]") -> list[Explained]:
    """The images that explained items need: each attacked image, the same before the attack, and each control."""
    attacked = [Explained(item.at, attacked=True) for item in items if item.kind == "adversarial"]
    clean = {item.at: None for item in items if item.kind in ("adversarial", "agreed", "foil")}
    return attacked + [Explained(at, attacked=False) for at in sorted(clean)]


def explain_images(
    own: AttackSettings,
    models: "Models",
    predicted: Predictions,
    attacks: Sequence[Adversarial],
    wanted: Sequence[Explained],
) -> list[Explanation]:
    """The explanations, in the order in which they are wanted; versions of all images are one stream."""
    if not wanted:
        return []
    of_row = {each.at: each for each in attacks}
    clean = [at for at, attacked in wanted if not attacked]
    pictures = dict(zip(clean, models.pictures([predicted.rows[at] for at in clean]), strict=True)) if clean else {}
    images = np.stack([np.asarray(decode_rgb(of_row[at].png)) if yes else pictures[at] for at, yes in wanted])
    classes = [of_row[at].shown_class if attacked else predicted.labels[at] for at, attacked in wanted]
    maps, segments = models.explanations(own, images, classes)
    parts = [weighed(each, of_image) for each, of_image in zip(maps, segments, strict=True)]
    versions = [uncovered(order, int(of.max()) + 1) for (order, _), of in zip(parts, segments, strict=True)]
    probabilities = models.answers(own, images, classes, segments, versions)
    explanations = []
    for at, (order, weights) in enumerate(parts):
        positive = int((weights > 0).sum())
        picture = models.shown(images[at], segments[at], versions[at][positive])
        pixels = np.bincount(segments[at].ravel())[order].tolist()
        numbers = (order.tolist(), weights.tolist(), pixels, positive, probabilities[at].tolist())
        explanations.append(Explanation(wanted[at], classes[at], png_bytes(picture), *numbers))
    return explanations


def weighed(of_pixels: Numbers, segments: "Segments") -> tuple[Integers, Numbers]:
    """The superpixels with a weight, the largest first (of equal ones that of the smaller number), and their weights.

    of_pixels: (h, w), the weight of each pixel's superpixel. segments: (h, w).
    """
    _, first = np.unique(segments, return_index=True)
    weights = of_pixels.ravel()[first]
    order = np.argsort(-weights, kind="stable")
    order = order[weights[order] != 0]
    return order, weights[order]


def uncovered(order: Integers, count: int) -> "Masks":
    """Versions of an image of `count` superpixels: (k + 1, count), with the first 0, 1, ... k of `order` (k,) shown."""
    masks = np.zeros((len(order) + 1, count), np.bool_)
    for rank, superpixel in enumerate(order, start=1):
        masks[rank:, superpixel] = True
    return masks
