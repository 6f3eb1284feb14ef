"""The classifier against transformers' own preprocessor and model, with small random networks."""

import hashlib
import importlib.util
import json
import sys

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from builder.classifiers import transformers as ours
from builder.classifiers.settings import ClassifierSettings
from builder.errors import AssetError, StudyError

# Not importorskip: it must first be imported by the code under test, which hides a broken torchvision from it.
if importlib.util.find_spec("transformers") is None:
    pytest.skip("the extra transformers is not installed", allow_module_level=True)
transformers = ours.import_transformers()

NAMES = {0: "crane", 1: "dog", 2: "crane", 3: "eel"}
RESNET = transformers.ResNetConfig(
    embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], layer_type="basic", id2label=NAMES
)
VIT = transformers.ViTConfig(
    hidden_size=16,
    num_hidden_layers=1,
    num_attention_heads=2,
    intermediate_size=16,
    image_size=32,
    patch_size=8,
    id2label=NAMES,
)
MEAN, STD = [0.48, 0.45, 0.4], [0.22, 0.23, 0.24]


def save(folder, kind="resnet", **preprocessor):
    """A model as transformers writes it; always the same for the same arguments."""
    torch.manual_seed(1)
    if kind == "resnet":
        model = transformers.ResNetForImageClassification(RESNET)
    else:
        model = transformers.ViTForImageClassification(VIT)
    for parameter in model.parameters():  # so that an untrained network tells pictures apart
        torch.nn.init.normal_(parameter, std=0.3)
    model.save_pretrained(folder)
    size = {"size": {"height": 32, "width": 32}} if kind == "vit" else {"crop_size": {"height": 32, "width": 32}}
    keys = {"do_normalize": True, "image_mean": MEAN, "image_std": STD, "do_rescale": True, "rescale_factor": 1 / 255}
    written = keys | size | {"do_center_crop": kind == "resnet"} | preprocessor
    (folder / "preprocessor_config.json").write_text(json.dumps(written))
    return folder


def sha256(folder):
    return hashlib.sha256(b"".join((folder / name).read_bytes() for name in ours.FILES)).hexdigest()


def load(folder, runtime):
    return ClassifierSettings(name="model", model=f"transformers:{folder}", sha256=sha256(folder)).load(runtime)


def edit(path, **keys):
    path.write_text(json.dumps(json.loads(path.read_text()) | keys))


@pytest.fixture(scope="module")
def pictures():
    return np.random.default_rng(0).integers(0, 256, (5, 32, 32, 3), np.uint8)


@pytest.mark.parametrize("kind", ["resnet", "vit"])
def test_probabilities_are_those_of_transformers(runtime, tmp_path, pictures, kind):
    folder = save(tmp_path, kind)
    classifier = load(folder, runtime)
    processor = transformers.ViTImageProcessorPil(do_resize=False, image_mean=MEAN, image_std=STD)
    model = transformers.AutoModelForImageClassification.from_pretrained(folder).eval()
    with torch.no_grad():
        inputs = processor(list(pictures), return_tensors="pt")["pixel_values"]
        wanted = model(inputs).logits.softmax(dim=1).numpy()
    assert wanted.argmax(axis=1).std() > 0 or np.ptp(wanted) > 0.01
    probabilities = classifier.probabilities(pictures)
    np.testing.assert_allclose(probabilities, wanted, rtol=0, atol=1e-5)
    assert probabilities.dtype == np.float32
    assert classifier.classes == ("crane (0)", "dog", "crane (2)", "eel")
    np.testing.assert_array_equal(probabilities[3:4], classifier.probabilities(pictures[3:4]))


def test_the_network_takes_images_in_0_to_1_and_can_be_differentiated(runtime, tmp_path, pictures):
    classifier = load(save(tmp_path), runtime)
    pixels = (torch.from_numpy(pictures[:1]).permute(0, 3, 1, 2).float() / 255).requires_grad_()
    logits = classifier.network(pixels)
    np.testing.assert_allclose(
        logits.softmax(dim=1).detach().numpy(), classifier.probabilities(pictures[:1]), rtol=0, atol=1e-5
    )
    logits[0, 1].backward()
    assert pixels.grad.abs().max() > 0
    with pytest.raises(StudyError, match="transformers takes images of 32 x 32 pixels, not of 48 x 48"):
        classifier.probabilities(np.zeros((1, 48, 48, 3), np.uint8))


