"""`smoothgrad`: Smilkov et al., "SmoothGrad: removing noise by adding noise" (2017)."""

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
    """The keys of SmoothGrad.

    samples: noisy copies of an image. noise: standard deviation, as a share of the image's range of values. seed: of
    the noise, which is the same for every image, so that no image's map depends on what is explained beside it.
    """

    samples: Annotated[int, Field(ge=1, le=10_000)] = 50
    noise: Annotated[float, Field(gt=0, le=1)] = 0.15
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0


def smoothgrad(
    network: nn.Module,
    inputs: torch.Tensor,
    classes: torch.Tensor,
    own: Settings,
    *,
    create_graph: bool = False,
) -> torch.Tensor:
    """The mean gradient of noisy copies, (n, c, h, w)."""
    inputs = differentiable(inputs)
    # Smilkov et al.: the noise level is sigma / (x_max - x_min).
    deviation = own.noise * (inputs.amax(dim=(1, 2, 3)) - inputs.amin(dim=(1, 2, 3)))
    source = torch.Generator().manual_seed(own.seed)  # of the CPU, so that a GPU sees the same noise
    total = torch.zeros_like(inputs)
    for _ in range(own.samples):
        noise = torch.randn(inputs.shape[1:], generator=source).to(inputs.device)
        noisy = inputs + deviation[:, None, None, None] * noise
        # Smilkov et al.: M^(x) = 1/n sum M_c(x + N(0, sigma^2)).
        total = total + gradient(network, noisy if create_graph else noisy.detach(), classes, create_graph=create_graph)
    return total / own.samples


class SmoothGrad(NetworkExplainer):
    """SmoothGrad, with its sign."""

    name = "smoothgrad"

    def __init__(self, own: Settings, runtime: Runtime) -> None:
        super().__init__(runtime)
        self._own = own

    def attribution(self, network: nn.Module) -> Attribution:
        """The method for one network."""

        def attribute(inputs: torch.Tensor, classes: torch.Tensor, *, create_graph: bool = False) -> torch.Tensor:
            return over_channels(smoothgrad(network, inputs, classes, self._own, create_graph=create_graph))

        return attribute


def load(argument: str | None, own: Settings, runtime: Runtime) -> SmoothGrad:
    """The explainer.

    Raises:
        StudyError: there is an argument.
    """
    no_argument("smoothgrad", argument)
    return SmoothGrad(own, runtime)
