"""`gradient_x_input`: Shrikumar et al., "Not Just a Black Box" (2016)."""

import torch
from torch import nn

from builder import settings
from builder.explainers.base import Attribution, NetworkExplainer, differentiable, no_argument, over_channels
from builder.explainers.base import describe as describe
from builder.explainers.gradient import gradient
from builder.runtime import Runtime


def gradient_x_input(
    network: nn.Module, inputs: torch.Tensor, classes: torch.Tensor, *, create_graph: bool = False
) -> torch.Tensor:
    """Each pixel times the derivative of the class score by it, (n, c, h, w)."""
    inputs = differentiable(inputs)
    # Shrikumar et al. 2016, section 2: x_i * dS_c / dx_i.
    return inputs * gradient(network, inputs, classes, create_graph=create_graph)


class GradientXInput(NetworkExplainer):
    """Gradient x input, with its sign; black pixels get 0."""

    name = "gradient_x_input"

    def attribution(self, network: nn.Module) -> Attribution:
        """The method for one network."""

        def attribute(inputs: torch.Tensor, classes: torch.Tensor, *, create_graph: bool = False) -> torch.Tensor:
            return over_channels(gradient_x_input(network, inputs, classes, create_graph=create_graph))

        return attribute


class Settings(settings.Settings):
    """No keys."""


def load(argument: str | None, own: Settings, runtime: Runtime) -> GradientXInput:
    """The explainer.

    Raises:
        StudyError: there is an argument.
    """
    no_argument("gradient_x_input", argument)
    return GradientXInput(runtime)