def test_an_address_is_pinned(runtime, tmp_path):
    folder = save(tmp_path)
    with pytest.raises(StudyError, match=f'classifiers.sha256 is missing: .* add sha256 = "{sha256(folder)}"'):
        ClassifierSettings(name="model", model=f"transformers:{folder}").load(runtime)
    with pytest.raises(AssetError, match="the study file says 0000"):
        ClassifierSettings(name="model", model=f"transformers:{folder}", sha256="0" * 64).load(runtime)
    with pytest.raises(StudyError, match="not a pinned address on the Hub"):
        ClassifierSettings(name="model", model="transformers:hf://user/repo@main").load(runtime)
    with pytest.raises(StudyError, match="the model is missing; write transformers:FOLDER"):
        ClassifierSettings(name="model", model="transformers").load(runtime)


def test_weights_that_are_missing_or_do_not_fit_are_refused_and_never_random(runtime, tmp_path):
    folder = save(tmp_path)
    weights = load_file(folder / "model.safetensors")
    left = {name: value for name, value in weights.items() if name != "classifier.1.bias"}
    save_file(left, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(AssetError, match=r"do not belong together: missing keys: classifier\.1\.bias"):
        load(folder, runtime)
    save_file(weights | {"more": torch.zeros(1)}, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(AssetError, match="do not belong together: unexpected keys: more"):
        load(folder, runtime)
    save_file(weights | {"classifier.1.bias": torch.zeros(7)}, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(AssetError, match=r"no image classifier can be made of it|do not belong together"):
        load(folder, runtime)
    (folder / "model.safetensors").write_bytes(b"no tensors")
    with pytest.raises(AssetError, match="no image classifier can be made of it"):
        load(folder, runtime)


@pytest.mark.parametrize(
    ("file", "keys", "said"),
    [
        ("config.json", {"auto_map": {"AutoConfig": "evil--x.Config"}}, "has auto_map: code that a repository brings"),
        ("config.json", {"quantization_config": {"quant_method": "gptq"}}, "has quantization_config"),
        ("config.json", {"id2label": {"0": "a", "2": "b"}}, "id2label must name every class by its number"),
        ("config.json", {"id2label": None}, "id2label must name every class by its number"),
        ("config.json", {"model_type": "bert"}, "no image classifier can be made of it"),
        ("config.json", {"hidden_sizes": "x"}, "no image classifier can be made of it"),
        ("preprocessor_config.json", {"crop_size": {"height": 32, "width": 48}}, "wanted are a square size"),
        ("preprocessor_config.json", {"crop_size": None}, "wanted are a square size"),
        ("preprocessor_config.json", {"image_std": [1, 0, 1]}, "wanted are a square size .* image_std"),
        ("preprocessor_config.json", {"image_mean": "x"}, "wanted are a square size"),
    ],
)
def test_configurations_that_are_wrong_are_one_error(runtime, tmp_path, file, keys, said):
    folder = save(tmp_path)
    edit(folder / file, **keys)
    with pytest.raises(AssetError, match=said):
        load(folder, runtime)


def test_files_that_are_missing_are_named_and_pickles_are_not_read(runtime, tmp_path):
    folder = save(tmp_path)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(AssetError, match=r"has no model\.safetensors; wanted is an image classifier"):
        ClassifierSettings(name="model", model=f"transformers:{folder}").load(runtime)
    with pytest.raises(AssetError, match="there is no such folder"):
        ClassifierSettings(name="model", model=f"transformers:{folder}/none").load(runtime)


def test_without_the_package_the_extra_is_named(runtime, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(StudyError, match=r"pip install 'lands-between\[transformers\]'"):
        ClassifierSettings(name="model", model=f"transformers:{tmp_path}").load(runtime)
