"""Reads NVIDIA's network pickles as data.

stylegan2-ada-pytorch and the stylegan3 repository pickle a dictionary of networks; each object of theirs is
stored as a call of `torch_utils.persistence._reconstruct_persistent_obj` with its class name, its state, and
the source of its module, which the original loader executes. Here the source is dropped and the rest kept.

Nothing that the file names is looked up: each admitted name stands for an object of ours that has no
attributes to set, so that a pickle can neither call nor change anything. Nothing in it is written out in an error: a
list of lists that each stand for others is short in a pickle, and larger than memory as a text.
"""

import io
import pickle
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from builder.errors import AssetError
from builder.generators.stylegan2.programs import check_pickle, read_checkpoint

_PLAIN_DTYPES = "?bhilqBHILQefd"


@dataclass(frozen=True)
class Persistent:
    """An object of NVIDIA's: the name of its class and its state."""

    class_name: str
    state: dict[str, Any]

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments of its constructor, by name; NVIDIA's code never passes them by position."""
        return table(self.state.get("_init_kwargs"))

    @property
    def parts(self) -> dict[str, "Persistent"]:
        """The modules within a network, by name."""
        return {name: part for name, part in table(self.state.get("_modules")).items() if isinstance(part, Persistent)}

    def tensors(self, prefix: str = "") -> Iterator[tuple[str, torch.Tensor]]:
        """Parameters and buffers of a network and all its parts, by dotted name."""
        for group in ("_parameters", "_buffers"):
            for name, tensor in table(self.state.get(group)).items():
                if isinstance(tensor, torch.Tensor):
                    yield f"{prefix}{name}", tensor.detach()
        for name, part in self.parts.items():
            yield from part.tensors(f"{prefix}{name}.")


def table(value: Any) -> dict[Any, Any]:
    """A copy of what should be a dictionary, and may be absent; empty where it is anything else."""
    return dict(value) if isinstance(value, dict) else {}


def read_pickle(path: Path) -> dict[str, Any]:
    """The dictionary in a network pickle, with a `Persistent` for each object of NVIDIA's.

    Raises:
        AssetError: the file is no such pickle, or asks for anything but tensors, arrays, plain containers and
            such objects: the error says for what.
    """
    try:
        with path.open("rb") as file:
            check_pickle(file)
            file.seek(0)
            content = _Unpickler(file).load()
    except OSError as error:
        raise AssetError(f"{path}: {error.strerror}") from error
    except _TensorFlowError:
        raise AssetError(
            f"{path}: holds networks of TensorFlow. legacy.py of stylegan2-ada-pytorch converts those of StyleGAN2: "
            f"python legacy.py --source={path.name} --dest=converted.pkl. It may run what is in the pickle: trust its "
            "origin first"
        ) from None
    except Exception as error:  # a hostile pickle may raise anything; all of it means the same
        raise AssetError(f"{path}: not read, because it is no network pickle of NVIDIA's: {error}") from error
    if not isinstance(content, dict):
        raise AssetError(f"{path}: holds a {type(content).__name__}, not the networks of a training run")
    return content


class _Admitted:
    """A function of ours under a name that a pickle may call. A pickle can set attributes of what it names; this has
    none that can be set.
    """

    __slots__ = ("_function",)
    _function: Callable[..., Any]

    def __init__(self, function: Callable[..., Any]) -> None:
        object.__setattr__(self, "_function", function)

    def __setattr__(self, name: str, value: object) -> None:
        raise pickle.UnpicklingError(f"it sets {name} of a function")

    def __call__(self, *arguments: Any) -> Any:
        return self._function(*arguments)


def _persistent(meta: dict[str, Any]) -> Persistent:
    name, state = meta.get("class_name"), meta.get("state")
    if meta.get("type") != "class" or not isinstance(name, str) or not isinstance(state, dict):
        raise pickle.UnpicklingError("a persistent object without a class or a state")
    return Persistent(name, dict(state))


