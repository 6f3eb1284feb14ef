"""`onnx:ADDRESS`: any classifier that is a file of ONNX (see `builder.weights` for addresses).

What the file does not say stands in the study file: its classes, size and layout of the input, how pixels are scaled.
"""

from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from builder import weights
from builder.catalog import Entry
from builder.classifiers import Classifier, Probabilities, softmax
from builder.errors import AssetError
from builder.generators import Images
from builder.onnx import INSTALL, Graph, Input, is_installed
from builder.runtime import Runtime

SUM_TOLERANCE = 1e-3
"""The largest difference between 1 and the sum of the probabilities of one image."""


class Settings(Input):
    """The keys of `[[classifiers]]` for ONNX: those of the input, and

    classes: names, in the order of the output. output: whether its numbers are logits, of which the softmax is taken.
    """

    classes: Annotated[tuple[str, ...], Field(strict=False, min_length=2)]
    output: Literal["logits", "probabilities"] = "logits"

    @field_validator("classes")
    @classmethod
    def _distinct(cls, classes: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(classes)) < len(classes):
            raise PydanticCustomError("twice", "names one class twice")
        return classes


class OnnxClassifier:
    """Satisfies `builder.classifiers.Classifier`; it cannot be differentiated."""

    network = None

    def __init__(self, graph: Graph, classes: tuple[str, ...], *, logits: bool) -> None:
        """graph: with a number for each class as its first output, logits or probabilities."""
        self.classes, self._graph, self._logits = classes, graph, logits

    @property
    def micro_batch(self) -> int:
        """Images that the graph sees at a time; one that takes one number keeps to it, whatever is set."""
        return self._graph.micro_batch

    @micro_batch.setter
    def micro_batch(self, rows: int) -> None:
        self._graph.micro_batch = rows

    def probabilities(self, images: Images) -> Probabilities:
        """(n, h, w, 3) -> (n, k); images of another size than the input are scaled to it, bilinear."""
        outputs = self._graph.run(images)
        return softmax(outputs) if self._logits else outputs


def load(argument: str | None, own: Settings, runtime: Runtime) -> Classifier:
    """The classifier in the file at the address `argument`, tried once on a gray image.

    Raises:
        AssetError: it is absent, not the one that `sha256` names, or does not take or give what the study says.
        StudyError: onnxruntime is not installed, or there is no address or no SHA-256.
    """
    path = weights.locate(argument, own.sha256, "classifiers", "onnx:PATH or onnx:hf://user/repo/file@revision")
    graph = Graph(path, own, runtime, "classifier")
    if graph.outputs.size != len(own.classes):
        raise AssetError(
            f"classifiers.classes: names {len(own.classes)} classes, and the graph in {path} gives "
            f"{graph.outputs.size} numbers for an image"
        )
    positive = bool((graph.outputs >= 0).all())
    if own.output == "probabilities" and not (positive and abs(graph.outputs.sum() - 1) <= SUM_TOLERANCE):
        raise AssetError(
            f'classifiers.output = "probabilities": the graph in {path} gives numbers that are none (of a gray image '
            f'they add up to {graph.outputs.sum():.4g}); write output = "logits", or correct mean and scale'
        )
    return OnnxClassifier(graph, own.classes, logits=own.output == "logits")


def describe(name: str, runtime: Runtime) -> list[Entry]:
    """Its line in the catalog."""
    where = f"yours: {name}:PATH or {name}:hf://user/repo/file@revision, with sha256 and classes"
    weights = where if is_installed() else f"needs {INSTALL}"
    return [Entry(name, "that of your model", weights, "cpu, cuda with onnxruntime-gpu")]
