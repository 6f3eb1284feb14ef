"""Models that are a file of ONNX, run by onnxruntime, an extra."""

import contextlib
import dataclasses
import importlib
import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
import torch
from pydantic import Field
from torch.nn import functional

from builder import settings, weights
from builder.errors import AssetError, StudyError
from builder.generators import Images
from builder.images.pictures import LUMA
from builder.runtime import Runtime, in_micro_batches

MICRO_BATCH = 16

BYTES_PER_PIXEL = 2000
"""Bytes that a network is assumed to hold while it works, by the pixels of its input: that of VGG16, a large one."""

INSTALL = "pip install 'lands-between[onnx]'"

_Finite = Annotated[float, Field(allow_inf_nan=False)]
_Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Input(settings.Settings):
    """The keys for what a file of ONNX does not say of its input.

    sha256: of the file. input_size: side of the square input in pixels. layout, channels: order of its axes and
    of its colors. mean, scale: the input is (pixel - mean) / scale with pixels 0..255; one number, or one a channel.
    """

    sha256: weights.Sha256 | None = None
    input_size: Annotated[int, Field(ge=8, le=1024)] = 112
    layout: Literal["nchw", "nhwc"] = "nchw"
    channels: Literal["rgb", "bgr", "gray"] = "rgb"
    mean: _Finite | Annotated[tuple[_Finite, _Finite, _Finite], Field(strict=False)] = 127.5
    scale: _Positive | Annotated[tuple[_Positive, _Positive, _Positive], Field(strict=False)] = 128.0


class Graph:
    """A graph with one input, images, of whose outputs the first is taken."""

    def __init__(
        self,
        path: Path,
        own: Input,
        runtime: Runtime,
        role: str,
        *,
        data: bytes | None = None,
        flush_denormals: bool = False,
    ) -> None:
        """Opens a file and tries it once on a gray image.

        Args:
            path: the file.
            own: what it does not say itself.
            runtime: where it runs.
            role: what the study file calls it, for errors: `recognizer`, `classifier`.
            data: the graph, where it is not what the file holds.
            flush_denormals: whether numbers below float32's normal range count as 0; a CPU takes many times as long for
                them.

        Raises:
            StudyError: onnxruntime is not installed.
            AssetError: it is no graph that takes such an input.
        """
        self._on_gpu = runtime.device.type != "cpu"
        # Images are prepared on the CPU; the session moves them to its own device.
        self._own, self._runtime = own, dataclasses.replace(runtime, device=torch.device("cpu"))
        self._flush_denormals = flush_denormals
        self._row_bytes = BYTES_PER_PIXEL * own.input_size**2
        options, providers = _options(runtime, role)
        try:
            # From bytes, so that a graph cannot name further files to read.
            self.session = _onnxruntime(role).InferenceSession(data or path.read_bytes(), options, providers)
            entry = self.session.get_inputs()[0]
            self._input = entry.name
            # A graph with a number as its first axis takes that many images and no others.
            self._fixed = isinstance(entry.shape[0], int) if entry.shape else False
            self._rows = entry.shape[0] if self._fixed else runtime.micro_batch(MICRO_BATCH, self._row_bytes)
            self.outputs = self.run(np.full((1, own.input_size, own.input_size, 3), 128, np.uint8))[0]
        except Exception as error:  # onnxruntime raises kinds of its own, without a common base
            raise AssetError(
                f"{path}: not an ONNX {role} with the input that the study file says (input_size, layout, channels): "
                f"{error}"
            ) from error

    @property
    def micro_batch(self) -> int:
        """Images that the graph sees at a time; one that takes one number keeps to it, whatever is set."""
        rows: int = self._rows
        return rows

    @micro_batch.setter
    def micro_batch(self, rows: int) -> None:
        if not self._fixed:
            self._rows = rows

    def run(self, images: Images) -> npt.NDArray[np.float32]:
        """(n, h, w, 3) uint8 -> (n, k); images of another size than the input are scaled to it, bilinear."""
        outputs: npt.NDArray[np.float32] = in_micro_batches(
            self._run,
            images,
            size=self.micro_batch,
            runtime=self._runtime,
            row_bytes=self._row_bytes,
            fixed=self._fixed,
            one_at_a_time=self._on_gpu,
        )
        return outputs

    def _run(self, images: torch.Tensor) -> torch.Tensor:
        own = self._own
        pixels = images.permute(0, 3, 1, 2).to(torch.float32)
        size = (own.input_size, own.input_size)
        if pixels.shape[2:] != size:
            pixels = functional.interpolate(pixels, size=size, mode="bilinear", antialias=True)
        if own.channels == "bgr":
            pixels = pixels.flip(1)
        if own.channels == "gray":
            pixels = (pixels * _by_channel(LUMA)).sum(dim=1, keepdim=True)
        scaled = (pixels - _by_channel(own.mean)) / _by_channel(own.scale)
        if own.layout == "nhwc":
            scaled = scaled.permute(0, 2, 3, 1)
        with _denormals_flushed() if self._flush_denormals else contextlib.nullcontext():
            output = self.session.run(None, {self._input: scaled.contiguous().numpy()})[0]
        return torch.from_numpy(np.asarray(output, np.float32).reshape(len(images), -1))


@contextlib.contextmanager
def _denormals_flushed() -> Iterator[None]:
    """Within the block, on this thread alone. onnxruntime's own setting reaches no thread that calls a session."""
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)


def is_installed() -> bool:
    """Whether onnxruntime is."""
    return importlib.util.find_spec("onnxruntime") is not None


def _by_channel(values: float | tuple[float, ...]) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float32).reshape(-1, 1, 1)


def _options(runtime: Runtime, role: str) -> tuple[Any, list[Any]]:
    onnxruntime = _onnxruntime(role)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # streams have a thread each
    options.log_severity_level = 3
    cuda = runtime.device.type == "cuda" and "CUDAExecutionProvider" in onnxruntime.get_available_providers()
    providers = [("CUDAExecutionProvider", {"device_id": runtime.device.index})] if cuda else []
    return options, [*providers, "CPUExecutionProvider"]


def _onnxruntime(role: str) -> Any:
    try:
        return importlib.import_module("onnxruntime")
    except ImportError:
        raise StudyError(f"{role}s.model: onnx needs onnxruntime: {INSTALL}") from None
