"""Softplus twins: Dombrowski et al., "Explanations can be manipulated and geometry is to blame" (2019)."""

import torch
from torch import fx, nn
from torch.nn import functional

from builder.errors import StudyError
from builder.explainers.steps import Activation, function_name, traced


def softplus(network: nn.Module, beta: float) -> fx.GraphModule:
    """A copy of the network in which softplus takes the place of ReLU: smooth, so that its gradient has a derivative.

    Args:
        network: in evaluation mode; ReLU, ReLU6 and LeakyReLU as modules, ReLU and ReLU6 as functions or methods, too.
        beta: above 0; the larger, the nearer to the ReLU.

    Raises:
        StudyError: the network cannot be traced, or has no ReLU.
    """
    module = traced(network, "softplus")
    layers = dict(module.named_modules())
    replaced = 0
    for node in list(module.graph.nodes):
        twin = _twin(node, layers, beta)
        if twin is not None:
            name = f"{node.name}_softplus"
            module.add_submodule(name, twin)
            with module.graph.inserting_after(node):
                smooth = module.graph.call_module(name, (node.args[0],))
            node.replace_all_uses_with(smooth)
            module.graph.erase_node(node)
            replaced += 1
    if not replaced:
        raise StudyError("softplus: the network has no ReLU, so its softplus twin would be the network itself")
    module.recompile()
    return module.eval()


class SmoothReLU(Activation):
    """Softplus, log(1 + exp(beta x)) / beta."""

    def __init__(self, beta: float) -> None:
        super().__init__()
        self.beta = beta

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Any shape, which stays."""
        return functional.softplus(x, beta=self.beta)


class SmoothReLU6(SmoothReLU):
    """The softplus of a ReLU that ends at 6, which is relu(x) - relu(x - 6)."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Any shape, which stays."""
        return super().forward(x) - super().forward(x - 6)


class SmoothLeakyReLU(SmoothReLU):
    """The softplus of a leaky ReLU, which is slope x + (1 - slope) relu(x)."""

    def __init__(self, beta: float, slope: float) -> None:
        super().__init__(beta)
        self.slope = slope

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Any shape, which stays."""
        return self.slope * x + (1 - self.slope) * super().forward(x)


def _twin(node: fx.Node, layers: dict[str, nn.Module], beta: float) -> SmoothReLU | None:
    """The node that takes the place of a node; None where it is no ReLU."""
    layer = layers[str(node.target)] if node.op == "call_module" else None
    if isinstance(layer, nn.LeakyReLU):
        return SmoothLeakyReLU(beta, layer.negative_slope)
    function = function_name(node) if node.op in ("call_function", "call_method") else None
    if isinstance(layer, nn.ReLU6) or function == "relu6":
        return SmoothReLU6(beta)
    if isinstance(layer, nn.ReLU) or function == "relu":
        return SmoothReLU(beta)
    return None
