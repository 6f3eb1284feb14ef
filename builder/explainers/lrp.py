"""`lrp`: layer-wise relevance propagation. Bach et al., "On Pixel-Wise Explanations for Non-Linear Classifier Decisions
by Layer-Wise Relevance Propagation" (2015); z+ and the box at the pixels: Montavon et al., "Explaining nonlinear
classification decisions with deep Taylor decomposition" (2017).

What only scales, shifts or bends each number alone passes relevance on as it is.
"""

import copy
from collections.abc import Callable
from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import nn
from torch.func import functional_call

from builder import settings
from builder.explainers.base import Attribution, NetworkExplainer, differentiable, no_argument, one_hot, over_channels
from builder.explainers.base import describe as describe
from builder.explainers.steps import Kind, Step, Steps
from builder.runtime import Runtime

RuleName = Literal["epsilon", "z_plus", "composite"]


class Settings(settings.Settings):
    """The keys of LRP.

    rule: of convolutions and dense layers; `composite` is the one for convolutional networks of Kohlbrenner et al.,
        "Towards Best Practice in Explaining Neural Network Decisions with LRP" (2020): dense layers by epsilon,
        convolutions by z+, the first by its box.
    epsilon: keeps what is divided by away from 0.
    """

    rule: RuleName = "composite"
    epsilon: Annotated[float, Field(gt=0, le=1)] = 1e-6


Parts = tuple[torch.Tensor, ...]


class LRP(NetworkExplainer):
    """Layer-wise relevance propagation of the class's logit."""

    name = "lrp"

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
            return over_channels(lrp(steps, inputs, classes, self._own, create_graph=create_graph))

        return attribute


def lrp(
    steps: Steps, inputs: torch.Tensor, classes: torch.Tensor, own: Settings, *, create_graph: bool = False
) -> torch.Tensor:
    """The relevance of each pixel for the class's logit, (n, c, h, w). Without biases it adds up to the logit."""
    tape = steps.run(differentiable(inputs))
    first = next((step.name for step in tape.steps if step.kind is Kind.CONVOLUTION), None)
    box = _box(steps, tape.image, first) if own.rule == "composite" and first else None

    def rule(step: Step, relevance: torch.Tensor) -> Parts:
        if step.kind in (Kind.ACTIVATION, Kind.SCALE):
            return (relevance,)
        if step.kind in (Kind.ROUTE, Kind.MAXIMUM):  # the winner takes all
            return step.chain(relevance, create_graph)
        if box is not None and step.name == first:
            return (_z_box(step, relevance, box, own.epsilon, create_graph),)
        if _by_z_plus(step, own.rule):
            return (_z_plus(step, relevance, own.epsilon, create_graph),)
        # Bach et al., equation 58: R_i = sum_j z_ij / (z_j + epsilon sign(z_j)) R_j, with z_ij = x_i w_ij.
        slopes = step.chain(relevance / _stable(step.output, own.epsilon), create_graph)
        return tuple(each * slope for each, slope in zip(step.inputs, slopes, strict=True))

    start = one_hot(classes, tape.logits) * tape.logits
    return tape.back(start, rule)


def _by_z_plus(step: Step, rule: RuleName) -> bool:
    if step.kind is Kind.CONVOLUTION:
        return rule in ("z_plus", "composite")
    return step.kind is Kind.DENSE and rule == "z_plus"


def _z_plus(step: Step, relevance: torch.Tensor, epsilon: float, create_graph: bool) -> torch.Tensor:
    """Bach et al., equation 60, with alpha 1 and beta 0: R_i = sum_j z_ij+ / z_j+ R_j, where z_j+ = sum_i z_ij+ + b_j+.
    An input below 0 has its z_ij+ from weights below 0.
    """
    (x,) = step.inputs
    positive, negative = x.clamp(min=0), x.clamp(max=0)
    with_bias = _layer(step, _above, _above)
    without_bias = _layer(step, _below, torch.zeros_like)
    z = with_bias(positive) + without_bias(negative)
    slopes = torch.autograd.grad(
        z, (positive, negative), relevance / _stable(z, epsilon), retain_graph=True, create_graph=create_graph
    )
    return positive * slopes[0] + negative * slopes[1]


def _z_box(step: Step, relevance: torch.Tensor, box: Parts, epsilon: float, create_graph: bool) -> torch.Tensor:
    """Montavon et al. 2017, table 1, for pixels in l..h:
    R_i = sum_j (x_i w_ij - l_i w_ij+ - h_i w_ij-) / (sum_i x_i w_ij - l_i w_ij+ - h_i w_ij-) R_j.
    """
    (x,) = step.inputs
    low, high = (each.detach().expand_as(x).clone().requires_grad_() for each in box)
    parts = (_layer(step, _same, torch.zeros_like)(x), _layer(step, _above, torch.zeros_like)(low))
    z = parts[0] - parts[1] - _layer(step, _below, torch.zeros_like)(high)
    slopes = torch.autograd.grad(
        z, (x, low, high), relevance / _stable(z, epsilon), retain_graph=True, create_graph=create_graph
    )
    return x * slopes[0] + low * slopes[1] + high * slopes[2]  # the slopes of low and high have their minus already


def _box(steps: Steps, image: torch.Tensor, name: str) -> Parts:
    """The bounds of the first convolution's inputs: those of a black and a white image, the smaller first."""
    black, white = torch.zeros_like(image[:1]), torch.ones_like(image[:1])
    seen = []
    for bound in (black, white):
        tape = steps.run(bound.requires_grad_())
        (x,) = next(step.inputs for step in tape.steps if step.name == name)
        seen.append(x.detach())
    return torch.minimum(*seen), torch.maximum(*seen)


def _layer(
    step: Step, of_weight: Callable[[torch.Tensor], torch.Tensor], of_bias: Callable[[torch.Tensor], torch.Tensor]
) -> Callable[[torch.Tensor], torch.Tensor]:
    """The step's layer with changed weights and bias, which can be differentiated by them."""
    # A copy, as other threads use the layer, too.
    layer: nn.Module = copy.deepcopy(step.layer)  # type: ignore[assignment]  # a convolution or dense layer has one
    changes = {"weight": of_weight, "bias": of_bias}
    changed = {name: changes[name](values) for name, values in step.layer.named_parameters()}  # type: ignore[union-attr]
    return lambda x: functional_call(layer, changed, (x,))


def _same(weights: torch.Tensor) -> torch.Tensor:
    return weights


def _above(weights: torch.Tensor) -> torch.Tensor:
    return weights.clamp(min=0)


def _below(weights: torch.Tensor) -> torch.Tensor:
    return weights.clamp(max=0)


def _stable(z: torch.Tensor, epsilon: float) -> torch.Tensor:
    return z + epsilon * torch.where(z >= 0, 1.0, -1.0)


def load(argument: str | None, own: Settings, runtime: Runtime) -> LRP:
    """The explainer.

    Raises:
        StudyError: there is an argument.
    """
    no_argument("lrp", argument)
    return LRP(own, runtime)
