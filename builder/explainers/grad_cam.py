"""`grad_cam`: Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks" (2017)."""

import threading
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from builder import settings
from builder.errors import StudyError
from builder.explainers.base import Attribution, NetworkExplainer, no_argument, score
from builder.runtime import Runtime


class Settings(settings.Settings):
    """The keys of Grad-CAM.

    layer: the module whose feature maps are weighed, by its name in the network; by default the last convolution.
    """

    layer: str | None = None


class GradCam(NetworkExplainer):
    """Grad-CAM; as in the paper it shows only what speaks for the class, so no pixel is below 0."""

    name = "grad_cam"

    def __init__(self, own: Settings, runtime: Runtime) -> None:
        super().__init__(runtime)
        self._own = own

    def attribution(self, network: nn.Module) -> Attribution:
        """The method for one network.

        Raises:
            StudyError: the network has no convolution, or no layer of the name.
        """
        layer = _layer(network, self._own.layer)

        def attribute(inputs: torch.Tensor, classes: torch.Tensor, *, create_graph: bool = False) -> torch.Tensor:
            features, scores = _features_and_score(network, layer, inputs, classes)
            if features.ndim != 4:
                raise StudyError(
                    f"explainer 'grad_cam': {self._own.layer} gives no feature maps but {features.ndim} axes"
                )
            (slopes,) = torch.autograd.grad(scores.sum(), features, create_graph=create_graph)
            # Selvaraju et al., equation 1: alpha_k = 1/Z sum_ij dy_c / dA_k_ij; equation 2: ReLU(sum_k alpha_k A_k).
            weights = slopes.mean(dim=(2, 3), keepdim=True)
            heat = functional.relu((weights * features).sum(dim=1, keepdim=True))
            # Enlarged bilinearly to the image, as in the paper's section 3.2 and the authors' code.
            return functional.interpolate(heat, inputs.shape[2:], mode="bilinear", align_corners=False)[:, 0]

        return attribute


def _layer(network: nn.Module, name: str | None) -> nn.Module:
    modules: dict[str, nn.Module] = dict(network.named_modules())
    if name is None:
        convolutions = [module for module in modules.values() if isinstance(module, nn.Conv2d)]
        if not convolutions:
            raise StudyError("explainer 'grad_cam': the network has no convolution; name a layer with the key layer")
        return convolutions[-1]
    if name not in modules:
        raise StudyError(f"explainer 'grad_cam': the network has no layer {name!r}; it has: {', '.join(modules)[:500]}")
    return modules[name]


def _features_and_score(
    network: nn.Module, layer: nn.Module, inputs: torch.Tensor, classes: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """What the layer gives, part of the graph, and the class scores."""
    kept: list[torch.Tensor] = []
    here = threading.get_ident()  # other streams run the same network at the same time

    def keep(module: nn.Module, arguments: Any, output: torch.Tensor) -> torch.Tensor | None:
        if threading.get_ident() != here:
            return None
        output = output if output.requires_grad else output.requires_grad_()
        kept.append(output)
        return output.clone()  # a ReLU in place behind the layer must not overwrite what is weighed

    handle = layer.register_forward_hook(keep)
    try:
        scores = score(network, inputs, classes)
    finally:
        handle.remove()
    if not kept:
        raise StudyError("explainer 'grad_cam': the layer takes no part in the network's answer; name another as layer")
    return kept[-1], scores


def load(argument: str | None, own: Settings, runtime: Runtime) -> GradCam:
    """The explainer.

    Raises:
        StudyError: there is an argument.
    """
    no_argument("grad_cam", argument)
    return GradCam(own, runtime)
