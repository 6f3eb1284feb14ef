"""`integrated_gradients`: Sundararajan, Taly, Yan, "Axiomatic Attribution for Deep Networks" (2017)."""

from typing import Annotated

import torch
from pydantic import Field
from torch import nn

from builder import settings
from builder.explainers.base import Attribution, NetworkExplainer, differentiable, no_argument, over_channels
from builder.explainers.base import describe as describe
from builder.explainers.gradient import gradient
from builder.runtime import Runtime


class Settings(settings.Settings):
    """The keys of integrated gradients.

    steps: points on the way at which the gradient is taken. baseline: the gray level, 0..1, where the way begins.
    """

    steps: Annotated[int, Field(ge=1, le=10_000)] = 64
    baseline: Annotated[float, Field(ge=0, le=1)] = 0.0


def integrated_gradients(
    network: nn.Module,
    inputs: torch.Tensor,
    classes: torch.Tensor,
    own: Settings,
    *,
    create_graph: bool = False,
) -> torch.Tensor:
    """Shares of the score's difference between image and baseline, (n, c, h, w), which add up to it as far as `steps`
    go: in a network of ReLUs the error falls like 1 / steps.
    """
    inputs = differentiable(inputs)
    baseline = torch.full_like(inputs, own.baseline)
    total = torch.zeros_like(inputs)
    for step in range(own.steps):
        # Sundararajan et al., equation 1; the integral by the midpoint rule, which is more exact than their equation 3.
        alpha = (step + 0.5) / own.steps
        point = baseline + alpha * (inputs - baseline)
        total = total + gradient(network, point if create_graph else point.detach(), classes, create_graph=create_graph)
    return (inputs - baseline) * total / own.steps


class IntegratedGradients(NetworkExplainer):
    """Integrated gradients from one gray level, with their sign."""

    name = "integrated_gradients"

    def __init__(self, own: Settings, runtime: Runtime) -> None:
        super().__init__(runtime)
        self._own = own

    def attribution(self, network: nn.Module) -> Attribution:
        """The method for one network."""

        def attribute(inputs: torch.Tensor, classes: torch.Tensor, *, create_graph: bool = False) -> torch.Tensor:
            return over_channels(integrated_gradients(network, inputs, classes, self._own, create_graph=create_graph))

        return attribute


def load(argument: str | None, own: Settings, runtime: Runtime) -> IntegratedGradients:
    """The explainer.

    Raises:
        StudyError: there is an argument.
    """
    no_argument("integrated_gradients", argument)
    return IntegratedGradients(own, runtime)
