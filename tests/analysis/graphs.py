"""Graphs of ONNX with random weights in the place of DeepFace's models: their inputs and outputs, nothing they learned.

A field of a message is written as Protocol Buffers do; the numbers are those of onnx.proto.
"""

from pathlib import Path

import numpy as np

SIDES = {"age": 224, "gender": 224, "race": 224, "emotion": 48}
CLASSES = {"age": 101, "gender": 2, "race": 6, "emotion": 7}
POOLED = 8
FLOAT, INT, INTS, EXTERNAL = 1, 2, 7, 1


def graph(attribute: str, faces: int | str = "n", classes: int = 0, weights_in: str = "") -> bytes:
    """(faces, side, side, channels) -> shares (faces, classes): the mean of 8 x 8 cells, one layer and a softmax.

    faces: how many it takes, any number where it is a text. weights_in: path of a file with the weights of the layer.
    """
    side, channels = SIDES[attribute], 1 if attribute == "emotion" else 3
    classes, cell = classes or CLASSES[attribute], SIDES[attribute] // POOLED
    rng = np.random.default_rng(len(attribute))
    layer = rng.normal(0, 1, (channels * POOLED**2, classes)).astype("<f4")
    nodes = [
        node("Transpose", ["faces"], "planes", ints("perm", [0, 3, 1, 2])),
        node("AveragePool", ["planes"], "cells", ints("kernel_shape", [cell, cell]), ints("strides", [cell, cell])),
        node("Flatten", ["cells"], "features"),
        node("MatMul", ["features", "layer"], "scores"),
        node("Softmax", ["scores"], "shares", one("axis", 1)),
    ]
    body = b"".join(field(1, each) for each in nodes) + field(2, b"random") + field(5, tensor(layer, weights_in))
    body += field(11, value("faces", [faces, side, side, channels])) + field(12, value("shares", [faces, classes]))
    return field(1, 8) + field(7, body) + field(8, field(2, 13))


def write(home: Path, attribute: str, content: bytes) -> None:
    """As the weights of a model into the home folder of DeepFace."""
    from analysis.tables.deepface import FILES

    path = home / ".deepface" / "weights" / FILES[attribute]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def node(operator: str, inputs: list[str], output: str, *attributes: bytes) -> bytes:
    named = b"".join(field(1, name.encode()) for name in inputs) + field(2, output.encode())
    return named + field(4, operator.encode()) + b"".join(field(5, each) for each in attributes)


def ints(name: str, values: list[int]) -> bytes:
    return field(1, name.encode()) + b"".join(field(8, each) for each in values) + field(20, INTS)


def one(name: str, number: int) -> bytes:
    return field(1, name.encode()) + field(3, number) + field(20, INT)


def tensor(array: np.ndarray, elsewhere: str) -> bytes:
    described = b"".join(field(1, size) for size in array.shape) + field(2, FLOAT) + field(8, b"layer")
    if not elsewhere:
        return described + field(9, array.tobytes())
    return described + field(13, field(1, b"location") + field(2, elsewhere.encode())) + field(14, EXTERNAL)


def value(name: str, shape: list[int | str]) -> bytes:
    sizes = [field(1, size) if isinstance(size, int) else field(2, size.encode()) for size in shape]
    of_tensor = field(1, FLOAT) + field(2, b"".join(field(1, size) for size in sizes))
    return field(1, name.encode()) + field(2, field(1, of_tensor))


def field(number: int, content: int | bytes) -> bytes:
    if isinstance(content, int):
        return varint(number << 3) + varint(content)
    return varint(number << 3 | 2) + varint(len(content)) + content


def varint(number: int) -> bytes:
    low, rest = number & 0x7F, number >> 7
    return bytes([low | 0x80]) + varint(rest) if rest else bytes([low])
