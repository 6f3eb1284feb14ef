"""A network as steps that are walked back one by one, each by a rule: for methods that change the chain rule.

The network is traced, so that functions count like modules, and a batch normalization behind a convolution or a dense
layer is folded into it.
"""

import copy
import operator
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

import torch
from torch import fx, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval, fuse_linear_bn_eval

from builder.errors import StudyError


class Kind(Enum):
    """The kind of a step, as far as rules differ."""

    CONVOLUTION = "a convolution"
    DENSE = "a dense layer"
    AVERAGE = "a mean or sum over positions"
    MAXIMUM = "a maximum over positions"
    ACTIVATION = "a function of each number alone"
    SCALE = "each number times or plus a constant"
    SUM = "tensors added up"
    ROUTE = "numbers moved or left out"


class Activation(nn.Module):
    """The base of our own functions of each number alone, each of which is one step."""


_MODULES: tuple[tuple[tuple[type[nn.Module], ...], Kind], ...] = (
    ((nn.Conv2d,), Kind.CONVOLUTION),
    ((nn.Linear,), Kind.DENSE),
    ((nn.AvgPool2d, nn.AdaptiveAvgPool2d, nn.Upsample), Kind.AVERAGE),
    ((nn.MaxPool2d, nn.AdaptiveMaxPool2d), Kind.MAXIMUM),
    ((Activation, nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.Softplus, nn.ELU, nn.GELU), Kind.ACTIVATION),
    ((nn.SiLU, nn.Sigmoid, nn.Tanh), Kind.ACTIVATION),
    ((nn.BatchNorm1d, nn.BatchNorm2d), Kind.SCALE),
    ((nn.Flatten, nn.Identity, nn.Dropout, nn.Dropout2d, nn.ZeroPad2d), Kind.ROUTE),
)

_FUNCTIONS: dict[str, Kind] = {
    **dict.fromkeys(("mean", "avg_pool2d", "adaptive_avg_pool2d"), Kind.AVERAGE),
    **dict.fromkeys(("max_pool2d", "adaptive_max_pool2d", "amax"), Kind.MAXIMUM),
    **dict.fromkeys(
        ("relu", "relu6", "leaky_relu", "elu", "gelu", "silu", "sigmoid", "tanh", "softplus"), Kind.ACTIVATION
    ),
    **dict.fromkeys(("add", "sub", "mul", "truediv", "div"), Kind.SCALE),
    **dict.fromkeys(("flatten", "reshape", "view", "permute", "squeeze", "unsqueeze"), Kind.ROUTE),
    **dict.fromkeys(("contiguous", "to", "float", "cat", "pad", "dropout"), Kind.ROUTE),
}
"""Functions of torch and methods of tensors, by name."""

_NOT_IN_PLACE = {
    operator.iadd: operator.add,
    operator.isub: operator.sub,
    operator.imul: operator.mul,
    operator.itruediv: operator.truediv,
}


@dataclass(frozen=True)
class Step:
    """A step of a network, run on one micro-batch.

    name, sources: of this step and of those whose outputs are its inputs. layer: the module of a convolution or a dense
    layer, else None. inputs: the tensors that depend on the image. output: part of the same graph.
    """

    kind: Kind
    name: str
    sources: tuple[str, ...]
    layer: nn.Module | None
    inputs: tuple[torch.Tensor, ...]
    output: torch.Tensor

    def chain(self, arriving: torch.Tensor, create_graph: bool) -> tuple[torch.Tensor, ...]:
        """The gradient at each input, by the chain rule, from that at the output."""
        return torch.autograd.grad(
            self.output, self.inputs, arriving, retain_graph=True, create_graph=create_graph, materialize_grads=True
        )


Rule = Callable[[Step, torch.Tensor], tuple[torch.Tensor, ...]]
"""A step and what arrives at its output, of its shape -> what goes on to each of its inputs."""


