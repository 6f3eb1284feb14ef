import numpy as np
import pytest
import torch

from builder.errors import StudyError
from builder.generators.stylegan2 import Settings, StyleGAN2
from builder.generators.stylegan2.network import Config, Network, StyledConvolution
from tests.builder.generators.stylegan2 import reference

CONFIGS = {
    "32 px": Config(64, 0, 64, 32, channel_base=1024, channel_max=64),
    "32 px, conditional, residual": Config(32, 5, 48, 32, channel_base=512, channel_max=32, architecture="resnet"),
    "32 px, last image only": Config(32, 0, 32, 32, channel_base=512, channel_max=48, architecture="orig"),
    "64 px, clamped": Config(64, 3, 64, 64, channel_base=2048, channel_max=64, conv_clamp=0.8, mapping_layers=2),
    "256 px": Config(128, 0, 128, 256, channel_base=4096, channel_max=64),
}


def random_state(config, seed=0):
    """Parameters as after initialization, with noise and biases that are not zero."""
    generator = torch.Generator().manual_seed(seed)
    state = {}
    for name, tensor in Network(config).state_dict().items():
        state[name] = torch.randn(tensor.shape, generator=generator)
        if name.startswith("mapping.fc"):
            state[name] *= 100
        elif name.endswith("affine.bias"):
            state[name] = 1 + 0.1 * state[name]
        elif name.endswith(("bias", "noise_strength")):
            state[name] *= 0.2
    return state


@pytest.fixture(params=CONFIGS, scope="module")
def config(request):
    return CONFIGS[request.param]


@pytest.mark.parametrize("space", ["w", "z"])
@pytest.mark.parametrize(("truncation", "noise"), [(1.0, "const"), (0.6, "none")])
def test_images_are_those_of_the_formulas(config, runtime, space, truncation, noise):
    state = random_state(config)
    label = 2 if config.c_dim else None
    own = Settings(space=space, truncation=truncation, noise=noise, label=label)
    generator = StyleGAN2(config, state, own, runtime)
    latents = torch.from_numpy(generator.sample([3, 11]))
    with torch.inference_mode():
        images = generator.synthesize(latents)
    z = torch.from_numpy(np.stack([np.random.RandomState(seed).randn(config.z_dim) for seed in (3, 11)]))
    labels = torch.eye(max(config.c_dim, 1))[[label, label]] if label is not None else None
    wanted = reference.images(state, config, z, labels=labels, truncation=truncation, noise=noise == "const")
    assert images.shape == (2, 3, config.img_resolution, config.img_resolution)
    assert wanted.std() > 0.1  # else agreement would mean nothing
    assert (images - wanted).abs().max() < 1e-4


def test_rendered_images_are_8_bit_as_nvidia_rounds_them(runtime):
    config = CONFIGS["32 px"]
    generator = StyleGAN2(config, random_state(config), Settings(), runtime)
    latents = generator.sample(range(40))
    rendered = generator.render(latents)
    with torch.inference_mode():
        wanted = (generator.synthesize(torch.from_numpy(latents)) * 127.5 + 128).clamp(0, 255)
    assert rendered.shape == (40, 32, 32, 3)
    assert rendered.dtype == np.uint8
    difference = np.abs(rendered - np.floor(wanted.permute(0, 2, 3, 1).numpy()))
    assert difference.max() <= 1
    assert difference.mean() < 1e-3
    np.testing.assert_array_equal(rendered[[35, 2]], generator.render(latents[[35, 2]]))


def test_a_w_from_a_seed_is_the_mapped_z_of_that_seed(runtime):
    config = CONFIGS["32 px"]
    state = random_state(config)
    generator = StyleGAN2(config, state, Settings(truncation=0.5), runtime)
    z = torch.from_numpy(np.random.RandomState(7).randn(1, config.z_dim))
    np.testing.assert_allclose(generator.sample([7]), reference.mapped(state, config, z, truncation=0.5), atol=1e-5)
    no_truncation = StyleGAN2(config, state, Settings(truncation=0.0), runtime)
    np.testing.assert_allclose(no_truncation.sample([7])[0], state["mapping.w_avg"], atol=1e-6)


def test_positives_at_1024_pixels_have_the_papers_latent_distance(runtime):
    """512 numbers repeated over 18 layers: level 0.2 is 19.19 on average, 95.9 for each unit (the figures printed:
    19.06, 38.11, 57.17)."""
    config = Config(512, 0, 512, 1024, channel_base=1024, channel_max=8)
    space = StyleGAN2(config, random_state(config), Settings(), runtime).space
    rng = np.random.default_rng(0)
    base = rng.standard_normal(512).astype(np.float32)
    for level, wanted in ((0.2, 19.19), (0.4, 38.38), (0.6, 57.57)):
        positives = np.stack([space.step(base, rng.standard_normal(512), level) for _ in range(1000)])
        distances = space.distance(np.broadcast_to(base, positives.shape), positives)
        assert distances.mean() == pytest.approx(wanted, abs=0.1 * level / 0.2)


def test_max_norm_is_refused_in_w_and_known_in_z(runtime):
    config = CONFIGS["32 px"]
    latents = np.full((1, 64), 3.0)
    with pytest.raises(StudyError, match="no meaning in the latent space w"):
        StyleGAN2(config, random_state(config), Settings(), runtime).space.limit(latents, 1.2)
    limited = StyleGAN2(config, random_state(config), Settings(space="z"), runtime).space.limit(latents, 1.2)
    assert np.linalg.norm(limited) == pytest.approx(1.2 * 8)


@pytest.mark.parametrize(("name", "label"), [("32 px", 0), ("64 px, clamped", None), ("64 px, clamped", 3)])
def test_a_label_that_does_not_fit_is_refused(runtime, name, label):
    with pytest.raises(StudyError, match=r"generator\.label"):
        StyleGAN2(CONFIGS[name], random_state(CONFIGS[name]), Settings(label=label), runtime)


def test_micro_batches_shrink_with_the_image(runtime):
    sizes = {32: 16, 256: 16, 512: 4, 1024: 1}
    for side, size in sizes.items():
        config = Config(8, 0, 8, side, channel_base=side, channel_max=8)
        assert StyleGAN2(config, random_state(config), Settings(), runtime).micro_batch == size


@pytest.mark.parametrize("double", [False, True])
def test_a_layer_in_float16_is_close_to_float32_even_where_styles_would_overflow(double):
    """What runs on a GPU at the highest resolutions, here on the CPU, which has the same arithmetic."""
    config = Config(32, 0, 32, 32, channel_base=1024, channel_max=32, conv_clamp=256.0)
    torch.manual_seed(0)
    layer = StyledConvolution(config, 32, 32, 32, double=double)
    for name, parameter in layer.named_parameters():
        torch.nn.init.normal_(parameter, std=300.0 if name == "affine.weight" else 0.5)
    x, w = torch.randn(2, 32, 16 if double else 32, 16 if double else 32) * 100, torch.randn(2, 32)
    with torch.inference_mode():
        wanted = layer(x, w, noise=True)
        halved = layer(x.half(), w, noise=True)
        products = (x.half() * layer.affine(w).half()[:, :, None, None]).isfinite()
    assert not products.all()  # without the scaling of styles float16 overflows
    assert halved.dtype == torch.float16
    assert wanted.abs().max() == 256  # clamped
    np.testing.assert_allclose(halved.float(), wanted, atol=0.01 * wanted.abs().max())
