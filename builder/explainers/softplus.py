"""Softplus twins: Dombrowski et al., "Explanations can be manipulated and geometry is to blame" (2019)."""

from collections.abc import Callable

import torch
from torch import fx, nn
from torch.nn import functional

from builder.errors import StudyError
from builder.explainers.steps import function_name, traced


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
        twin, *slope = _twin(node, layers)
        if twin is not None:
            with module.graph.inserting_after(node):
                smooth = module.graph.call_function(twin, (node.args[0], float(beta), *slope))
            node.replace_all_uses_with(smooth)
            module.graph.erase_node(node)
            replaced += 1
    if not replaced:
        raise StudyError("softplus: the network has no ReLU, so its softplus twin would be the network itself")
    module.recompile()
    return module


def smooth_relu(x: torch.Tensor, beta: float) -> torch.Tensor:
    """Softplus, log(1 + exp(beta x)) / beta (Dombrowski et al.)."""
    return functional.softplus(x, beta=beta)


def smooth_relu6(x: torch.Tensor, beta: float) -> torch.Tensor:
    """The softplus of a ReLU that ends at 6, which is relu(x) - relu(x - 6)."""
    return functional.softplus(x, beta=beta) - functional.softplus(x - 6, beta=beta)


def smooth_leaky_relu(x: torch.Tensor, beta: float, slope: float) -> torch.Tensor:
    """The softplus of a leaky ReLU, which is slope x + (1 - slope) relu(x)."""
    return slope * x + (1 - slope) * functional.softplus(x, beta=beta)


def _twin(node: fx.Node, layers: dict[str, nn.Module]) -> tuple[Callable[..., torch.Tensor] | None, *tuple[float, ...]]:
    """What takes the place of a node, and a leaky ReLU's slope; None where it is no ReLU."""
    if node.op == "call_module":
        layer = layers[str(node.target)]
        if isinstance(layer, nn.LeakyReLU):
            return smooth_leaky_relu, layer.negative_slope
        return ({nn.ReLU: smooth_relu, nn.ReLU6: smooth_relu6}.get(type(layer)),)
    if node.op in ("call_function", "call_method"):
        return ({"relu": smooth_relu, "relu6": smooth_relu6}.get(function_name(node)),)
    return (None,)
