"""StyleGAN2's weights in three formats, all read as data: NVIDIA's pickles, rosinality's `.pt`, safetensors."""

import hashlib
import json
import math
import reprlib
import zipfile
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch

from builder.errors import AssetError
from builder.files import write_whole
from builder.generators.stylegan2.network import FILTER, Config, Network
from builder.generators.stylegan2.nvidia_pickle import Persistent, read_pickle, table
from builder.generators.stylegan2.rosinality import MEAN_SAMPLES, MEAN_SEED, State, read_rosinality, sampled_mean

_JSON = "stylegan2"
"""Key of the safetensors metadata under which the constructor's arguments lie."""

_MEAN = "mapping.w_avg"

_MOST_PIXELS = 1024
_MOST_WIDE, _MOST_LAYERS = 100_000, 64
"""Numbers of a latent, of features; layers of the mapping network, of which NVIDIA's have 8 at most."""

_INTEGERS = {field.name for field in fields(Config) if field.type is int}


def read_weights(path: Path, facts: dict[str, str] | None = None) -> tuple[Config, State]:
    """The constructor's arguments and the parameters in a file, whichever of the three formats it has.

    facts: gets how the mean w was sampled, where the file has none.

    Raises:
        AssetError: it has none of them, or does not hold a StyleGAN2 generator that is complete.
    """
    if not path.is_file():
        raise AssetError(f"{path}: no such file")
    without_mean = False
    if path.suffix == ".safetensors":
        config, state = _read_safetensors(path)
    elif zipfile.is_zipfile(path) or path.suffix == ".pt":
        config, state = read_rosinality(path)
        without_mean = _MEAN not in state
        state.setdefault(_MEAN, torch.zeros(config.w_dim))
    else:
        config, state = _read_nvidia(path)
    if config.img_resolution not in {2**power for power in range(3, _MOST_PIXELS.bit_length())}:
        raise AssetError(f"{path}: images of {config.img_resolution} pixels; a power of two from 8 to 1024 is known")
    if config.channels(config.img_resolution) < 1:
        raise AssetError(f"{path}: no features at {config.img_resolution} pixels: {config}")
    _check_state(path, state)
    state = _complete(path, config, state)
    if without_mean:
        state[_MEAN] = sampled_mean(path, config, state)
        if facts is not None:
            facts["mean_w"] = f"{MEAN_SAMPLES} draws with seed {MEAN_SEED}"
    return config, state


def to_safetensors(config: Config, state: State) -> bytes:
    """Weights as a safetensors file with the constructor's arguments as JSON in its metadata."""
    contiguous = {name: tensor.contiguous() for name, tensor in state.items()}
    return safetensors.torch.save(contiguous, metadata={_JSON: json.dumps(asdict(config), sort_keys=True)})


def convert(source: Path, target: Path) -> tuple[Config, str]:
    """Writes the weights in `source` to `target` as safetensors; returns their arguments and the SHA-256 of `target`.

    Raises:
        AssetError: as `read_weights`, or `target` is no `.safetensors` file.
        FolderError: `target` cannot be written.
    """
    if target.suffix != ".safetensors":
        raise AssetError(f"{target}: the name of the converted file must end in .safetensors")
    config, state = read_weights(source)
    content = to_safetensors(config, state)
    write_whole(target, content)
    return config, hashlib.sha256(content).hexdigest()


def build_network(config: Config, state: State) -> Network:
    """The network with its parameters, ready to run."""
    network = Network(config)
    network.load_state_dict(state)
    return network.eval().requires_grad_(False)


def _check_state(path: Path, state: State) -> None:
    """Refuses what is no numbers, and one number that stands for many: written out, it could be larger than memory."""
    for name, tensor in state.items():
        if not isinstance(tensor, torch.Tensor) or tensor.layout is not torch.strided or tensor.device.type != "cpu":
            raise AssetError(f"{path}: parameter {name[:100]} is no array of numbers")
    numbers = sum(tensor.numel() for tensor in state.values())
    if numbers > path.stat().st_size:
        raise AssetError(f"{path}: its parameters claim to be {numbers} numbers, more than the bytes of the file")


def _complete(path: Path, config: Config, state: State) -> State:
    """The parameters in float32, each one that the network has and none besides, of its shape."""
    with torch.device("meta"):
        parameters = {name: tuple(tensor.shape) for name, tensor in Network(config).state_dict().items()}
    filters = [name for name in state if name.endswith("resample_filter")]
    taps = torch.tensor(FILTER)
    for name in filters:
        if state[name].shape != (4, 4) or not torch.allclose(
            state[name].float(), torch.outer(taps, taps) / taps.sum() ** 2
        ):
            raise AssetError(f"{path}: {name} is not the filter {FILTER}, the only one that this project has")
    tensors = {name: tensor for name, tensor in state.items() if name not in filters}
    for name in sorted(set(parameters) ^ set(tensors)):
        raise AssetError(f"{path}: parameter {name} is {'missing' if name in parameters else 'not one of StyleGAN2'}")
    for name, shape in parameters.items():
        if tuple(tensors[name].shape) != shape:
            raise AssetError(f"{path}: parameter {name} has shape {tuple(tensors[name].shape)}, expected {shape}")
    return {name: tensor.to(torch.float32) for name, tensor in tensors.items()}


