"""`grad_cam`: Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks" (2017)."""

import threading
from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from builder import settings
from builder.errors import StudyError
from builder.explainers.base import Attribution, NetworkExplainer, differentiable, no_argument, score
from builder.explainers.base import describe as describe
from builder.explainers.steps import Kind, Steps
from builder.runtime import Runtime


class Settings(settings.Settings):
    """The keys of Grad-CAM.

    layer: the module whose feature maps are weighed, by its name in the network; by default the last convolution, or
        the normalization and activation that come behind it.
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
            StudyError: the network has no convolution, or no layer of the name; or none is named, and it cannot be
                traced.
        """
        features_and_score = _of_layer(network, self._own.layer) if self._own.layer else _of_last_convolution(network)

        def attribute(inputs: torch.Tensor, classes: torch.Tensor, *, create_graph: bool = False) -> torch.Tensor:
            features, scores = features_and_score(inputs, classes)
            (slopes,) = torch.autograd.grad(scores.sum(), features, create_graph=create_graph)
            # Selvaraju et al., equation 1: alpha_k = 1/Z sum_ij dy_c / dA_k_ij; equation 2: ReLU(sum_k alpha_k A_k).
            weights = slopes.mean(dim=(2, 3), keepdim=True)
            heat = functional.relu((weights * features).sum(dim=1, keepdim=True))
            # Enlarged bilinearly to the image, as in the paper's section 3.2 and the authors' code.
            return functional.interpolate(heat, inputs.shape[2:], mode="bilinear", align_corners=False)[:, 0]

        return attribute


FeaturesAndScore = Callable[[torch.Tensor, torch.Tensor], tuple[torch.Tensor, torch.Tensor]]
"""Images (n, 3, h, w) and classes (n,) -> feature maps (n, k, h', w') and the class scores (n,), of one graph."""


def _of_last_convolution(network: nn.Module) -> FeaturesAndScore:
    """The features and the score of the last convolution, or of what bends its output: the paper's A_k are what later
    layers see.
    """
    if not any(isinstance(module, nn.Conv2d) for module in network.modules()):
        raise StudyError("explainer 'grad_cam': the network has no convolution; name a layer with the key layer")
    steps = Steps(network, "grad_cam")

    def features_and_score(inputs: torch.Tensor, classes: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        tape = steps.run(differentiable(inputs))
        last = [step for step in tape.steps if step.kind is Kind.CONVOLUTION][-1]
        for step in tape.steps:
            if step.kind in (Kind.SCALE, Kind.ACTIVATION) and step.sources == (last.name,):
                last = step
        return last.output, tape.logits.gather(1, classes[:, None])[:, 0]

    return features_and_score


def _of_layer(network: nn.Module, name: str) -> FeaturesAndScore:
    modules = dict(network.named_modules())
    if name not in modules:
        names = ", ".join(filter(None, modules))[:500]
        raise StudyError(f"explainer 'grad_cam': the network has no layer {name!r}; it has: {names}")

    def features_and_score(inputs: torch.Tensor, classes: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        features, scores = _features_and_score(network, modules[name], inputs, classes)
        if features.ndim != 4:
            raise StudyError(f"explainer 'grad_cam': the layer {name} gives no feature maps but {features.ndim} axes")
        return features, scores

    return features_and_score


def _features_and_score(
    network: nn.Module, layer: nn.Module, inputs: torch.Tensor, classes: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """The layer's output, part of the graph, and the class scores."""
    features: list[torch.Tensor] = []
    here = threading.get_ident()  # other streams run the same network at the same time

    def keep(module: nn.Module, arguments: Any, output: torch.Tensor) -> torch.Tensor | None:
        if threading.get_ident() != here:
            return None
        output = output if output.requires_grad else output.requires_grad_()
        features.append(output)
        return output.clone()  # a ReLU in place behind the layer must not overwrite what is weighed

    handle = layer.register_forward_hook(keep)
    try:
        scores = score(network, inputs, classes)
    finally:
        handle.remove()
    if not features:
        raise StudyError("explainer 'grad_cam': the layer takes no part in the network's answer; name another as layer")
    return features[-1], scores


def load(argument: str | None, own: Settings, runtime: Runtime) -> GradCam:
    """The explainer.

    Raises:
        StudyError: there is an argument.
    """
    no_argument("grad_cam", argument)
    return GradCam(own, runtime)