@dataclass(frozen=True)
class Tape:
    """A network's run on one micro-batch: the image, the steps in order, the logits."""

    image: torch.Tensor
    image_name: str
    steps: tuple[Step, ...]
    logits: torch.Tensor

    def back(self, start: torch.Tensor, rule: Rule) -> torch.Tensor:
        """Walks back from the logits, where `start` (n, k) arrives, to the image: (n, 3, h, w)."""
        arrived = {self.steps[-1].name: start}
        for step in reversed(self.steps):
            if step.name in arrived:
                for source, part in zip(step.sources, rule(step, arrived.pop(step.name)), strict=True):
                    arrived[source] = arrived[source] + part if source in arrived else part
        return arrived[self.image_name]


class Steps:
    """A network that can be walked back. Several threads may run it at the same time."""

    def __init__(self, network: nn.Module, method: str) -> None:
        """method: what errors call the method.

        Raises:
            StudyError: the network cannot be traced.
        """
        self._module = traced(network, method)
        self._method = method
        self._layers = dict(self._module.named_modules())

    def run(self, inputs: torch.Tensor) -> Tape:
        """Images in 0..1, (n, 3, h, w), that can be differentiated -> all that was done with them.

        Raises:
            StudyError: a step is of no kind that has rules.
        """
        recorder = _Recorder(self._module)
        recorder.run(inputs)
        steps = tuple(self._step(node, sources, output) for node, sources, output in recorder.done)
        image = next(node for node in self._module.graph.nodes if node.op == "placeholder")
        return Tape(inputs, image.name, steps, steps[-1].output)

    def _step(self, node: fx.Node, sources: dict[fx.Node, torch.Tensor], output: torch.Tensor) -> Step:
        module = self._layers[str(node.target)] if node.op == "call_module" else None
        kind = _kind_of_module(module) if module is not None else _FUNCTIONS.get(function_name(node))
        if kind is Kind.SCALE and len(sources) > 1:
            kind = Kind.SUM if function_name(node) == "add" else None
        if kind is None:
            what = type(module).__name__ if module is not None else function_name(node)
            several = f" of {len(sources)} tensors" if len(sources) > 1 else ""
            raise StudyError(
                f"explainer {self._method!r} has no rule for the network's step {node.name!r} ({what}{several}); "
                "gradient, integrated_gradients and lime need none"
            )
        layer = module if kind in (Kind.CONVOLUTION, Kind.DENSE) else None
        return Step(kind, node.name, tuple(each.name for each in sources), layer, tuple(sources.values()), output)


class _Recorder(fx.Interpreter):
    """Runs a graph; `done` has each node with a tensor that depends on the image, what it got of those, and its output.

    Each node gets tensors of its own, so that one input's derivative does not run through another input.
    """

    def __init__(self, module: fx.GraphModule) -> None:
        super().__init__(module)
        self.done: list[tuple[fx.Node, dict[fx.Node, torch.Tensor], torch.Tensor]] = []
        self._reached: set[fx.Node] = set()

    def run_node(self, n: fx.Node) -> Any:
        """The node's output."""
        if n.op in ("placeholder", "output", "get_attr"):
            if n.op == "placeholder":
                self._reached.add(n)
            return super().run_node(n)
        sources = {each: self.env[each].view_as(self.env[each]) for each in n.all_input_nodes if each in self._reached}
        values = {each: self.env[each] for each in n.all_input_nodes} | sources
        args, kwargs = fx.node.map_arg((n.args, n.kwargs), values.__getitem__)
        result = getattr(self, n.op)(n.target, args, kwargs)
        if sources and isinstance(result, torch.Tensor):
            self._reached.add(n)
            self.done.append((n, sources, result))
        return result


_SIDES = (64, 96)
"""Pixels of a side of the images with which a condition on their shape is asked; it must not depend on it."""


class _Tracer(fx.Tracer):
    def to_bool(self, obj: fx.Proxy) -> bool:
        """The answer to a condition on no more than the number of channels, which is 3, such as where a network refuses
        other images. No other can be traced.
        """
        if not _sees_values(obj.node):
            answers = {self._answer(obj.node, side) for side in _SIDES}
            if len(answers) == 1:
                return answers.pop()
        return super().to_bool(obj)

    def _answer(self, node: fx.Node, side: int) -> bool:
        module = self.root
        device = next((each.device for each in module.parameters()), None)
        begun = fx.Interpreter(module, garbage_collect_values=False, graph=self.graph)
        with torch.no_grad():
            begun.run(torch.full((1, 3, side, side), 0.5, device=device))
        return bool(begun.env[node])

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        """A subclass of a convolution or dense layer is one step, too."""
        return isinstance(m, nn.Conv2d | nn.Linear | Activation) or super().is_leaf_module(m, module_qualified_name)


