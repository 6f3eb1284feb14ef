"""`deeplift`: Shrikumar, Greenside, Kundaje, "Learning Important Features Through Propagating Activation Differences"
(2017), by the rescale rule; maxima as in Lundberg, Lee, "A Unified Approach to Interpreting Model Predictions" (2017).
"""

from typing import Annotated

import torch
from pydantic import Field
from torch import nn

from builder import settings
from builder.explainers.base import Attribution, NetworkExplainer, differentiable, no_argument, one_hot, over_channels
from builder.explainers.base import describe as describe
from builder.explainers.steps import Kind, Step, Steps
from builder.runtime import Runtime

SMALLEST_DIFFERENCE = 1e-6
"""Below it, the multiplier of an activation is its derivative: the limit."""


class Settings(settings.Settings):
    """The keys of DeepLIFT.

    baseline: the gray level, 0..1, of the image that every difference is from.
    """

    baseline: Annotated[float, Field(ge=0, le=1)] = 0.0


def deeplift(
    steps: Steps, inputs: torch.Tensor, classes: torch.Tensor, own: Settings, *, create_graph: bool = False
) -> torch.Tensor:
    """Shares of the score's difference between image and baseline, (n, c, h, w), which add up to it."""
    tape = steps.run(differentiable(inputs))
    reference = steps.run(torch.full_like(tape.image, own.baseline).detach().requires_grad_())
    references = {step.name: step for step in reference.steps}

    def rule(step: Step, multiplier: torch.Tensor) -> tuple[torch.Tensor, ...]:
        if step.kind is Kind.ACTIVATION:
            return (_rescaled(step, references[step.name], multiplier, create_graph),)
        if step.kind is Kind.MAXIMUM:
            return (_maximum(step, references[step.name], multiplier, create_graph),)
        return step.chain(multiplier, create_graph)  # linear: equation 3, the chain rule for multipliers

    multipliers = tape.back(one_hot(classes, tape.logits), rule)
    return multipliers * (tape.image - reference.image)  # equation 2: C = m * delta x


def _rescaled(step: Step, reference: Step, multiplier: torch.Tensor, create_graph: bool) -> torch.Tensor:
    """Shrikumar et al. 2017, section 3.5.2: m = delta y / delta x."""
    difference = step.inputs[0] - reference.inputs[0]
    near = difference.abs() < SMALLEST_DIFFERENCE
    ratio = (step.output - reference.output) / torch.where(near, 1.0, difference)
    (slope,) = step.chain(multiplier, create_graph)
    return torch.where(near, slope, multiplier * ratio)


def _maximum(step: Step, reference: Step, multiplier: torch.Tensor, create_graph: bool) -> torch.Tensor:
    """The change of a maximum goes to the position that holds it now as far as it rose, and to the one that held it in
    the reference as far as it fell.
    """
    highest = torch.maximum(step.output, reference.output)
    (risen,) = step.chain(multiplier * (highest - reference.output), create_graph)
    (fallen,) = reference.chain(multiplier * (step.output - highest), create_graph)
    difference = step.inputs[0] - reference.inputs[0]
    near = difference.abs() < SMALLEST_DIFFERENCE
    return torch.where(near, 0.0, (risen + fallen) / torch.where(near, 1.0, difference))


class DeepLift(NetworkExplainer):
    """DeepLIFT from one gray level, with its sign."""

    name = "deeplift"

    def __init__(self, own: Settings, runtime: Runtime) -> None:
        super().__init__(runtime)
        self._own = own

    def attribution(self, network: nn.Module) -> Attribution:
        """The method for one network.

        Raises:
            StudyError: the network cannot be traced.
        """
        steps = Steps(network, self.name)

        def attribute(inputs: torch.Tensor, classes: torch.Tensor, *, create_graph: bool = False) -> torch.Tensor:
            return over_channels(deeplift(steps, inputs, classes, self._own, create_graph=create_graph))

        return attribute


def load(argument: str | None, own: Settings, runtime: Runtime) -> DeepLift:
    """The explainer.

    Raises:
        StudyError: there is an argument.
    """
    no_argument("deeplift", argument)
    return DeepLift(own, runtime)
