"""IFGSM on a linear network, where each step is known in closed form."""

import numpy as np
import pytest
import torch
from torch import nn

from builder.errors import StudyError
from builder.runtime import Runtime
from builder.studies.classification.attack import Attack, attack
from builder.studies.classification.models import network_of
from builder.studies.classification.study import AttackSettings

WEIGHTS = np.random.default_rng(0).uniform(0.1, 1, 12) * np.random.default_rng(1).choice([-1, 1], 12)
"""Of the margin of the first class over the second, for each value of a picture of 2 x 2 pixels."""

GRAY = np.full((1, 2, 2, 3), 128, np.uint8)


def linear(margin: float) -> nn.Module:
    """A network whose margin is so large at GRAY."""
    layer = nn.Linear(12, 2)
    weights = WEIGHTS.reshape(2, 2, 3).transpose(2, 0, 1).ravel()  # the network sees channels first
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(np.stack([weights / 2, -weights / 2])))
        bias = (margin - weights.sum() * 128 / 255) / 2
        layer.bias.copy_(torch.tensor([bias, -bias]))
    return nn.Sequential(nn.Flatten(), layer).eval().requires_grad_(False)


def attacked(margin: float, runtime: Runtime, **keys) -> Attack:
    own = AttackSettings(classifier="a", **keys)
    return attack(linear(margin), GRAY, np.zeros(1, np.int64), own, runtime, micro_batch=2)


@pytest.mark.parametrize("step", [0.01, 0.002])
def test_the_margin_falls_by_the_same_amount_with_each_step(runtime: Runtime, step: float):
    """By step x |weights|_1; the float picture flips at the first step at which it is below 0."""
    fall = step * np.abs(WEIGHTS).sum()
    done = attacked(4.5 * fall, runtime, step=step, iterations=30)
    assert (done.float_steps[0], done.float_classes[0]) == (5, 1)


def test_in_l2_the_margin_falls_by_the_length_of_its_weights(runtime: Runtime):
    fall = 0.05 * np.sqrt((WEIGHTS**2).sum())
    done = attacked(4.5 * fall, runtime, step=0.05, iterations=30, norm="l2")
    assert (done.float_steps[0], done.float_classes[0]) == (5, 1)
    change = (done.images[0].astype(float) - 128) / 255
    assert np.sqrt((change**2).sum()) == pytest.approx(5 * 0.05, abs=0.01)  # of 12 values, each rounded


def test_a_picture_without_a_gradient_stays_in_l2(runtime: Runtime):
    flat = nn.Sequential(nn.Flatten(), nn.Linear(12, 2)).eval().requires_grad_(False)
    with torch.no_grad():
        flat[1].weight.zero_()
        flat[1].bias.copy_(torch.tensor([1.0, 0.0]))
    own = AttackSettings(classifier="a", step=0.05, norm="l2")
    done = attack(flat, GRAY, np.zeros(1, np.int64), own, runtime, micro_batch=2)
    np.testing.assert_array_equal(done.images, GRAY)


def test_linf_by_name_is_what_nothing_says():
    assert AttackSettings(classifier="a", norm="linf") == AttackSettings(classifier="a")


def test_the_stored_picture_flips_once_the_change_survives_rounding(runtime: Runtime):
    """A step of .001 is a quarter of a gray level; after two, half of one rounds to one."""
    fall = 0.001 * np.abs(WEIGHTS).sum()
    done = attacked(0.5 * fall, runtime)
    assert (done.float_steps[0], done.steps[0]) == (1, 2)
    np.testing.assert_array_equal(done.images[0].astype(int) - 128, -np.sign(WEIGHTS).reshape(2, 2, 3))


def test_the_float_picture_goes_on_where_the_stored_one_flips_before_it(runtime: Runtime):
    """After two steps of .001 the stored picture has moved by a gray level, 3.92 of them."""
    fall = 0.001 * np.abs(WEIGHTS).sum()
    done = attacked(3.5 * fall, runtime)
    assert (done.steps[0], done.float_steps[0], done.float_classes[0]) == (2, 4, 1)


def test_an_attack_ends_with_its_iterations(runtime: Runtime):
    done = attacked(20.0, runtime, step=0.01, iterations=3)
    assert (done.steps[0], done.float_steps[0], done.float_classes[0]) == (0, 0, -1)
    assert set((done.images[0].astype(int) - 128).ravel()) <= {-8, 8}  # .03 x 255 = 7.65


def test_values_stay_within_the_picture(runtime: Runtime):
    done = attacked(20.0, runtime, step=0.5, iterations=4)
    assert set(done.images.ravel().tolist()) == {0, 255}


def test_what_has_no_gradient_is_refused():
    class Answers:
        network = None

    with pytest.raises(StudyError, match=r"attack.classifier = 'a': an attack needs a gradient"):
        network_of(Answers(), "attack", "a")  # type: ignore[arg-type]
