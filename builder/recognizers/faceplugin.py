"""`faceplugin`: the recognizer of the package faceplugin-face-recognition-js, a small network in ONNX.

Its makers state neither what it was trained on nor a threshold. The input is a face in the ArcFace template, 112 x 112
RGB, (x - 127) / 128, as their own code prepares it; the distance is Euclidean, between embeddings of unit length.
"""

import numpy as np

from builder import assets
from builder.assets import Asset, Package
from builder.catalog import Entry, embedded
from builder.errors import StudyError
from builder.generators import Images
from builder.onnx import INSTALL, Graph, is_installed
from builder.recognizers import Embeddings
from builder.recognizers.onnx import OnnxRecognizer
from builder.recognizers.onnx import Settings as OnnxSettings
from builder.runtime import Runtime
from builder.settings import Settings as _Settings

EXTRA = "onnx"
"""The extra that installs what this needs."""

NETWORK = Asset(
    "faceplugin-feature.onnx",
    Package(
        "faceplugin-face-recognition-js",
        "0.0.1",
        "7ea06031d9a3f83753254fcff60506a07b81b46fc84d4ee024cd041f260ec1ba",
        client="npm",
    ),
    "package/model/fr_feature.onnx",
    4_884_269,
    "87aacdfe57510db2af90c0251df680e8eec88f122ee94712121d09bcaaaf3581",
    "MIT; its makers do not state the training data",
)
ASSETS = (NETWORK,)

THRESHOLD = 1.205
"""Set on generated faces, not on people: it accepts 14.4 % of 46,665 pairs of 306 faces of dcgan-digiface (seeds from
10,000,000), and dlib at 0.6 accepts 14.3 % of them; `benchmarks.recognizer` prints both."""

SIDE = 112
"""Pixels of what the network sees."""

MICRO_BATCH = 8
"""Faces that the network sees at a time; on a CPU more bring no speed."""

_BATCH_AXES = (4_884_224, 4_884_258)
"""Places in the file of the tags of the first axis of input and output, each followed by its length, 1."""


class Settings(_Settings):
    """`[[recognizers]]` has no keys for faceplugin besides those that every recognizer has."""


class FacepluginRecognizer(OnnxRecognizer):
    """Satisfies `builder.recognizers.Recognizer`."""

    threshold = THRESHOLD  # type: ignore[assignment]  # a file of anybody's has none

    def embed(self, crops: Images) -> Embeddings:
        """(n, s, s, 3) -> (n, 512), of unit length.

        Raises:
            StudyError: crops that have no common size.
        """
        embeddings = super().embed(crops)
        return np.asarray(embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True), np.float32)


def load(argument: str | None, own: Settings, runtime: Runtime) -> FacepluginRecognizer:
    """The recognizer with the package's weights.

    Raises:
        StudyError: there is an argument, or onnxruntime is not installed.
        AssetError: the file cannot be fetched.
    """
    if argument is not None:
        raise StudyError(f"recognizers.model = 'faceplugin:{argument}': faceplugin takes no argument")
    inputs = OnnxSettings(input_size=SIDE, mean=127.0, scale=128.0, metric="euclidean")
    path = assets.path(NETWORK)
    # Its inner layers give numbers so small that a CPU takes five times as long; that they count as 0 changes nothing.
    data = _for_any_number(path.read_bytes())
    graph = Graph(path, inputs, runtime, "recognizer", data=data, flush_denormals=True)
    graph.micro_batch = min(graph.micro_batch, MICRO_BATCH)
    return FacepluginRecognizer(graph, inputs)


def describe(name: str, runtime: Runtime) -> list[Entry]:
    """Its line in the catalog."""
    if not is_installed():
        return [Entry(name, NETWORK.license, f"needs {INSTALL}", "cpu")]
    return [embedded(name, ASSETS, runtime)]


def _for_any_number(data: bytes) -> bytes:
    """The graph, which takes one face as its makers wrote it out, for any number of them.

    The tag of each axis' length becomes that of a field that ONNX does not have, so that the length is not stated. The
    rest of the graph holds for any number but its last step, which makes one row of all embeddings; they are parted
    again where it is run. The file is pinned, so that the places are known.
    """
    changed = bytearray(data)
    for place in _BATCH_AXES:
        changed[place] = 15 << 3
    return bytes(changed)
