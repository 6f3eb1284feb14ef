"""Every model gives the same bytes however many streams run it."""

import numpy as np
import pytest

from builder.distances import lpips
from builder.generators import dcgan, stylegan2
from builder.recognizers import dlib
from builder.recognizers.alignments import center
from builder.runtime import start_runtime
from tests.builder.generators.stylegan2.test_network import CONFIGS, random_state

STREAMS = (1, 2, 5)


@pytest.fixture(scope="module")
def runtimes():
    return [start_runtime("cpu", streams) for streams in STREAMS]


def outputs(load, ask, runtimes):
    """What a model gives in micro-batches of 3."""
    given = []
    for runtime in runtimes:
        model = load(runtime)
        model.micro_batch = 3
        given.append(ask(model))
    return given


def assert_all_equal(given):
    for other in given[1:]:
        np.testing.assert_array_equal(other, given[0])


def test_a_generators_images(runtimes):
    given = outputs(
        lambda runtime: dcgan.load(None, dcgan.Settings(), runtime),
        lambda model: model.render(model.sample(range(31))),
        runtimes,
    )
    assert given[0].std() > 10
    assert_all_equal(given)


def test_stylegan2s_latents_and_images(runtimes):
    config = CONFIGS["32 px"]
    state = random_state(config)

    def load(runtime):
        return stylegan2.StyleGAN2(config, state, stylegan2.Settings(truncation=0.7), runtime)

    given = outputs(load, lambda model: model.sample(range(31)), runtimes)
    assert_all_equal(given)
    assert_all_equal(outputs(load, lambda model: model.render(given[0]), runtimes))


def test_a_recognizers_embeddings(runtimes, faces):
    given = outputs(
        lambda runtime: dlib.load(None, dlib.Settings(), runtime), lambda model: model.embed(faces.crops[:31]), runtimes
    )
    assert_all_equal(given)


@pytest.mark.parametrize("net", ["alex", "vgg"])
def test_perceptual_distances(runtimes, generator, images, net):
    given = outputs(
        lambda runtime: lpips.load(f"lpips_{net}", generator, runtime),
        lambda model: model.between(images[:17], images[17:34]),
        runtimes,
    )
    assert_all_equal(given)


def test_crops_whatever_their_micro_batch(runtimes, images):
    """Which no manifest states: it depends on memory alone."""
    given = [center.load(runtime).align(images).crops for runtime in runtimes]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(center, "MICRO_BATCH", 5)
        given.append(center.load(runtimes[0]).align(images).crops)
    assert_all_equal(given)
