"""`faceplugin`: which of seven emotions a face shows, by a network of the package faceplugin-face-recognition-js.

Its makers state neither what it was trained on nor the order of the classes. The order here is that of FER-2013, by
comparison: of 400 generated faces its probabilities correlate with those of `fer` for the same emotion by .57 (happy),
.45 (neutral) and .37 (surprise), more than with those of any other. Sad (.35) and angry (.28) are less sure: of the
first 100 faces, sad goes more with `fer`'s fear. Disgust (.01) and fear (.21) cannot be told this way. The input is
RGB, 224 pixels, x / 255, as their own code prepares it; a picture is a crop of a face, of any size.
"""

from builder import assets, settings
from builder.assets import Asset
from builder.catalog import Entry, embedded
from builder.classifiers import Classifier
from builder.classifiers.onnx import OnnxClassifier
from builder.errors import StudyError
from builder.images.fer2013 import EMOTIONS
from builder.onnx import INSTALL, Graph, Input, is_installed
from builder.recognizers.faceplugin import NETWORK as RECOGNIZER
from builder.runtime import Runtime

EXTRA = "onnx"
"""The extra that installs what this needs."""

NETWORK = Asset(
    "faceplugin-expression.onnx",
    RECOGNIZER.package,
    "package/model/fr_expression.onnx",
    28_156_839,
    "88959314d9dc14d6c968cca31dc068e4350bf1944154e3bdd2eece5d0f318d05",
    f"{RECOGNIZER.license}, nor the order of the classes",
)
ASSETS = (NETWORK,)

SIDE = 224
"""Pixels of what the network sees."""


class Settings(settings.Settings):
    """`[[classifiers]]` has no keys for faceplugin besides those that every classifier has."""


def load(argument: str | None, own: Settings, runtime: Runtime) -> Classifier:
    """The classifier with the package's weights.

    Raises:
        StudyError: there is an argument, or onnxruntime is not installed.
        AssetError: the file cannot be fetched.
    """
    if argument is not None:
        raise StudyError(f"classifiers.model = 'faceplugin:{argument}': faceplugin takes no argument")
    graph = Graph(assets.path(NETWORK), Input(input_size=SIDE, mean=0.0, scale=255.0), runtime, "classifier")
    return OnnxClassifier(graph, EMOTIONS, logits=True)


def describe(name: str, runtime: Runtime) -> list[Entry]:
    """Its line in the catalog."""
    if not is_installed():
        return [Entry(name, NETWORK.license, f"needs {INSTALL}", "cpu")]
    return [embedded(name, ASSETS, runtime)]
