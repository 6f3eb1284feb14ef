"""Reads dlib's serialization of its face recognition network, as data.

The format is that of dlib's `serialize.h` and `dnn/core.h`: integers are one byte of sign and length and
then little-endian bytes; a float is an integer mantissa and an integer power of two; a tensor is a
version, four dimensions and raw little-endian float32. A network is the versions of its nested layers
from the outermost in, then, from the input out, each layer's parameters and state.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from builder.errors import AssetError

_NEGATIVE, _LENGTH = 0x80, 0x0F
_INPUT_LAYER_VERSION = 3
_MAX_ELEMENTS = 100_000_000


@dataclass(frozen=True)
class Layer:
    """A layer: dlib's name without its version, its settings in the order stored, its parameters.

    settings: `con`: filters, rows, columns, stride y, x, padding y, x. `max_pool`, `avg_pool`: window rows,
        columns (0, 0: the whole image), stride y, x, padding y, x. `fc`: outputs, inputs. Else empty.
    parameters: flat float32; `con`: filters (out, in, rows, columns), then biases; `affine`: scales, then
        offsets; `fc`: weights (inputs, outputs). Else empty.
    """

    name: str
    settings: tuple[int, ...]
    parameters: npt.NDArray[np.float32]


@dataclass(frozen=True)
class Network:
    """The mean color that is subtracted (RGB, 0..255), the side of the input in pixels, and the layers."""

    mean_rgb: tuple[float, float, float]
    side: int
    layers: tuple[Layer, ...]


def read_network(path: Path) -> Network:
    """Reads a metric network over square RGB images (`loss_metric`, `input_rgb_image_sized`).

    Raises:
        AssetError: the file is cut short, has anything else in it, or does not end where the network does.
    """
    cursor = _Cursor(path, path.read_bytes())
    cursor.expect("version of the loss layer", cursor.integer(), 1)
    cursor.expect("loss", cursor.string(), "loss_metric_2")
    cursor.real(), cursor.real()  # margin and distance threshold of the training
    while cursor.integer() != _INPUT_LAYER_VERSION:
        pass
    cursor.expect("input layer", cursor.string(), "input_rgb_image_sized")
    mean = (cursor.real(), cursor.real(), cursor.real())
    rows, columns = cursor.integer(), cursor.integer()
    cursor.expect("columns of the input", columns, rows)
    layers = []
    while not cursor.at_end():
        layers.append(_layer(cursor))
        if len(layers) == 1:
            cursor.integer()  # sample expansion factor, stored by the innermost layer alone
    return Network(mean, rows, tuple(layers))


class _Cursor:
    def __init__(self, path: Path, data: bytes) -> None:
        self._path, self._data, self._at = path, memoryview(data), 0

    def at_end(self) -> bool:
        return self._at == len(self._data)

    def expect(self, what: str, value: object, wanted: object) -> None:
        if value != wanted:
            raise self.error(f"{what} is {value!r}, expected {wanted!r}")

    def error(self, message: str) -> AssetError:
        return AssetError(f"{self._path}: no dlib network that this project knows: at byte {self._at}, {message}")

    def take(self, count: int) -> memoryview:
        if count < 0 or count > len(self._data) - self._at:
            raise self.error(f"{count} bytes are wanted, {len(self._data) - self._at} are left")
        self._at += count
        return self._data[self._at - count : self._at]

    def integer(self) -> int:
        (head,) = self.take(1)
        length = head & _LENGTH
        if not 1 <= length <= 8:
            raise self.error(f"an integer of {length} bytes")
        value = int.from_bytes(self.take(length), "little")
        return -value if head & _NEGATIVE else value

    def integers(self, count: int) -> tuple[int, ...]:
        return tuple(self.integer() for _ in range(count))

    def real(self) -> float:
        mantissa, exponent = self.integers(2)
        if abs(exponent) > 1000 or abs(mantissa) >= 2**63:
            raise self.error(f"a float of {mantissa} * 2**{exponent}")
        return mantissa * 2.0**exponent

    def string(self) -> str:
        length = self.integer()
        if not 0 <= length <= 64:
            raise self.error(f"a name of {length} bytes")
        return bytes(self.take(length)).decode("latin-1")

    def tensor(self) -> npt.NDArray[np.float32]:
        self.expect("version of a tensor", self.integer(), 2)
        elements = 1
        for dimension in self.integers(4):
            elements *= dimension
        if not 0 <= elements <= _MAX_ELEMENTS:
            raise self.error(f"a tensor of {elements} elements")
        return np.frombuffer(self.take(4 * elements), "<f4").astype(np.float32)


_NOTHING = np.zeros(0, np.float32)


def _layer(cursor: _Cursor) -> Layer:
    stored_name = cursor.string()
    parameters = _NOTHING
    settings: tuple[int, ...] = ()
    match stored_name:
        case "con_4":
            parameters, settings = cursor.tensor(), cursor.integers(7)
            _skip_views_and_multipliers(cursor)
            filters, rows, columns = settings[:3]
            if filters < 1 or rows * columns < 1 or (parameters.size - filters) % (filters * rows * columns):
                raise cursor.error(f"{parameters.size} parameters do not make {filters} filters {rows} x {columns}")
        case "affine_":
            parameters = cursor.tensor()
            cursor.integers(5 + 5)  # the two views of the parameters
            cursor.expect("mode of an affine layer", cursor.integer(), 0)
        case "max_pool_2" | "avg_pool_2":
            settings = cursor.integers(6)
        case "fc_2":
            settings = cursor.integers(2)
            parameters = cursor.tensor()
            cursor.expect("parameters of a dense layer", parameters.size, settings[0] * settings[1])
            cursor.integers(5 + 5)
            cursor.expect("bias mode of a dense layer", cursor.integer(), 1)  # no bias
            _skip_multipliers(cursor)
        case "relu_" | "add_prev_":
            pass
        case _:
            raise cursor.error(f"a layer called {stored_name!r}")
    _skip_state(cursor)
    return Layer(stored_name.rstrip("_0123456789"), settings, parameters)


def _skip_views_and_multipliers(cursor: _Cursor) -> None:
    cursor.integers(5 + 5)
    _skip_multipliers(cursor)


def _skip_multipliers(cursor: _Cursor) -> None:
    for _ in range(4):  # learning rate and weight decay, for weights and for biases
        cursor.real()


def _skip_state(cursor: _Cursor) -> None:
    for flag in cursor.take(3):
        if flag not in b"01":
            raise cursor.error(f"a flag of {flag}")
    for _ in range(3):  # gradient and output caches
        cursor.tensor()
