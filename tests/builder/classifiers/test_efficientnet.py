import numpy as np
import pytest
import torch
from torch.nn import functional

from builder import assets
from builder.classifiers import efficientnet
from builder.classifiers.settings import ClassifierSettings
from builder.errors import AssetError, StudyError
from builder.images.settings import ImageSettings


@pytest.fixture(scope="module")
def samples(runtime):
    return ImageSettings(model="imagenet-samples").load(runtime)


@pytest.fixture(scope="module")
def classifier(runtime):
    return ClassifierSettings(name="lite0", model="efficientnet-lite0").load(runtime)


@pytest.fixture(scope="module")
def images(samples):
    return np.stack([samples.image(row) for row in range(samples.rows())])


def test_it_names_18_of_the_20_samples_and_19_within_its_first_five(classifier, samples, images):
    assert images.shape == (20, 224, 224, 3)
    labels = [samples.label(row) for row in range(20)]
    first = classifier.probabilities(images).argsort(axis=1)[:, ::-1][:, :5]
    assert sum(label == classes[0] for label, classes in zip(labels, first, strict=True)) == 18
    assert sum(label in classes for label, classes in zip(labels, first, strict=True)) == 19
    assert classifier.classes == samples.classes
    assert [samples.classes[label] for label in labels[:4]] == ["bull mastiff", "folding chair", "beaker", "buckeye"]


def test_bytes_do_not_depend_on_how_many_images_are_given(classifier, images):
    whole = classifier.probabilities(images[:9])
    assert (whole.shape, whole.dtype) == ((9, 1000), np.float32)
    np.testing.assert_array_equal(whole[8:], classifier.probabilities(images[8:9]))


def test_the_network_takes_images_in_0_to_1_and_can_be_differentiated(classifier, images):
    pixels = (torch.from_numpy(images[:1]).permute(0, 3, 1, 2).float() / 255).requires_grad_()
    logits = classifier.network(pixels)
    np.testing.assert_allclose(
        logits.softmax(dim=1).detach().numpy(), classifier.probabilities(images[:1]), rtol=0, atol=1e-5
    )
    logits[0, 243].backward()
    assert pixels.grad.abs().max() > 0
    assert not any(parameter.requires_grad for parameter in classifier.network.parameters())


def test_it_is_the_network_of_the_names_in_the_checkpoint(classifier, images):
    """The same arithmetic written out by the stored names, with SAME padding by TensorFlow's formula for any side."""
    stored = torch.load(assets.path(efficientnet.CHECKPOINT), weights_only=True)

    def convolved(features, name, normalization, stride=1, groups=1, active=True):
        weight = stored[f"{name}.weight"]
        kernel, side = weight.shape[-1], features.shape[-1]
        total = max((-(-side // stride) - 1) * stride + kernel - side, 0)
        margin = (total // 2, total - total // 2)
        features = functional.conv2d(functional.pad(features, margin * 2), weight, None, stride, groups=groups)
        statistics = [stored[f"{normalization}.{each}"] for each in ("running_mean", "running_var", "weight", "bias")]
        features = functional.batch_norm(features, *statistics, eps=1e-3)
        return features.clamp(0, 6) if active else features

    features = (torch.from_numpy(images[:2]).permute(0, 3, 1, 2).float() - 127) / 128
    features = convolved(features, "_conv_stem", "_bn0", stride=2)
    strides = [1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1]
    for block, stride in enumerate(strides):
        name, kept = f"_blocks.{block}", features
        if f"{name}._expand_conv.weight" in stored:
            features = convolved(features, f"{name}._expand_conv", f"{name}._bn0")
        features = convolved(features, f"{name}._depthwise_conv", f"{name}._bn1", stride, groups=features.shape[1])
        features = convolved(features, f"{name}._project_conv", f"{name}._bn2", active=False)
        if features.shape == kept.shape:
            features = features + kept
    features = convolved(features, "_conv_head", "_bn1").mean(dim=(2, 3))
    wanted = functional.linear(features, stored["_fc.weight"], stored["_fc.bias"]).softmax(dim=1)
    np.testing.assert_allclose(classifier.probabilities(images[:2]), wanted.numpy(), rtol=0, atol=1e-5)


def test_another_size_and_another_file_are_refused(classifier, tmp_path):
    with pytest.raises(StudyError, match=r"efficientnet-lite0 takes images of 224 x 224 pixels, not of 512 x 300"):
        classifier.probabilities(np.zeros((1, 300, 512, 3), np.uint8))
    for name, content in {"text": b"no checkpoint", "empty": b""}.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(AssetError, match=f"{name}: not the checkpoint of efficientnet-lite0"):
            efficientnet.read(tmp_path / name)
    torch.save({"_fc.weight": torch.zeros(2)}, tmp_path / "other.pth")
    with pytest.raises(AssetError, match="not the checkpoint of efficientnet-lite0"):
        efficientnet.read(tmp_path / "other.pth")


def test_it_takes_no_argument(runtime):
    with pytest.raises(StudyError, match="efficientnet-lite0 takes no argument"):
        efficientnet.load("x", efficientnet.Settings(), runtime)
