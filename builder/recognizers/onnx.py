"""`onnx:ADDRESS`: any recognition model that is a file of ONNX (see `builder.weights` for addresses).

What the file does not say stands in the study file: size and layout of the input, how pixels are scaled, the
metric, the threshold. The alignment is `arcface` unless the study says `center`.
"""

import dataclasses
import importlib
import importlib.util
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
import torch
from pydantic import Field
from torch.nn import functional

from builder import settings, weights
from builder.catalog import Entry
from builder.errors import AssetError, StudyError
from builder.generators import Images
from builder.recognizers import Embeddings
from builder.recognizers.metrics import METRICS, Metric
from builder.runtime import Runtime, in_micro_batches

MICRO_BATCH = 16

BYTES_PER_PIXEL = 2000
"""What a network is assumed to hold while it works, by the pixels of its input: that of VGG16, a large one."""

INSTALL = "pip install 'lands-between[onnx]'"


class Settings(settings.Settings):
    """The keys of `[[recognizers]]` for ONNX.

    sha256: of the file. input_size: side of the square input in pixels. layout, channels: order of its axes and
    of its colors. mean, scale: the input is (pixel - mean) / scale with pixels 0..255. metric: between embeddings.
    """

    sha256: weights.Sha256 | None = None
    input_size: Annotated[int, Field(ge=8, le=1024)] = 112
    layout: Literal["nchw", "nhwc"] = "nchw"
    channels: Literal["rgb", "bgr"] = "rgb"
    mean: Annotated[float, Field(allow_inf_nan=False)] = 127.5
    scale: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 128.0
    metric: Metric = "euclidean_l2"


class OnnxRecognizer:
    """Satisfies `builder.recognizers.Recognizer`; it has no threshold of its own."""

    alignment = "arcface"
    threshold = None

    def __init__(self, session: Any, own: Settings, runtime: Runtime) -> None:
        """session: an `onnxruntime.InferenceSession` with one input and an embedding as its first output."""
        self._on_gpu = runtime.device.type != "cpu"
        # Images are prepared on the CPU; the session moves them to its own device.
        self._session, self._own, self._runtime = session, own, dataclasses.replace(runtime, device=torch.device("cpu"))
        self.metric = own.metric
        self._row_bytes = BYTES_PER_PIXEL * own.input_size**2
        entry = session.get_inputs()[0]
        self._input = entry.name
        # A graph with a number as its first axis takes that many images and no others.
        self._fixed = isinstance(entry.shape[0], int) if entry.shape else False
        self._rows = entry.shape[0] if self._fixed else runtime.micro_batch(MICRO_BATCH, self._row_bytes)

    @property
    def micro_batch(self) -> int:
        """Crops that the model sees at a time; a graph that takes one number keeps to it, whatever is set."""
        rows: int = self._rows
        return rows

    @micro_batch.setter
    def micro_batch(self, rows: int) -> None:
        if not self._fixed:
            self._rows = rows

    def embed(self, crops: Images) -> Embeddings:
        """(n, s, s, 3) -> (n, k); crops of another size than the input are scaled to it, bilinear.

        Raises:
            StudyError: crops that have no common size.
        """
        if crops.dtype != np.uint8:
            raise StudyError("onnx takes crops of one size: alignment must be arcface, hog or center")
        embeddings: Embeddings = in_micro_batches(
            self._run,
            crops,
            size=self.micro_batch,
            runtime=self._runtime,
            row_bytes=self._row_bytes,
            fixed=self._fixed,
            one_at_a_time=self._on_gpu,
        )
        return embeddings

    def distance(self, a: Embeddings, b: Embeddings) -> npt.NDArray[np.float32]:
        """The study's metric between rows: (n,)."""
        return METRICS[self._own.metric](a, b)

    def _run(self, crops: torch.Tensor) -> torch.Tensor:
        own = self._own
        pixels = crops.permute(0, 3, 1, 2).to(torch.float32)
        size = (own.input_size, own.input_size)
        if pixels.shape[2:] != size:
            pixels = functional.interpolate(pixels, size=size, mode="bilinear", antialias=True)
        if own.channels == "bgr":
            pixels = pixels.flip(1)
        scaled = (pixels - own.mean) / own.scale
        if own.layout == "nhwc":
            scaled = scaled.permute(0, 2, 3, 1)
        output = self._session.run(None, {self._input: scaled.contiguous().numpy()})[0]
        return torch.from_numpy(np.asarray(output, np.float32).reshape(len(crops), -1))


def load(argument: str | None, own: Settings, runtime: Runtime) -> OnnxRecognizer:
    """The recognizer in the file at the address `argument`, tried once on a gray image.

    Raises:
        AssetError: it is absent, not the one that `sha256` names, or does not take what the study says.
        StudyError: onnxruntime is not installed, or there is no address or no SHA-256.
    """
    path = weights.locate(argument, own.sha256, "recognizers", "onnx:PATH or onnx:hf://user/repo/file@revision")
    try:
        onnxruntime = importlib.import_module("onnxruntime")
    except ImportError:
        raise StudyError(f"recognizers.model: onnx needs onnxruntime: {INSTALL}") from None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # streams have a thread each
    options.log_severity_level = 3
    cuda = runtime.device.type == "cuda" and "CUDAExecutionProvider" in onnxruntime.get_available_providers()
    wanted = [("CUDAExecutionProvider", {"device_id": runtime.device.index})] if cuda else []
    providers = [*wanted, "CPUExecutionProvider"]
    gray = np.full((1, own.input_size, own.input_size, 3), 128, np.uint8)
    try:
        # From bytes, so that a graph cannot name further files to read.
        recognizer = OnnxRecognizer(onnxruntime.InferenceSession(path.read_bytes(), options, providers), own, runtime)
        recognizer.embed(gray)
    except Exception as error:  # onnxruntime raises kinds of its own, without a common base
        raise AssetError(f"{path}: not an ONNX recognizer with the input that the study file says: {error}") from error
    return recognizer


def describe(name: str, runtime: Runtime) -> list[Entry]:
    """Its line in the catalog."""
    installed = importlib.util.find_spec("onnxruntime") is not None
    where = f"yours: {name}:PATH or {name}:hf://user/repo/file@revision, with sha256 and threshold"
    return [
        Entry(name, "that of your model", where if installed else f"needs {INSTALL}", "cpu, cuda with onnxruntime-gpu")
    ]
