"""Training against a classifier of two kinds of pictures: bright on the left, bright on the right."""

import numpy as np
import pytest
import torch
from torch import nn

from builder.errors import StudyError
from builder.runtime import Runtime
from builder.studies.counterfeits.inverted import Inverted
from builder.studies.counterfeits.study import GeneratorSettings
from builder.studies.counterfeits.training import Aim, conditions, render, train, train_again

OWN = GeneratorSettings(width=8, latent=4, steps=40, learning_rate=0.02, images_per_class=4)
AIM = Aim((0, 1), (8, 8), gray=True)


def sides() -> Inverted:
    """Two features, the mean of either side, and logits that are 20 times their difference."""
    pool, last = nn.AvgPool2d((8, 4)), nn.Linear(2, 2)
    with torch.no_grad():
        last.weight.copy_(torch.tensor([[20.0, -20.0], [-20.0, 20.0]]))
        last.bias.zero_()
    gray = nn.Conv2d(3, 1, 1)
    with torch.no_grad():
        gray.weight.fill_(1 / 3)
        gray.bias.zero_()
    return Inverted("sides", nn.Sequential(gray, pool, nn.Flatten(), last))


def trained_bytes(inverted: Inverted, conditioning: str, runtime: Runtime) -> bytes:
    made = train(inverted, conditioning, AIM, OWN, 7, runtime).generator
    return b"".join(value.numpy().tobytes() for value in made.state_dict().values())


def test_a_generator_makes_images_that_get_their_class(runtime: Runtime):
    inverted = sides()
    made = train(inverted, "one_hot", AIM, OWN, 0, runtime)
    assert {name: len(curve) for name, curve in made.curves.items()} == dict.fromkeys(
        ("kl", "cosine", "orthogonality", "pixels"), 40
    )
    latents = np.random.default_rng(0).standard_normal((20, 4), np.float32)
    images = render(made.generator, latents, np.repeat(np.eye(2, dtype=np.float32), 10, axis=0), runtime)
    assert images.shape == (20, 8, 8, 3)
    assert (images == images[..., :1]).all()
    logits, features = inverted.answers(images, runtime, 8)
    assert logits.argmax(axis=1).tolist() == [0] * 10 + [1] * 10
    halves = images[..., 0].reshape(20, 8, 2, 4).mean(axis=(1, 3)) / 255
    np.testing.assert_allclose(features, halves, atol=1e-5)


@pytest.mark.parametrize("conditioning", ["soft", "hot_matrix"])
def test_the_same_seed_gives_the_same_bytes_and_leaves_torchs_own_draws_alone(conditioning: str, runtime: Runtime):
    inverted = sides()
    torch.manual_seed(3)
    wanted = torch.rand(2)
    torch.manual_seed(3)
    first = trained_bytes(inverted, conditioning, runtime)
    assert torch.equal(torch.rand(2), wanted)
    assert trained_bytes(inverted, conditioning, runtime) == first
    assert not torch.are_deterministic_algorithms_enabled()


def test_a_soft_condition_is_largest_at_the_wanted_class():
    wanted = torch.arange(4).repeat_interleave(50)
    vectors = torch.randn(200, 4, generator=torch.Generator().manual_seed(0))
    drawn = conditions("soft", wanted, vectors, 3.0)
    assert torch.equal(drawn.argmax(dim=1), wanted)
    torch.testing.assert_close(drawn.sort(dim=1).values, (3 * vectors).softmax(dim=1).sort(dim=1).values)


def test_a_classifier_that_is_trained_again_rejects_counterfeits_and_keeps_its_classes(runtime: Runtime):
    left, right = np.zeros((20, 8, 8, 3), np.uint8), np.zeros((20, 8, 8, 3), np.uint8)
    left[:, :, :4], right[:, :, 4:] = 255, 255
    fakes = np.full((30, 8, 8, 3), 255, np.uint8)
    known, places = np.concatenate([left, right]), [0] * 20 + [1] * 20
    inverted = sides()
    before = inverted.answers(known, runtime, 8)[0]
    again = train_again(inverted, known, places, fakes, 0, runtime)
    assert (again.outputs, again.rejects) == (3, True)
    assert again.answers(known, runtime, 8)[0].argmax(axis=1).tolist() == places
    assert set(again.answers(fakes, runtime, 8)[0].argmax(axis=1)) == {2}
    np.testing.assert_array_equal(inverted.answers(known, runtime, 8)[0], before)
    assert train_again(again, known, places, fakes, 0, runtime).outputs == 3


def test_the_one_more_output_begins_as_the_mean_of_the_others():
    inverted = sides()
    images = torch.rand(5, 3, 8, 8)
    with torch.no_grad():
        logits, more = inverted(images)[0], inverted.with_reject_class()(images)
    torch.testing.assert_close(more[:, :2], logits)
    torch.testing.assert_close(more[:, 2], logits.mean(dim=1))


def test_a_network_without_a_dense_layer_is_refused():
    with pytest.raises(StudyError, match="classifier 'a': its network has no dense layer"):
        Inverted("a", nn.Sequential(nn.Conv2d(3, 2, 8), nn.Flatten()))
