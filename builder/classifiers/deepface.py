"""`deepface:MODEL`: the networks of the DeepFace library for `Emotion`, `Gender` and `Race`.

Through DeepFace's own model clients and resizing, in batches, so that results are those of `DeepFace.analyze` on a crop
of a face. Weights lie in DeepFace's folder and are never downloaded here: each has a license of its own.
"""

import dataclasses
import importlib
import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from builder import settings
from builder.catalog import Entry
from builder.classifiers import Classifier, Probabilities
from builder.errors import AssetError, StudyError
from builder.generators import Images
from builder.onnx import BYTES_PER_PIXEL, MICRO_BATCH
from builder.recognizers.deepface import INSTALL, import_deepface, use_one_thread
from builder.runtime import Runtime, in_micro_batches

MODELS = ("Emotion", "Gender", "Race")

SIDE = 224
"""Pixels that `DeepFace.analyze` scales a face to, before a network scales it further."""


_CROPS = 256
"""Crops of sizes of their own that are scaled at a time; each then takes 1.2 MB."""


class Settings(settings.Settings):
    """`[[classifiers]]` has no keys for DeepFace besides those that every classifier has."""


class DeepFaceClassifier:
    """Satisfies `builder.classifiers.Classifier`; pictures are crops of faces."""

    network = None

    def __init__(self, client: Any, classes: tuple[str, ...], runtime: Runtime) -> None:
        """client: one of DeepFace's `Demography` models, whose model is a session of onnxruntime."""
        self.classes = classes
        self._runtime = dataclasses.replace(runtime, device=torch.device("cpu"))
        self._row_bytes = BYTES_PER_PIXEL * SIDE**2
        rows = client.model.get_inputs()[0].shape[0]
        # A graph with a number as its first axis takes that many images and no others.
        self._fixed = isinstance(rows, int)
        self._rows = rows if self._fixed else runtime.micro_batch(MICRO_BATCH, self._row_bytes)
        self._client = client
        self._preprocessing = importlib.import_module("deepface.modules.preprocessing")

    @property
    def micro_batch(self) -> int:
        """Images that the graph sees at a time; one that takes one number keeps to it, whatever is set."""
        rows: int = self._rows
        return rows

    @micro_batch.setter
    def micro_batch(self, rows: int) -> None:
        if not self._fixed:
            self._rows = rows

    def probabilities(self, images: Images) -> Probabilities:
        """(n, h, w, 3), n >= 1 -> (n, k)."""
        probabilities: Probabilities = in_micro_batches(
            self._run,
            images,
            size=self.micro_batch,
            runtime=self._runtime,
            row_bytes=self._row_bytes,
            fixed=self._fixed,
        )
        return probabilities

    def of_crops(self, crops: Images) -> Probabilities:
        """(n, h, w, 3), or n objects, each (h, w, 3), n >= 1 -> (n, k)."""
        if crops.dtype != np.object_:
            return self.probabilities(crops)
        parts = [crops[start : start + _CROPS] for start in range(0, len(crops), _CROPS)]
        return np.concatenate([self._of_scaled(self._scaled(part)) for part in parts])

    def _of_scaled(self, faces: npt.NDArray[np.float64]) -> Probabilities:
        probabilities: Probabilities = in_micro_batches(
            lambda scaled: self._said(scaled.numpy()),
            faces,
            size=self.micro_batch,
            runtime=self._runtime,
            row_bytes=self._row_bytes,
            fixed=self._fixed,
        )
        return probabilities

    def _run(self, images: torch.Tensor) -> torch.Tensor:
        return self._said(self._scaled(images.numpy()))

    def _scaled(self, faces: Sequence[Images] | Images) -> npt.NDArray[np.float64]:
        """(n, 224, 224, 3) BGR in 0..1, as `analyze` makes them."""
        scaled = [self._preprocessing.resize_image(face[:, :, ::-1] / 255, target_size=(SIDE, SIDE)) for face in faces]
        return np.concatenate(scaled)

    def _said(self, faces: npt.NDArray[np.float64]) -> torch.Tensor:
        answers = np.asarray(self._client.predict(faces), np.float32).reshape(len(faces), -1)
        return torch.from_numpy(answers / answers.sum(axis=1, keepdims=True))  # as `analyze` does


def load(argument: str | None, own: Settings, runtime: Runtime) -> Classifier:
    """DeepFace's network called `argument`.

    Raises:
        StudyError: DeepFace is not installed, or has no such network.
        AssetError: its weights are not at hand: the error names file and folder.
    """
    if argument not in MODELS:
        raise StudyError(f"classifiers.model = 'deepface:{argument}': must be deepface: and one of {', '.join(MODELS)}")
    modeling = import_deepface("deepface.modules.modeling", "classifiers")
    file, address = _weights(argument)
    if not file.is_file():
        raise AssetError(
            f"classifiers.model = 'deepface:{argument}': its weights are not at hand; download {address} to {file}"
        )
    try:
        client = modeling.build_model(task="facial_attribute", model_name=argument)
    except Exception as error:  # DeepFace raises ValueError and ImportError, without a common base
        raise AssetError(f"{file}: not the weights of DeepFace's {argument}: {error}") from error
    use_one_thread(client)
    return DeepFaceClassifier(client, tuple(_module(argument).labels), runtime)


def describe(name: str, runtime: Runtime) -> list[Entry]:
    """A line for each of DeepFace's networks."""
    license = "MIT; each network's weights have their own, see DeepFace's documentation"
    if importlib.util.find_spec("deepface") is None:
        return [Entry(f"{name}:MODEL", license, f"needs {INSTALL}", "cpu")]
    entries = []
    for model in MODELS:
        file, address = _weights(model)
        state = "present" if file.is_file() else f"fetchable: {address}, to {file}"
        entries.append(Entry(f"{name}:{model}", license, state, "cpu"))
    return entries


def _module(model: str) -> Any:
    return import_deepface(f"deepface.models.demography.onnx.{model}", "classifiers")


def _weights(model: str) -> tuple[Path, str]:
    """A network's file in DeepFace's folder, and where it is from."""
    home = import_deepface("deepface.commons.folder_utils", "classifiers").get_deepface_home()
    address: str = _module(model).WEIGHTS_URL[0]
    return Path(home) / ".deepface" / "weights" / address.rpartition("/")[2], address