def _read_safetensors(path: Path) -> tuple[Config, State]:
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
        arguments = json.loads(metadata[_JSON])
        return _config(path, arguments), state
    except (safetensors.SafetensorError, KeyError, ValueError, RecursionError, OSError) as error:
        raise AssetError(f"{path}: no safetensors file of a StyleGAN2 generator: {error}") from error


def _config(path: Path, arguments: Any) -> Config:
    if not isinstance(arguments, dict):
        raise AssetError(f"{path}: the constructor's arguments are no table")
    names = {field.name for field in fields(Config)}
    unknown = [name for name in arguments if name not in names]
    if unknown:
        argument = reprlib.repr(arguments[unknown[0]])
        raise AssetError(f"{path}: argument {str(unknown[0])[:100]} = {argument} is not known here")
    numbers = {name: value for name, value in arguments.items() if name != "architecture" and value is not None}
    for name, value in numbers.items():
        number = type(value) is int or (type(value) is float and name not in _INTEGERS)
        if not (number and 0 <= value < math.inf):
            raise AssetError(
                f"{path}: the constructor's arguments are not all numbers of at least 0: {name} = {reprlib.repr(value)}"
            )
    if arguments.get("architecture", "skip") not in ("skip", "resnet", "orig"):
        raise AssetError(f"{path}: architecture {reprlib.repr(arguments['architecture'])}; known: skip, resnet, orig")
    try:
        config = Config(**{name: value for name, value in arguments.items() if value is not None})
    except TypeError as error:
        raise AssetError(f"{path}: arguments are missing: {error}") from error
    sizes = (config.z_dim, config.w_dim, config.c_dim, config.channel_max, config.img_resolution)
    least = min(config.z_dim, config.w_dim, config.channel_max)
    if max(sizes) > _MOST_WIDE or config.mapping_layers > _MOST_LAYERS or least < 1:
        raise AssetError(f"{path}: dimensions that no generator has: {config}")
    return config


_IGNORED = {"w_avg_beta", "fused_modconv_default", "fp16_channels_last", "conv_clamp", "num_fp16_res"}
"""Arguments that change training or speed, not the images, and those whose values the modules themselves hold."""


def _read_nvidia(path: Path) -> tuple[Config, State]:
    generator = read_pickle(path).get("G_ema")
    if not isinstance(generator, Persistent):
        raise AssetError(f"{path}: has no network called G_ema")
    arguments = generator.arguments
    mapping, synthesis = (table(arguments.pop(f"{part}_kwargs", None)) for part in ("mapping", "synthesis"))
    parts = generator.parts.get("synthesis")
    if parts is not None and "SynthesisInput" in {part.class_name for part in parts.parts.values()}:
        raise AssetError(f"{path}: a StyleGAN3 generator; this project has StyleGAN2's architecture alone")
    if parts is None:
        raise AssetError(f"{path}: G_ema is no StyleGAN2 generator")
    every = {
        **arguments,
        **mapping,
        **synthesis,
    }  # the stylegan3 repository gives the synthesis network's beside its own
    for name, only in _fixed(every.get("w_dim"), every.get("c_dim")).items():
        value = every.pop(name, None)
        if value is not None and not any(_equal(value, each) for each in only):
            raise AssetError(f"{path}: {name} is not {only[0]}, the only one that this project has")
    if "num_layers" in mapping:
        every["mapping_layers"] = every.pop("num_layers")
    plain = {name: value for name, value in every.items() if name not in _IGNORED and value is not None}
    return _config(path, plain | _stated(path, parts)), dict(generator.tensors())


def _fixed(w_dim: Any, c_dim: Any) -> dict[str, list[Any]]:
    """The values of arguments that have one here, or several that mean the same."""
    return {
        "img_channels": [3],
        "activation": ["lrelu"],
        "resample_filter": [list(FILTER)],
        "kernel_size": [3],
        "use_noise": [True],
        "layer_features": [w_dim],
        "embed_features": [w_dim, 0] if _equal(c_dim, 0) else [w_dim],
    }


def _equal(value: Any, other: Any) -> bool:
    """Whether plain values are equal; what a pickle holds instead of them is equal to none."""
    if isinstance(value, list | tuple) and isinstance(other, list):
        return len(value) == len(other) and all(map(_equal, value, other))
    return isinstance(value, bool | int | float | str) and bool(value == other)


def _stated(path: Path, synthesis: Persistent) -> dict[str, Any]:
    """`conv_clamp` and `num_fp16_res` as the modules of a synthesis network hold them.

    The arguments do not tell: what they leave out has another default in each of NVIDIA's repositories.
    """
    blocks = [block for block in synthesis.parts.values() if block.class_name == "SynthesisBlock"]
    layers = [layer for block in blocks for name, layer in block.parts.items() if name in ("conv0", "conv1", "torgb")]
    if not layers or not all("conv_clamp" in layer.state for layer in layers):
        raise AssetError(f"{path}: G_ema is no StyleGAN2 generator: its layers do not hold their conv_clamp")
    clamp = layers[0].state["conv_clamp"]
    if any(layer.state["conv_clamp"] is not clamp and not _equal(layer.state["conv_clamp"], clamp) for layer in layers):
        raise AssetError(f"{path}: its layers differ in conv_clamp; this project has one for all")
    halved = [block.state.get("use_fp16") is True for block in blocks]
    if halved != sorted(halved):
        raise AssetError(f"{path}: float16 at other than the highest resolutions")
    return {"num_fp16_res": sum(halved)} | ({} if clamp is None else {"conv_clamp": clamp})