def _tensor(storage: Any, offset: int, size: Any, stride: Any, *_: Any) -> torch.Tensor:
    numbers = (offset, *size, *stride)
    if len(size) != len(stride) or any(type(number) is not int or not 0 <= number < 2**48 for number in numbers):
        raise pickle.UnpicklingError("a tensor of a size that none has")
    last = offset + sum((length - 1) * step for length, step in zip(size, stride, strict=True))
    stored = storage._untyped_storage.nbytes() // storage.dtype.itemsize
    if all(size) and last >= stored:  # torch would make the storage larger, and leave in it what was in memory
        raise pickle.UnpicklingError("a tensor of more numbers than are stored")
    flat = torch.empty(0, dtype=storage.dtype)
    return flat.set_(storage._untyped_storage, offset, tuple(size), tuple(stride))


def _parameter(data: Any, *_: Any) -> torch.Tensor:
    if not isinstance(data, torch.Tensor):
        raise pickle.UnpicklingError("a parameter that is no tensor")
    return data


def _dtype(name: Any, *_: Any) -> np.dtype[Any]:
    if not isinstance(name, str):
        raise pickle.UnpicklingError("a type of arrays without a name")
    dtype = np.dtype(name)
    if dtype.char not in _PLAIN_DTYPES:
        raise pickle.UnpicklingError(f"an array of {dtype}")
    return dtype


def _scalar(dtype: np.dtype[Any], content: bytes) -> Any:
    return np.frombuffer(content, dtype, count=1)[0].item()


def _array(_: Any, shape: Any, __: Any) -> np.ndarray[Any, Any]:
    if shape != (0,):
        raise pickle.UnpicklingError("an array that claims a shape before its content")
    return np.zeros(shape)


def _array_type(*_: Any) -> Any:
    raise pickle.UnpicklingError("an array that claims a shape and has no content")


_FUNCTIONS: dict[tuple[str, str], Callable[..., Any]] = {
    ("torch_utils.persistence", "_reconstruct_persistent_obj"): _persistent,
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
    ("torch._utils", "_rebuild_parameter"): _parameter,
    ("numpy", "dtype"): _dtype,
    ("numpy", "ndarray"): _array_type,
    **{(f"numpy.{core}.multiarray", "scalar"): _scalar for core in ("core", "_core")},
    **{(f"numpy.{core}.multiarray", "_reconstruct"): _array for core in ("core", "_core")},
}

_TYPES: dict[tuple[str, str], type] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("builtins", "set"): set,
}
"""Types of C code, whose attributes cannot be set either."""


class _TensorFlowError(pickle.UnpicklingError):
    """A pickle of NVIDIA's older code."""


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: Any) -> None:
        super().__init__(file)
        # A class of its own for each file: a pickle can set attributes of a class, and these die with it.
        self._easy_dict = type("EasyDict", (dict,), {"__slots__": ()})
        self._storages: dict[bytes, Any] = {}  # the same bytes, named again and again, are read once

    def find_class(self, module: str, name: str) -> Any:
        """The object that an admitted name stands for; all others are refused by name."""
        if (module, name) == ("dnnlib.util", "EasyDict"):
            return self._easy_dict
        if (module, name) in _TYPES:
            return _TYPES[module, name]
        if module == "torch" and isinstance(getattr(torch, name, None), torch.dtype):
            return getattr(torch, name)
        if module.startswith("dnnlib.tflib"):
            raise _TensorFlowError
        if (module, name) == ("torch.storage", "_load_from_bytes"):
            return _Admitted(self._storage)
        function = _FUNCTIONS.get((module, name))
        if function is None:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}")
        return _Admitted(function)

    def _storage(self, content: bytes) -> Any:
        if content not in self._storages:
            self._storages[content] = read_checkpoint(io.BytesIO(content), len(content))
        return self._storages[content]

    def persistent_load(self, pid: Any) -> Any:
        raise pickle.UnpicklingError("it refers to something outside of itself")
