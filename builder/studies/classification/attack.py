"""IFGSM: pictures that are changed, by small steps, until a classifier no longer gives them their label.

Kurakin, Goodfellow, Bengio, "Adversarial Examples in the Physical World" (2017), section 2.2, the basic iterative
method without its bound: x_0 = x, x_(t+1) = clip(x_t + step * sign(d loss(x_t, label) / d x), 0, 1), where the loss is
the cross-entropy of the label. With the norm "l2" a step is along the gradient itself, which is divided by its length.
Where the label's logit leads by more than about 100, the gradient is 0 in single precision, and the picture stays as it
is.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from builder.classifiers.gradient_sign import LEVELS, stepped
from builder.generators import Images
from builder.runtime import Runtime, in_micro_batches
from builder.studies.classification.study import AttackSettings

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Attack:
    """The outcome of an attack on n pictures.

    images: (n, h, w, 3) uint8, at the first step at which the rounded picture got another class than its label, else at
    the last. steps: (n,), that step, 0 where there was none. float_steps, float_classes: (n,), the first step at which
    the picture before rounding got another class, and that class; 0 and -1 where there was none.
    """

    images: Images
    steps: Integers
    float_steps: Integers
    float_classes: Integers


def attack(
    network: nn.Module, images: Images, labels: Integers, own: AttackSettings, runtime: Runtime, micro_batch: int
) -> Attack:
    """Attacks pictures until their float and their 8-bit version get another class, or steps are used up.

    Args:
        network: from images (n, 3, h, w) in 0..1 to logits (n, k).
        images: (n, h, w, 3), n >= 1, of which the network gives each its label.
        labels: (n,).
        own: the steps.
        runtime: where it runs.
        micro_batch: pictures at a time.
    """

    def run(pixels: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
        with torch.inference_mode(False), torch.enable_grad():
            return _climb(network, pixels.clone(), classes.clone(), own)

    results = in_micro_batches(run, images, labels, size=micro_batch, runtime=runtime)
    steps, float_steps, float_classes = results[:, :3].astype(np.int64).T
    changed = results[:, 3:].reshape(images.shape).astype(np.uint8)
    return Attack(changed, steps, float_steps, float_classes)


def _climb(network: nn.Module, pixels: torch.Tensor, labels: torch.Tensor, own: AttackSettings) -> torch.Tensor:
    """(n, h, w, 3) levels, (n,) -> (n, 3 + h w 3): steps, float_steps, float_classes, and the levels in the end."""
    x = pixels.permute(0, 3, 1, 2).to(torch.float32) / LEVELS
    stored = pixels.permute(0, 3, 1, 2).to(torch.float32)
    steps, float_steps = torch.zeros_like(labels), torch.zeros_like(labels)
    float_classes = torch.full_like(labels, -1)
    for step in range(1, own.iterations + 1):
        x = stepped(network, x, labels, own.step, own.norm)
        rounded = (x * LEVELS).round()
        with torch.no_grad():
            classes, of_rounded = network(x).argmax(dim=1), network(rounded / LEVELS).argmax(dim=1)
        first = (float_steps == 0) & (classes != labels)
        float_steps[first], float_classes[first] = step, classes[first]
        going = steps == 0
        stored = torch.where(going[:, None, None, None], rounded, stored)
        steps[going & (of_rounded != labels)] = step
        if bool(((steps > 0) & (float_steps > 0)).all()):
            break
    numbers = torch.stack([steps, float_steps, float_classes], dim=1).to(torch.float32)
    return torch.cat([numbers, stored.permute(0, 2, 3, 1).flatten(1)], dim=1)
