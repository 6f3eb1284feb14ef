"""`deepface:MODEL`: the recognizers of the DeepFace library, `VGG-Face`, `Facenet512`, `OpenFace`, `ArcFace`, ...

Through DeepFace's own model clients, resizing, normalization, metrics and thresholds, in batches; so that
results are those of `DeepFace.verify`. The alignment is `deepface`: its OpenCV detector and its rotation by
the eyes.
"""

import dataclasses
import importlib
import importlib.util
import os
import re
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch

from builder import settings
from builder.catalog import Entry
from builder.errors import AssetError, StudyError
from builder.generators import Images
from builder.onnx import BYTES_PER_PIXEL, MICRO_BATCH
from builder.recognizers import Embeddings
from builder.recognizers.metrics import METRICS, Metric
from builder.runtime import Runtime, in_micro_batches

BACKEND_VARIABLE, BACKEND = "DEEPFACE_BACKEND_ENGINE", "onnx"
"""DeepFace 0.0.103 otherwise takes the first of TensorFlow, PyTorch and ONNX that happens to be installed."""

EXTRA = "deepface"
"""The extra that installs what this needs."""

INSTALL = "pip install 'lands-between[deepface]'"


class Settings(settings.Settings):
    """The keys of `[[recognizers]]` for DeepFace; defaults are DeepFace's own.

    metric: between embeddings; the paper's thresholds are for `euclidean_l2`, for Dlib `euclidean`, and there is none
        for the embedding that DeepFace's VGG-Face has had since 2024.
    normalization: of the pixels before the model.
    """

    metric: Metric = "cosine"
    normalization: Literal["base", "raw", "Facenet", "Facenet2018", "VGGFace", "VGGFace2", "ArcFace"] = "base"


class DeepFaceRecognizer:
    """Satisfies `builder.recognizers.Recognizer`; crops may have any size, each its own."""

    alignment = "deepface"

    def __init__(self, client: Any, threshold: float, own: Settings, runtime: Runtime) -> None:
        """client: one of DeepFace's `FacialRecognition` models; threshold: DeepFace's own for the metric."""
        self._row_bytes = BYTES_PER_PIXEL * client.input_shape[0] * client.input_shape[1]
        self.micro_batch = runtime.micro_batch(MICRO_BATCH, self._row_bytes)
        self._runtime = dataclasses.replace(runtime, device=torch.device("cpu"))
        # A session of onnxruntime may be run by several threads; dlib's network may not.
        self._one_at_a_time = not use_one_thread(client)
        self.threshold, self.metric, self.dimensions = threshold, own.metric, client.output_shape
        self._client, self._own = client, own
        self._preprocessing = importlib.import_module("deepface.modules.preprocessing")

    def embed(self, crops: Images) -> Embeddings:
        """n RGB images, n >= 1 -> (n, k)."""
        prepared = np.concatenate([self._prepared(crop) for crop in crops])
        embeddings: Embeddings = in_micro_batches(
            self._run,
            prepared,
            size=self.micro_batch,
            runtime=self._runtime,
            row_bytes=self._row_bytes,
            one_at_a_time=self._one_at_a_time,
        )
        return embeddings

    def distance(self, a: Embeddings, b: Embeddings) -> npt.NDArray[np.float32]:
        """The study's metric between rows: (n,)."""
        return METRICS[self._own.metric](a, b)

    def _run(self, prepared: torch.Tensor) -> torch.Tensor:
        rows = np.asarray(self._client.forward(prepared.numpy()), np.float32)
        return torch.from_numpy(rows.reshape(len(prepared), -1))  # of one image DeepFace gives the numbers alone

    def _prepared(self, crop: Images) -> npt.NDArray[np.float32]:
        """(1, h, w, 3) BGR in the size and scale that the model wants, as DeepFace's `represent` makes it."""
        height, width = self._client.input_shape[1], self._client.input_shape[0]
        # `represent` is given 0..1 by its detector, unless the face is all black.
        scaled = crop[:, :, ::-1] / 255 if crop.max() > 1 else crop[:, :, ::-1]
        resized = self._preprocessing.resize_image(scaled, target_size=(height, width))
        normalized: npt.NDArray[np.float32] = self._preprocessing.normalize_input(resized, self._own.normalization)
        return normalized


