"""The `lpips` package is the reference. It imports torchvision, which does not import beside a CPU build of
torch until the two operators that it registers against exist."""

import pickle

import numpy as np
import pytest
import torch

from builder import assets
from builder.distances import lpips as ours
from builder.errors import AssetError


@pytest.fixture(scope="module")
def lpips():
    try:
        import torchvision  # noqa: F401
    except RuntimeError:
        library = torch.library.Library("torchvision", "DEF")
        library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    import lpips

    return lpips


def reference(lpips, net):
    """The package's model with its own heads; its backbone filled from the asset instead of a download."""
    model = lpips.LPIPS(net=net, pnet_rand=True, verbose=False)
    weights = iter(ours._read_convolutions(assets.path(ours.CONVOLUTIONS[net]), net))
    with torch.no_grad():
        for module in model.net.modules():
            if isinstance(module, torch.nn.Conv2d):
                kernel, bias = next(weights)
                module.weight.copy_(kernel)
                module.bias.copy_(bias)
    assert next(weights, None) is None
    return model.eval()


@pytest.fixture(scope="module", params=["alex", "vgg"])
def pair_of_models(request, lpips, generator, runtime):
    return ours.load(f"lpips_{request.param}", generator, runtime), reference(lpips, request.param)


@pytest.mark.parametrize("side", [64, 97])
def test_it_agrees_with_the_package(pair_of_models, images, side):
    from PIL import Image

    distance, model = pair_of_models
    shown = np.stack([np.asarray(Image.fromarray(image).resize((side, side))) for image in images[:20]])
    a, b = shown[:10], shown[10:]
    with torch.no_grad():
        wanted = model(*(torch.from_numpy(x).permute(0, 3, 1, 2) / 127.5 - 1 for x in (a, b))).flatten().numpy()
    between = distance.between(a, b)
    assert between.shape == (10,)
    assert wanted.min() > 0.05  # else agreement would mean nothing
    np.testing.assert_allclose(between, wanted, rtol=0, atol=1e-5)


def test_equal_images_have_distance_zero_and_order_does_not_matter(pair_of_models, images):
    distance, _ = pair_of_models
    assert (distance.between(images[:3], images[:3]) == 0).all()
    np.testing.assert_allclose(
        distance.between(images[:3], images[3:6]), distance.between(images[3:6], images[:3]), rtol=1e-5
    )


def test_the_heads_are_those_in_the_asset_of_the_convolutions():
    for net in ("alex", "vgg"):
        with assets.path(ours.CONVOLUTIONS[net]).open("rb") as file:
            stored = ours._ArrayUnpickler(file).load()
        heads = ours._read_heads(assets.path(ours.HEADS[net]))
        for depth, head in enumerate(heads):
            np.testing.assert_array_equal(head.flatten(), stored[f"NetLinLayer_{depth}"]["Conv_0"]["kernel"].flatten())


class RunsCode:
    def __reduce__(self):
        return print, ("this must never run",)


@pytest.mark.parametrize("content", [RunsCode(), {"AlexNet_0": RunsCode()}, {"AlexNet_0": {}}, 7, eval])
def test_a_pickle_that_asks_for_anything_else_is_refused_and_runs_nothing(tmp_path, content, capsys):
    path = tmp_path / "convolutions.ckpt"
    path.write_bytes(pickle.dumps(content))
    with pytest.raises(AssetError, match=r"convolutions\.ckpt"):
        ours._read_convolutions(path, "alex")
    assert capsys.readouterr().out == ""


def test_heads_that_are_none_are_refused(tmp_path):
    path = tmp_path / "heads.pth"
    torch.save({"lin0.model.1.weight": torch.zeros(1)}, path)
    with pytest.raises(AssetError, match=r"heads\.pth"):
        ours._read_heads(path)


def test_the_squared_distance_of_vectors_is_the_distance(pair_of_models, images):
    distance, _ = pair_of_models
    a, b = distance.vectors(images[:4]), distance.vectors(images[4:8])
    np.testing.assert_allclose(((a - b) ** 2).sum(axis=1), distance.between(images[:4], images[4:8]), atol=1e-5)