def _sees_values(node: fx.Node) -> bool:
    """Whether it depends on what the pixels of the image are, and not on its shape alone."""
    if node.op == "placeholder":
        return True
    shape = (node.target is getattr and node.args[1] == "shape") or (node.op == "call_method" and node.target == "size")
    return not shape and any(_sees_values(each) for each in node.all_input_nodes)


def traced(network: nn.Module, method: str) -> fx.GraphModule:
    """A copy of the network as a graph: batch normalizations folded, nothing in place.

    Weights that are being trained (`requires_grad`) are shared with the network, not copied, so that the copy follows
    their training; such a normalization is not folded.

    Raises:
        StudyError: its code cannot be traced, as where it depends on the values that it sees.
    """
    own = copy.deepcopy(network, {id(each): each for each in network.parameters() if each.requires_grad})
    for layer in own.modules():
        if hasattr(layer, "inplace"):
            setattr(layer, "inplace", False)  # noqa: B010  # not declared by nn.Module
    try:
        module = fx.GraphModule(own, _Tracer().trace(own))
    except Exception as error:  # the network's own code, which may raise anything
        raise StudyError(
            f"explainer {method!r} walks through the network step by step, and this one cannot be traced "
            f"({type(error).__name__}: {str(error)[:200]}); gradient, integrated_gradients and lime need no steps"
        ) from error
    (output,) = (node for node in module.graph.nodes if node.op == "output")
    if not isinstance(output.args[0], fx.Node):
        raise StudyError(f"explainer {method!r}: the network gives no one tensor of logits")
    _fold(module)
    for node in module.graph.nodes:
        _out_of_place(node)
    module.recompile()
    return module


def _fold(module: fx.GraphModule) -> None:
    """Puts each batch normalization into the layer before it, where nothing else reads that."""
    layers = dict(module.named_modules())
    calls = Counter(node.target for node in module.graph.nodes if node.op == "call_module")
    for node in list(module.graph.nodes):
        norm = layers[node.target] if node.op == "call_module" else None
        if not isinstance(norm, nn.BatchNorm1d | nn.BatchNorm2d) or norm.training or norm.running_mean is None:
            continue
        before = node.args[0]
        alone = before.op == "call_module" and len(before.users) == 1 and calls[before.target] == 1
        layer = layers[before.target] if alone else None
        if layer is not None and any(each.requires_grad for each in (*layer.parameters(), *norm.parameters())):
            continue
        if isinstance(layer, nn.Conv2d):
            module.set_submodule(before.target, fuse_conv_bn_eval(layer, norm))
        elif isinstance(layer, nn.Linear):
            module.set_submodule(before.target, fuse_linear_bn_eval(layer, norm))
        else:
            continue
        node.replace_all_uses_with(before)
        module.graph.erase_node(node)


def _out_of_place(node: fx.Node) -> None:
    if node.kwargs.get("inplace"):
        node.kwargs = {**node.kwargs, "inplace": False}
    if node.op == "call_method":
        node.target = str(node.target).removesuffix("_")
    elif node.op == "call_function" and node.target in _NOT_IN_PLACE:
        node.target = _NOT_IN_PLACE[node.target]
    elif node.op == "call_function" and function_name(node).endswith("_"):
        node.target = getattr(torch, function_name(node).removesuffix("_"))


def function_name(node: fx.Node) -> str:
    """The name of the function of torch, or of the method of tensors, that a node calls."""
    return node.target if isinstance(node.target, str) else getattr(node.target, "__name__", str(node.target))


def _kind_of_module(module: nn.Module) -> Kind | None:
    return next((kind for types, kind in _MODULES if isinstance(module, types)), None)