def load(argument: str | None, own: Settings, runtime: Runtime) -> DeepFaceRecognizer:
    """DeepFace's model called `argument`.

    Raises:
        StudyError: DeepFace is not installed, or has no such model.
        AssetError: its weights are absent and cannot be downloaded: the error names file, address and folder.
    """
    modeling = import_deepface("deepface.modules.modeling")
    thresholds = importlib.import_module("deepface.config.threshold").thresholds
    names = sorted(set(modeling.AVAILABLE_MODELS["facial_recognition"]) & set(thresholds))
    if argument not in names:
        raise StudyError(f"recognizers.model = 'deepface:{argument}': must be deepface: and one of {', '.join(names)}")
    try:
        client = modeling.build_model(task="facial_recognition", model_name=argument)
    except Exception as error:  # DeepFace raises ValueError, ImportError and what its downloader raises
        raise AssetError(f"recognizers.model = 'deepface:{argument}': its weights are not at hand: {error}") from error
    return DeepFaceRecognizer(client, thresholds[argument][own.metric], own, runtime)


def use_one_thread(client: Any) -> bool:
    """Has a model of DeepFace run on the thread that calls it, where it is a session of onnxruntime; says whether.

    DeepFace's own sessions take a thread for each core, which would be beside those that the runtime counts.
    """
    onnxruntime = importlib.import_module("onnxruntime")
    session = getattr(client, "model", None)
    if not isinstance(session, onnxruntime.InferenceSession):
        return False
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    client.model = onnxruntime.InferenceSession(session._model_path, options, session.get_providers())
    return True


def import_deepface(module: str, table: str = "recognizers") -> Any:
    """A module of DeepFace, which runs on ONNX whatever else is installed; `table` of the study file is for errors.

    Raises:
        StudyError: DeepFace is not installed, or this process has used it with another backend already.
    """
    os.environ[BACKEND_VARIABLE] = BACKEND
    try:
        backend = importlib.import_module("deepface.commons.backend_utils").get_backend_engine()
        imported = importlib.import_module(module)
    except ImportError as error:
        raise StudyError(f"{table}.model: deepface needs its package ({error}): {INSTALL}") from error
    if backend != BACKEND:
        raise StudyError(f"{table}.model: deepface runs on {backend} already; set {BACKEND_VARIABLE}={BACKEND}")
    return imported


def describe(name: str, runtime: Runtime) -> list[Entry]:
    """A line for each of DeepFace's models."""
    license = "MIT; each model's weights have their own, see DeepFace's documentation"
    if importlib.util.find_spec("deepface") is None:
        return [Entry(f"{name}:MODEL", license, f"needs {INSTALL}", "cpu")]
    modeling = import_deepface("deepface.modules.modeling")
    folder = Path(import_deepface("deepface.commons.folder_utils").get_deepface_home()) / ".deepface" / "weights"
    models = sorted(modeling.AVAILABLE_MODELS["facial_recognition"])
    return [Entry(f"{name}:{model}", license, _weights(modeling, model, folder), "cpu") for model in models]


def _weights(modeling: Any, model: str, folder: Path) -> str:
    """Whether a model's weight file is in DeepFace's folder; the address is a constant of the model's module."""
    module = importlib.import_module(modeling.get_model_class("facial_recognition", model).__module__)
    constants = {
        name: value for name, value in vars(module).items() if name.isupper() and ("WEIGHT" in name or "URL" in name)
    }
    own = {name: value for name, value in constants.items() if re.sub(r"\D", "", name) in model} or constants
    if not own:
        return "fetched by its own library"
    address = next(iter(own.values()))
    address = address if isinstance(address, str) else address[0]
    file = folder / address.rpartition("/")[2].removesuffix(".bz2")
    return "present" if file.is_file() else f"fetchable: {address}, to {file}"
