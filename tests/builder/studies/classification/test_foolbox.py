"""IFGSM against foolbox's basic iterative attacks, on the same network, digits and steps."""

from typing import Any, Literal

import foolbox
import numpy as np
import pytest
import torch
from foolbox.attacks import L2BasicIterativeAttack, LinfBasicIterativeAttack
from torch import nn

from builder.classifiers import digits
from builder.classifiers.gradient_sign import stepped
from builder.images import mnist
from builder.runtime import Runtime
from builder.studies.classification.attack import attack
from builder.studies.classification.models import network_of
from builder.studies.classification.study import AttackSettings

ITERATIONS = 12

ATTACKS = {None: LinfBasicIterativeAttack, "l2": L2BasicIterativeAttack}
"""Foolbox's, by our key `norm`."""


@pytest.fixture(scope="module")
def network(runtime: Runtime) -> nn.Module:
    classifier = digits.CNN.load(None, digits.CNN.Settings(), runtime)
    return network_of(classifier, "attack", "digits")


@pytest.fixture(scope="module")
def images(network: nn.Module, runtime: Runtime) -> tuple[np.ndarray, np.ndarray]:
    """Digits that the network names rightly, (n, 28, 28, 3), and their labels; half of them are those nearest to an
    error.
    """
    source = mnist.load("audit", mnist.Settings(), runtime)
    pixels = np.stack([source.image(row) for row in range(1000)])
    labels = np.array([source.label(row) for row in range(1000)])
    with torch.inference_mode():
        logits = network(channels_first(pixels))
    right = np.flatnonzero(logits.argmax(dim=1).numpy() == labels)
    first, second = logits[right].topk(2, dim=1).values.T
    near = np.argsort((first - second).numpy(), kind="stable")
    chosen = right[np.r_[near[:16], near[16 :: len(near) // 16]]]
    return pixels[chosen], labels[chosen]


def channels_first(images: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(images).permute(0, 3, 1, 2).to(torch.float32) / 255


def foolbox_images(
    network: nn.Module, images: torch.Tensor, labels: torch.Tensor, norm: str | None, step: float
) -> list[torch.Tensor]:
    """Foolbox's images after 1, 2, ... steps, with a bound that holds nothing back."""
    model = foolbox.PyTorchModel(network, bounds=(0, 1), device="cpu")
    results = []
    for steps in range(1, ITERATIONS + 1):
        run: Any = ATTACKS[norm](abs_stepsize=step, steps=steps, random_start=False)
        results.append(run.run(model, images, foolbox.criteria.Misclassification(labels), epsilon=1000.0))
    return results


@pytest.mark.parametrize(("norm", "step"), [(None, 0.001), (None, 0.01), ("l2", 0.2)])
def test_images_and_the_steps_at_which_they_flip_are_those_of_foolbox(
    network: nn.Module, images: tuple[np.ndarray, np.ndarray], runtime: Runtime, norm: Literal["l2"] | None, step: float
) -> None:
    pixels, labels = images
    x, classes = channels_first(pixels), torch.from_numpy(labels)
    references = foolbox_images(network, x, classes, norm, step)
    flips = np.zeros(len(labels), int)
    for number, reference in enumerate(references, start=1):
        x = stepped(network, x, classes, step, norm)
        torch.testing.assert_close(x, reference, rtol=0, atol=1e-6)
        with torch.inference_mode():
            flips[(flips == 0) & (network(reference).argmax(dim=1) != classes).numpy()] = number
    own = AttackSettings(classifier="digits", step=step, iterations=ITERATIONS, norm=norm)
    done = attack(network, pixels, labels, own, runtime, micro_batch=16)
    assert 5 < np.count_nonzero(flips) < len(flips)
    np.testing.assert_array_equal(done.float_steps, flips)
