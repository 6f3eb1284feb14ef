"""A file of ONNX with a network of layers one after the other, written without the package `onnx`.

It holds what a protocol buffer of such a graph needs (https://onnx.ai/onnx/repo-docs/IR.html) and no more: convolution,
leaky ReLU, max pooling, flattening, dense layers.
"""

import struct
from collections.abc import Iterable
from pathlib import Path

import torch
from torch import nn

IR_VERSION, OPSET = 8, 13

FLOAT, INTS, INT = 1, 7, 2
"""Types of attributes; FLOAT also of tensors."""


def write_onnx(network: nn.Sequential, side: int, path: Path) -> None:
    """Writes a network from images (n, 3, side, side) to logits, for any n.

    Raises:
        ValueError: a layer is of none of the kinds above.
    """
    nodes, weights, name = [], [], "x"
    for at, layer in enumerate(network):
        made = _node(layer, name, f"y{at}", str(at))
        if made is not None:
            nodes.append(made)
            weights += [_tensor(f"{at}.{key}", value) for key, value in layer.named_parameters()]
            name = f"y{at}"
    graph = b"".join(
        [
            *(_bytes(1, node) for node in nodes),
            _bytes(2, b"network"),
            *(_bytes(5, each) for each in weights),
            _bytes(11, _value("x", ("n", 3, side, side))),
            _bytes(12, _value(name, ("n", "k"))),
        ]
    )
    path.write_bytes(_number(1, IR_VERSION) + _bytes(7, graph) + _bytes(8, _bytes(1, b"") + _number(2, OPSET)))


def _node(layer: nn.Module, source: str, output: str, weights: str) -> bytes | None:
    """A layer; None for those that do nothing here."""
    inputs = [source, *(f"{weights}.{key}" for key, _ in layer.named_parameters())]
    if isinstance(layer, nn.Dropout):
        return None
    if isinstance(layer, nn.Conv2d):
        return _operator("Conv", inputs, output, _ints("pads", [_side(layer.padding)] * 4))
    if isinstance(layer, nn.LeakyReLU):
        return _operator("LeakyRelu", inputs, output, _float("alpha", layer.negative_slope))
    if isinstance(layer, nn.MaxPool2d):
        side = _side(layer.kernel_size)
        return _operator("MaxPool", inputs, output, _ints("kernel_shape", [side] * 2) + _ints("strides", [side] * 2))
    if isinstance(layer, nn.Flatten):
        return _operator("Flatten", inputs, output, b"")
    if isinstance(layer, nn.Linear):
        return _operator("Gemm", inputs, output, _int("transB", 1))
    raise ValueError(f"no rule for {type(layer).__name__}")


def _side(sizes: object) -> int:
    """The one size of a square."""
    side = sizes[0] if isinstance(sizes, tuple) else sizes
    if not isinstance(side, int):
        raise ValueError(f"no rule for {sizes!r}")
    return side


def _operator(kind: str, inputs: Iterable[str], output: str, attributes: bytes) -> bytes:
    names = b"".join(_bytes(1, each.encode()) for each in inputs)
    return names + _bytes(2, output.encode()) + _bytes(4, kind.encode()) + attributes


def _float(name: str, value: float) -> bytes:
    return _bytes(5, _bytes(1, name.encode()) + _key(2, 5) + struct.pack("<f", value) + _number(20, FLOAT))


def _int(name: str, value: int) -> bytes:
    return _bytes(5, _bytes(1, name.encode()) + _number(3, value) + _number(20, INT))


def _ints(name: str, values: Iterable[int]) -> bytes:
    return _bytes(5, _bytes(1, name.encode()) + b"".join(_number(8, each) for each in values) + _number(20, INTS))


def _tensor(name: str, values: torch.Tensor) -> bytes:
    dims = b"".join(_number(1, size) for size in values.shape)
    raw = values.detach().to(torch.float32).contiguous().numpy().tobytes()
    return dims + _number(2, FLOAT) + _bytes(8, name.encode()) + _bytes(9, raw)


def _value(name: str, shape: Iterable[int | str]) -> bytes:
    dims = [_bytes(2, each.encode()) if isinstance(each, str) else _number(1, each) for each in shape]
    tensor = _number(1, FLOAT) + _bytes(2, b"".join(_bytes(1, each) for each in dims))
    return _bytes(1, name.encode()) + _bytes(2, _bytes(1, tensor))


def _key(field: int, wire: int) -> bytes:
    return _varint(field << 3 | wire)


def _number(field: int, value: int) -> bytes:
    return _key(field, 0) + _varint(value)


def _bytes(field: int, value: bytes) -> bytes:
    return _key(field, 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    made = bytearray()
    while value > 127:
        made.append(value & 127 | 128)
        value >>= 7
    return bytes([*made, value])
