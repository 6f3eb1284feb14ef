import hashlib
from pathlib import Path

import numpy as np
import pytest
from scipy.special import softmax

from builder.classifiers.settings import ClassifierSettings
from builder.errors import AssetError, StudyError

pytest.importorskip("onnxruntime")

MEAN_COLOR = Path(__file__).parents[2] / "data" / "mean_color.onnx"
"""GlobalAveragePool and Flatten over (n, 3, 16, 16), any n: the mean of each channel."""

TABLE = {
    "name": "colors",
    "model": f"onnx:{MEAN_COLOR}",
    "sha256": hashlib.sha256(MEAN_COLOR.read_bytes()).hexdigest(),
    "input_size": 16,
    "classes": ["red", "green", "blue"],
}


@pytest.fixture
def load(runtime):
    return lambda **changes: ClassifierSettings(**(TABLE | changes)).load(runtime)


@pytest.fixture(scope="module")
def pictures():
    return np.random.default_rng(0).integers(0, 256, (20, 16, 16, 3), np.uint8)


def test_logits_become_probabilities_and_each_channel_may_have_its_own_mean(load, pictures):
    classifier = load(mean=[10.0, 20.0, 30.0], scale=[4.0, 5.0, 8.0])
    wanted = softmax((pictures.mean(axis=(1, 2)) - [10, 20, 30]) / [4, 5, 8], axis=1)
    probabilities = classifier.probabilities(pictures)
    np.testing.assert_allclose(probabilities, wanted, rtol=0, atol=1e-5)
    assert probabilities.dtype == np.float32
    assert (classifier.classes, classifier.network) == (("red", "green", "blue"), None)
    np.testing.assert_array_equal(probabilities[[18, 3]], classifier.probabilities(pictures[[18, 3]]))


def test_outputs_that_are_said_to_be_probabilities_must_be(load):
    """Of a gray image this graph gives 128 for each channel, less the mean, by the scale."""
    classifier = load(output="probabilities", mean=0.0, scale=384.0)
    gray = np.full((1, 16, 16, 3), 128, np.uint8)
    np.testing.assert_allclose(classifier.probabilities(gray), [[1 / 3] * 3], rtol=1e-6)
    with pytest.raises(AssetError, match=r"gives numbers that are none .* write output = \"logits\""):
        load(output="probabilities", mean=0.0, scale=100.0)
    with pytest.raises(AssetError, match="gives numbers that are none"):
        load(output="probabilities", mean=[0.0, 0.0, 256.0], scale=128.0)  # 1, 1, -1


def test_bad_tables_are_one_error(load, tmp_path):
    with pytest.raises(AssetError, match=r"names 2 classes, and the graph in .*mean_color\.onnx gives 3 numbers"):
        load(classes=["red", "green"])
    with pytest.raises(ValueError, match="names one class twice"):
        load(classes=["red", "red", "blue"])
    with pytest.raises(AssetError, match=r"not an ONNX classifier with the input .* \(input_size, layout, channels\)"):
        load(layout="nhwc")
    with pytest.raises(AssetError, match=r"not an ONNX classifier with the input .* \(input_size, layout, channels\)"):
        load(channels="gray", mean=0.0, scale=1.0)
    with pytest.raises(StudyError, match=r"classifiers\.model: the weights are missing; write onnx:PATH"):
        load(model="onnx:")
    with pytest.raises(AssetError, match="the study file says 0000"):
        load(sha256="0" * 64)
