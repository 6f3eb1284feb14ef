"""`onnx:ADDRESS`: any recognition model that is a file of ONNX (see `builder.weights` for addresses).

What the file does not say stands in the study file: size and layout of the input, how pixels are scaled, the
metric, the threshold. The alignment is `arcface` unless the study says `center`.
"""

import numpy as np
import numpy.typing as npt

from builder import weights
from builder.catalog import Entry
from builder.errors import StudyError
from builder.generators import Images
from builder.onnx import INSTALL, Graph, Input, is_installed
from builder.recognizers import Embeddings
from builder.recognizers.metrics import METRICS, Metric
from builder.runtime import Runtime

EXTRA = "onnx"
"""The extra that installs what this needs."""


class Settings(Input):
    """The keys of `[[recognizers]]` for ONNX: those of the input, and the metric between embeddings."""

    metric: Metric = "euclidean_l2"


class OnnxRecognizer:
    """Satisfies `builder.recognizers.Recognizer`; it has no threshold of its own."""

    alignment = "arcface"
    threshold = None

    def __init__(self, graph: Graph, own: Settings) -> None:
        """graph: with an embedding as its first output."""
        self.graph, self.metric = graph, own.metric

    @property
    def micro_batch(self) -> int:
        """Crops that the model sees at a time; a graph that takes one number keeps to it, whatever is set."""
        return self.graph.micro_batch

    @micro_batch.setter
    def micro_batch(self, rows: int) -> None:
        self.graph.micro_batch = rows

    def embed(self, crops: Images) -> Embeddings:
        """(n, s, s, 3) -> (n, k); crops of another size than the input are scaled to it, bilinear.

        Raises:
            StudyError: crops that have no common size.
        """
        if crops.dtype != np.uint8:
            raise StudyError("onnx takes crops of one size: alignment must be arcface, hog, hog_coarse or center")
        return self.graph.run(crops)

    def distance(self, a: Embeddings, b: Embeddings) -> npt.NDArray[np.float32]:
        """The study's metric between rows: (n,)."""
        return METRICS[self.metric](a, b)


def load(argument: str | None, own: Settings, runtime: Runtime) -> OnnxRecognizer:
    """The recognizer in the file at the address `argument`, tried once on a gray image.

    Raises:
        AssetError: it is absent, not the one that `sha256` names, or does not take what the study says.
        StudyError: onnxruntime is not installed, or there is no address or no SHA-256.
    """
    path = weights.locate(argument, own.sha256, "recognizers", "onnx:PATH or onnx:hf://user/repo/file@revision")
    return OnnxRecognizer(Graph(path, own, runtime, "recognizer"), own)


def describe(name: str, runtime: Runtime) -> list[Entry]:
    """Its line in the catalog."""
    where = f"yours: {name}:PATH or {name}:hf://user/repo/file@revision, with sha256 and threshold"
    weights = where if is_installed() else f"needs {INSTALL}"
    return [Entry(name, "that of your model", weights, "cpu, cuda with onnxruntime-gpu")]
