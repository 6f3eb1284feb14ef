"""`gradient`: Simonyan, Vedaldi, Zisserman, "Deep Inside Convolutional Networks" (2014), section 3."""

import torch
from torch import nn

from builder import settings
from builder.explainers.base import Attribution, NetworkExplainer, differentiable, no_argument, over_channels, score
from builder.explainers.base import describe as describe
from builder.runtime import Runtime


def gradient(
    network: nn.Module, inputs: torch.Tensor, classes: torch.Tensor, *, create_graph: bool = False
) -> torch.Tensor:
    """The derivative of each image's class score by its pixels, (n, c, h, w)."""
    inputs = differentiable(inputs)
    scores = score(network, inputs, classes)
    # Simonyan et al., section 3.1: w = dS_c / dI. An image's score depends on no other image, so the sum's does, too.
    (slopes,) = torch.autograd.grad(scores.sum(), inputs, create_graph=create_graph)
    return slopes


class Gradient(NetworkExplainer):
    """SimpleGrad, with its sign."""

    name = "gradient"

    def attribution(self, network: nn.Module) -> Attribution:
        """The method for one network."""

        def attribute(inputs: torch.Tensor, classes: torch.Tensor, *, create_graph: bool = False) -> torch.Tensor:
            return over_channels(gradient(network, inputs, classes, create_graph=create_graph))

        return attribute


class Settings(settings.Settings):
    """No keys."""


def load(argument: str | None, own: Settings, runtime: Runtime) -> Gradient:
    """The explainer.

    Raises:
        StudyError: there is an argument.
    """
    no_argument("gradient", argument)
    return Gradient(runtime)
