"""Reads the checkpoints of rosinality's stylegan2-pytorch as data, of its `convert_weight.py` and of its `train.py`."""

import logging
import re
from pathlib import Path

import numpy as np
import torch

from builder.errors import AssetError
from builder.generators.stylegan2.network import Config, Mapping
from builder.generators.stylegan2.programs import read_checkpoint

log = logging.getLogger(__name__)

State = dict[str, torch.Tensor]

MEAN_SAMPLES, MEAN_SEED = 4096, 0
"""Number of z that the mean w of a file without one is computed from: rosinality's `--truncation_mean` by default,
which its `generate.py` draws without a seed.
"""

_SAMPLES_AT_ONCE = 256

_NAMESPACE = "argparse.Namespace"
"""The options of `train.py`, in every checkpoint that it writes; nothing here reads them."""


def read_rosinality(path: Path) -> tuple[Config, State]:
    """The constructor's arguments and the parameters of `g_ema`, by NVIDIA's names; without `mapping.w_avg` where the
    file has no `latent_avg`.

    Raises:
        AssetError: the file is no such checkpoint.
    """
    try:
        with path.open("rb") as file:
            content = read_checkpoint(file, path.stat().st_size, dropped=(_NAMESPACE,))
        return _renamed(content["g_ema"], content.get("latent_avg"))
    except Exception as error:  # torch raises many kinds for a file that is not what it seems
        raise AssetError(f"{path}: no checkpoint with g_ema in rosinality's format: {error}") from error


def sampled_mean(path: Path, config: Config, state: State) -> torch.Tensor:
    """The mean w (w_dim,) of MEAN_SAMPLES draws of z, for a file that has none; said in the log.

    In float64, so that the float32 that it is rounded to does not depend on the order of sums.
    """
    mapping = Mapping(config)
    mapping.load_state_dict(
        {name.removeprefix("mapping."): each for name, each in state.items() if name.startswith("mapping.")}
    )
    mapping.double()
    rng = np.random.RandomState(MEAN_SEED)
    total = torch.zeros(config.w_dim, dtype=torch.float64)
    with torch.inference_mode():
        for _ in range(MEAN_SAMPLES // _SAMPLES_AT_ONCE):
            z = torch.from_numpy(rng.randn(_SAMPLES_AT_ONCE, config.z_dim))
            total += mapping(z, None, truncation=1.0).sum(dim=0)
    log.warning(
        "%s: has no mean w (latent_avg); for truncation it is computed from %d draws with seed %d. convert keeps it",
        path,
        MEAN_SAMPLES,
        MEAN_SEED,
    )
    return (total / MEAN_SAMPLES).to(torch.float32)


def _renamed(source: State, average: torch.Tensor | None) -> tuple[Config, State]:
    """Renames: `convs.0, convs.1` are the two convolutions at 8 pixels, `to_rgbs.0` their conversion, and so on;
    leading dimensions of size 1 go.
    """
    layers = sum(bool(re.fullmatch(r"style\.\d+\.weight", name)) for name in source)
    doublings = sum(bool(re.fullmatch(r"to_rgbs\.\d+\.bias", name)) for name in source)
    side = 4 * 2**doublings
    w_dim, z_dim = source["style.1.weight"].shape
    top = source[f"to_rgbs.{doublings - 1}.conv.weight"].shape[2]
    state: State = {} if average is None else {"mapping.w_avg": average}
    for index in range(layers):
        for kind in ("weight", "bias"):
            state[f"mapping.fc{index}.{kind}"] = source[f"style.{index + 1}.{kind}"]
    state["synthesis.b4.const"] = source["input.input"][0]
    state |= _convolution(source, "conv1", "noises.noise_0", "synthesis.b4.conv1")
    state |= _to_rgb(source, "to_rgb1", "synthesis.b4.torgb")
    for index in range(doublings):
        block = f"synthesis.b{8 * 2**index}"
        for half in (0, 1):
            at = 2 * index + half
            state |= _convolution(source, f"convs.{at}", f"noises.noise_{at + 1}", f"{block}.conv{half}")
        state |= _to_rgb(source, f"to_rgbs.{index}", f"{block}.torgb")
    config = Config(
        z_dim=z_dim,
        c_dim=0,
        w_dim=w_dim,
        img_resolution=side,
        channel_base=top * side,
        channel_max=source["input.input"].shape[1],
        mapping_layers=layers,
    )
    return config, state


def _convolution(source: State, name: str, noise: str, ours: str) -> State:
    return {
        f"{ours}.weight": source[f"{name}.conv.weight"][0],
        f"{ours}.bias": source[f"{name}.activate.bias"],
        f"{ours}.affine.weight": source[f"{name}.conv.modulation.weight"],
        f"{ours}.affine.bias": source[f"{name}.conv.modulation.bias"],
        f"{ours}.noise_strength": source[f"{name}.noise.weight"].reshape(()),
        f"{ours}.noise_const": source[noise][0, 0],
    }


def _to_rgb(source: State, name: str, ours: str) -> State:
    return {
        f"{ours}.weight": source[f"{name}.conv.weight"][0],
        f"{ours}.bias": source[f"{name}.bias"].reshape(3),
        f"{ours}.affine.weight": source[f"{name}.conv.modulation.weight"],
        f"{ours}.affine.bias": source[f"{name}.conv.modulation.bias"],
    }
