"""StyleGAN2's weights in three formats, all read as data: NVIDIA's pickles, rosinality's `.pt`, safetensors."""

import hashlib
import json
import math
import re
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
from builder.generators.stylegan2.nvidia_pickle import Persistent, read_pickle
from builder.generators.stylegan2.programs import check_checkpoint

State = dict[str, torch.Tensor]

_JSON = "stylegan2"
"""Key of the safetensors metadata under which the constructor's arguments lie."""

_MOST_PIXELS = 1024
_MOST_WIDE, _MOST_LAYERS = 100_000, 64
"""Numbers of a latent, of features; layers of the mapping network, of which NVIDIA's have 8 at most."""

_INTEGERS = {field.name for field in fields(Config) if field.type is int}


def read_weights(path: Path) -> tuple[Config, State]:
    """The constructor's arguments and the parameters in a file, whichever of the three formats it has.

    Raises:
        AssetError: it has none of them, or does not hold a StyleGAN2 generator that is complete.
    """
    if not path.is_file():
        raise AssetError(f"{path}: no such file")
    if path.suffix == ".safetensors":
        config, state = _read_safetensors(path)
    elif zipfile.is_zipfile(path) or path.suffix == ".pt":
        config, state = _read_rosinality(path)
    else:
        config, state = _read_nvidia(path)
    if config.img_resolution not in {2**power for power in range(3, _MOST_PIXELS.bit_length())}:
        raise AssetError(f"{path}: images of {config.img_resolution} pixels; a power of two from 8 to 1024 is known")
    if config.channels(config.img_resolution) < 1:
        raise AssetError(f"{path}: no features at {config.img_resolution} pixels: {config}")
    _check_state(path, state)
    return config, _complete(path, config, state)


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
        wanted = {name: tuple(tensor.shape) for name, tensor in Network(config).state_dict().items()}
    filters = [name for name in state if name.endswith("resample_filter")]
    taps = torch.tensor(FILTER)
    for name in filters:
        if state[name].shape != (4, 4) or not torch.allclose(
            state[name].float(), torch.outer(taps, taps) / taps.sum() ** 2
        ):
            raise AssetError(f"{path}: {name} is not the filter {FILTER}, the only one that this project has")
    found = {name: tensor for name, tensor in state.items() if name not in filters}
    for name in sorted(set(wanted) ^ set(found)):
        raise AssetError(f"{path}: parameter {name} is {'missing' if name in wanted else 'not one of StyleGAN2'}")
    for name, shape in wanted.items():
        if tuple(found[name].shape) != shape:
            raise AssetError(f"{path}: parameter {name} has shape {tuple(found[name].shape)}, expected {shape}")
    return {name: tensor.to(torch.float32) for name, tensor in found.items()}


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
    known = {field.name for field in fields(Config)}
    unknown = [name for name in arguments if name not in known]
    if unknown:
        shown = reprlib.repr(arguments[unknown[0]])
        raise AssetError(f"{path}: argument {str(unknown[0])[:100]} = {shown} is not known here")
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


_IGNORED = {"w_avg_beta", "use_noise", "fused_modconv_default", "fp16_channels_last", "conv_kernel"}
"""Arguments that change training, speed or defaults, not the images."""


def _read_nvidia(path: Path) -> tuple[Config, State]:
    generator = read_pickle(path).get("G_ema")
    if not isinstance(generator, Persistent):
        raise AssetError(f"{path}: has no network called G_ema")
    arguments = generator.arguments
    mapping, synthesis = (dict(arguments.pop(f"{part}_kwargs", None) or {}) for part in ("mapping", "synthesis"))
    if "synthesis" not in (generator.state.get("_modules") or {}) or "magnitude_ema_beta" in synthesis:
        raise AssetError(f"{path}: G_ema is no StyleGAN2 generator")
    if arguments.pop("img_channels", 3) != 3:
        raise AssetError(f"{path}: images of other than three channels")
    for defaults in (mapping, synthesis):
        for name, value in {"activation": "lrelu", "resample_filter": [1, 3, 3, 1]}.items():
            if defaults.pop(name, value) != value:
                raise AssetError(f"{path}: {name} is not {value}, the only one that this project has")
    if "num_layers" in mapping:
        mapping["mapping_layers"] = mapping.pop("num_layers")
    known = {**arguments, **mapping, **synthesis}
    plain = {name: value for name, value in known.items() if name not in _IGNORED and value is not None}
    return _config(path, plain), dict(generator.tensors())


def _read_rosinality(path: Path) -> tuple[Config, State]:
    try:
        with path.open("rb") as file:
            check_checkpoint(file, path.stat().st_size)
            content = torch.load(file, weights_only=True, map_location="cpu")
        theirs, average = content["g_ema"], content.get("latent_avg")
        return _from_rosinality(theirs, average)
    except AssetError:
        raise
    except Exception as error:  # torch raises many kinds for a file that is not what it seems
        raise AssetError(f"{path}: no checkpoint with g_ema in rosinality's format: {error}") from error


def _from_rosinality(theirs: State, average: torch.Tensor | None) -> tuple[Config, State]:
    """Renames: `convs.0, convs.1` are the two convolutions at 8 pixels, `to_rgbs.0` their conversion, and so on;
    leading dimensions of size 1 go.
    """
    layers = sum(bool(re.fullmatch(r"style\.\d+\.weight", name)) for name in theirs)
    doublings = sum(bool(re.fullmatch(r"to_rgbs\.\d+\.bias", name)) for name in theirs)
    side = 4 * 2**doublings
    w_dim, z_dim = theirs["style.1.weight"].shape
    top = theirs[f"to_rgbs.{doublings - 1}.conv.weight"].shape[2]
    state: State = {"mapping.w_avg": average if average is not None else torch.zeros(w_dim)}
    for index in range(layers):
        for kind in ("weight", "bias"):
            state[f"mapping.fc{index}.{kind}"] = theirs[f"style.{index + 1}.{kind}"]
    state["synthesis.b4.const"] = theirs["input.input"][0]
    state |= _convolution(theirs, "conv1", "noises.noise_0", "synthesis.b4.conv1")
    state |= _to_rgb(theirs, "to_rgb1", "synthesis.b4.torgb")
    for index in range(doublings):
        block = f"synthesis.b{8 * 2**index}"
        for half in (0, 1):
            at = 2 * index + half
            state |= _convolution(theirs, f"convs.{at}", f"noises.noise_{at + 1}", f"{block}.conv{half}")
        state |= _to_rgb(theirs, f"to_rgbs.{index}", f"{block}.torgb")
    config = Config(
        z_dim=z_dim,
        c_dim=0,
        w_dim=w_dim,
        img_resolution=side,
        channel_base=top * side,
        channel_max=theirs["input.input"].shape[1],
        mapping_layers=layers,
    )
    return config, state


def _convolution(theirs: State, name: str, noise: str, ours: str) -> State:
    return {
        f"{ours}.weight": theirs[f"{name}.conv.weight"][0],
        f"{ours}.bias": theirs[f"{name}.activate.bias"],
        f"{ours}.affine.weight": theirs[f"{name}.conv.modulation.weight"],
        f"{ours}.affine.bias": theirs[f"{name}.conv.modulation.bias"],
        f"{ours}.noise_strength": theirs[f"{name}.noise.weight"].reshape(()),
        f"{ours}.noise_const": theirs[noise][0, 0],
    }


def _to_rgb(theirs: State, name: str, ours: str) -> State:
    return {
        f"{ours}.weight": theirs[f"{name}.conv.weight"][0],
        f"{ours}.bias": theirs[f"{name}.bias"].reshape(3),
        f"{ours}.affine.weight": theirs[f"{name}.conv.modulation.weight"],
        f"{ours}.affine.bias": theirs[f"{name}.conv.modulation.bias"],
    }
