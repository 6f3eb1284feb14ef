"""`diffusers:MODEL`: an unconditional diffusion model in diffusers' format, the noise that it starts from its latent.

Song, Meng, Ermon, "Denoising Diffusion Implicit Models" (2020): with eta = 0 no noise enters on the way (section
4.1), so an image is a function of the noise x_T.

MODEL is a folder, or `hf://user/repo@revision` on the Hub. Of it three files are read, all as data: the
configurations of a `UNet2DModel` and of a DDPM or DDIM scheduler, and safetensors weights. They lie in `unet` and
`scheduler`, or beside one another, as in the repositories google/ddpm-*.
"""

import importlib.util
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
import torch
from pydantic import Field
from safetensors import SafetensorError, safe_open
from torch import nn

from builder import settings, weights
from builder.catalog import Entry
from builder.errors import AssetError, StudyError
from builder.extras import hidden_if_broken
from builder.generators import Images, Latents
from builder.generators.pixels import finite
from builder.generators.sphere import SphereSpace
from builder.runtime import Runtime, in_micro_batches

EXTRA = "diffusers"
"""The extra that installs what this needs."""

_FILES = (
    ("unet", "config.json"),
    ("scheduler", "scheduler_config.json"),
    ("unet", "diffusion_pytorch_model.safetensors"),
)
_CHANNELS = 3
_LONGEST_SIDE = 1024
_MOST_TRAINING_STEPS = 100_000

_BYTES_PER_PIXEL = 2**13
"""Memory of the network while it works, at the width of google/ddpm-celebahq-256."""

_OLD_NAME = re.compile(r"(?<=\.)(query|key|value|proj_attn)(?=\.(weight|bias)$)")
_NEW_NAMES = {"query": "to_q", "key": "to_k", "value": "to_v", "proj_attn": "to_out.0"}
"""Old names of the layers of attention, as weights on the Hub still have them, with the names of today."""

INSTALL = "pip install 'lands-between[diffusers]'"


class Settings(settings.Settings):
    """`[generator]` for diffusion models.

    steps: of denoising. sha256: of a folder's three files, one after another: UNet configuration, scheduler
    configuration, weights; what lies on the Hub is pinned by its commit and needs none.
    """

    steps: Annotated[int, Field(ge=1, le=1000)] = 50
    sha256: weights.Sha256 | None = None


class Files(NamedTuple):
    """The files that a model consists of."""

    unet: Path
    scheduler: Path
    weights: Path


class Diffusion:
    """Satisfies `builder.generators.Generator`; latents are x_T, (n, 3 side side), images square RGB.

    The same noise gives the same image as diffusers' `DDIMPipeline` with eta = 0 and as many steps.
    """

    def __init__(self, network: nn.Module, scheduler: Any, side: int, runtime: Runtime) -> None:
        """Takes a UNet, a DDIM scheduler whose timesteps are set, and the side of the images, in pixels."""
        self.space = SphereSpace(_CHANNELS * side * side)
        self.image_shape = (side, side)
        self._row_bytes = _BYTES_PER_PIXEL * side**2
        self.micro_batch = runtime.micro_batch(16, self._row_bytes, side**2)
        self._network = network.eval().to(runtime.device)
        self._scheduler, self._side, self._runtime = scheduler, side, runtime

    def sample(self, seeds: Sequence[int]) -> Latents:
        """An x_T per seed, (n, d): `numpy.random.RandomState(seed).randn(d)`, by channel, row and column."""
        latents = np.empty((len(seeds), self.space.dim), np.float32)
        for row, seed in enumerate(seeds):
            latents[row] = np.random.RandomState(seed).randn(self.space.dim)
        return latents

    def render(self, latents: Latents) -> Images:
        """(n, d) -> (n, side, side, 3) RGB, -1..1 rounded to 0..255.

        Raises:
            BuildError: the network gave numbers that are not finite.
        """
        images: Images = in_micro_batches(
            self._render, latents, size=self.micro_batch, runtime=self._runtime, row_bytes=self._row_bytes
        )
        return images

    def denoise(self, noise: torch.Tensor, steps: int | None = None) -> torch.Tensor:
        """x_T (n, d) to x_0 (n, 3, side, side), about -1..1; or only through the first so many `steps`."""
        x = noise.reshape(-1, _CHANNELS, self._side, self._side)
        for t in self._scheduler.timesteps[:steps]:
            x = self._scheduler.step(self._network(x, t).sample, t, x, eta=0.0).prev_sample
        return x

    def _render(self, latents: torch.Tensor) -> torch.Tensor:
        images = finite(self.denoise(latents))
        return ((images + 1) * 127.5).round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1)


def load(argument: str | None, own: Settings, runtime: Runtime) -> Diffusion:
    """The generator with the model at the address `argument`.

    Raises:
        AssetError: it is absent, not the one that `sha256` names, or no unconditional model of RGB images.
        StudyError: the address is missing or not pinned, the package diffusers is missing, or there are more
            steps than the model was trained with.
    """
    if not argument:
        raise StudyError(
            "generator.model: the model is missing; write diffusers:FOLDER or diffusers:hf://user/repo@revision"
        )
    hub = weights.parse_repository(argument, "generator", "diffusers")
    diffusers = import_diffusers()
    patterns = [pattern for part, name in _FILES for pattern in (f"{part}/{name}", name)]
    files = _find(weights.fetch_repository(argument, *hub, patterns) if hub else Path(argument), argument)
    weights.verify_files(files, argument, own.sha256, "generator", pinned=hub is not None)
    config = weights.read_json(files.unet)
    side = _side(config, files.unet)
    scheduler = _scheduler(diffusers, files.scheduler, own.steps)
    network = _network(diffusers, config, files)
    generator = Diffusion(network, scheduler, side, runtime)
    try:
        with torch.inference_mode():
            generator.denoise(torch.zeros(1, generator.space.dim, device=runtime.device), steps=1)
    except Exception as error:  # whatever becomes of a configuration that fits its weights and yet makes no sense
        raise AssetError(
            f"{argument}: a first step of denoising fails ({error}); check the configurations {files.unet} and "
            f"{files.scheduler}"
        ) from error
    return generator


def import_diffusers() -> Any:
    """The package diffusers, with the two classes that are used here imported.

    Raises:
        StudyError: it is not installed, or cannot be imported.
    """
    try:
        with hidden_if_broken("torchvision"):
            import diffusers
            from diffusers import DDIMScheduler, UNet2DModel  # noqa: F401 - fails here rather than at first use
    except (ImportError, RuntimeError) as error:
        if isinstance(error, ModuleNotFoundError) and error.name == "diffusers":
            problem = "is not installed; install it with:"
        else:
            problem = f"cannot be imported ({error}); install it anew with:"
        raise StudyError(f"generator.model: the package diffusers, which runs it, {problem} {INSTALL}") from error
    return diffusers


def _find(folder: Path, address: str) -> Files:
    """The files of the model in `folder`."""
    if not folder.is_dir():
        raise AssetError(f"generator.model: no model at {address}: there is no such folder")
    places = []
    for part, name in _FILES:
        paths = [path for path in (folder / part / name, folder / name) if path.is_file()]
        if not paths:
            raise AssetError(
                f"{address}: has neither {part}/{name} nor {name}; wanted is a model in diffusers' format with weights "
                "in one safetensors file, as UNet2DModel.save_pretrained and DDIMScheduler.save_pretrained write them"
            )
        places.append(paths[0])
    return Files(*places)


def _side(config: dict[str, Any], path: Path) -> int:
    """The side of the images, in pixels, of a configuration that is usable here."""
    requirements = {
        "_class_name": "UNet2DModel",
        "in_channels": _CHANNELS,
        "out_channels": _CHANNELS,
        "class_embed_type": None,
        "num_class_embeds": None,
    }
    wrong = [f"{key} = {config[key]!r}" for key, value in requirements.items() if config.get(key, value) != value]
    size = config.get("sample_size")
    side: Any = size[0] if isinstance(size, list) and len(size) == 2 and size[0] == size[1] else size
    if type(side) is not int or not 1 <= side <= _LONGEST_SIDE:
        wrong.append(f"sample_size = {size!r}")
    if wrong:
        raise AssetError(
            f"{path}: {', '.join(wrong)}; wanted is an unconditional UNet2DModel of square RGB images: {_CHANNELS} "
            f"channels in and out, no classes, no text, a sample_size of 1 to {_LONGEST_SIDE}"
        )
    return int(side)


def _scheduler(diffusers: Any, path: Path, steps: int) -> Any:
    """diffusers' DDIM scheduler with `steps` timesteps set, from the configuration at `path`."""
    config = weights.read_json(path)
    name = config.get("_class_name")
    if name not in ("DDIMScheduler", "DDPMScheduler"):
        raise AssetError(f"{path}: _class_name = {name!r}; wanted is the scheduler of a DDPM or DDIM")
    trained = config.get("num_train_timesteps", 1000)
    if type(trained) is not int or not 1 <= trained <= _MOST_TRAINING_STEPS:
        raise AssetError(f"{path}: num_train_timesteps = {trained!r}; must be 1 to {_MOST_TRAINING_STEPS}")
    if steps > trained:
        raise StudyError(f"generator.steps = {steps}: the model was trained with {trained} steps; use at most as many")
    try:
        scheduler = diffusers.DDIMScheduler.from_config(config)
        scheduler.set_timesteps(steps)
    except Exception as error:  # whatever diffusers makes of a configuration that somebody else wrote
        raise AssetError(f"{path}: no scheduler can be made of it: {error}") from error
    return scheduler


def _network(diffusers: Any, config: dict[str, Any], files: Files) -> nn.Module:
    """The UNet in float32 with its weights, every one of which must be there and fit.

    Not through diffusers' from_pretrained, which leaves weights that are missing at random values.
    """
    try:
        with torch.device("meta"):  # takes no memory, whatever sizes the configuration names
            network: nn.Module = diffusers.UNet2DModel.from_config(config)
    except Exception as error:  # as in _scheduler
        raise AssetError(f"{files.unet}: no UNet2DModel can be made of it: {error}") from error
    expectation = {name: list(tensor.shape) for name, tensor in network.state_dict().items()}
    try:
        with safe_open(files.weights, framework="pt") as file:
            keys = {_OLD_NAME.sub(lambda old: _NEW_NAMES[old[0]], key): key for key in file.keys()}  # noqa: SIM118
            shapes = {name: list(file.get_slice(key).get_shape()) for name, key in keys.items()}
            for name in sorted(expectation.keys() | shapes.keys()):
                if expectation.get(name) != shapes.get(name):
                    raise AssetError(
                        f"{files.weights}: the shape of {name} is {shapes.get(name)}, by {files.unet} it should be "
                        f"{expectation.get(name)} (None: absent); the two files do not belong together"
                    )
            state = {name: file.get_tensor(key).float() for name, key in keys.items()}
    except (SafetensorError, OSError) as error:
        raise AssetError(f"{files.weights}: cannot be read as safetensors: {error}") from error
    network.load_state_dict(state, assign=True)
    return network


def describe(name: str, runtime: Runtime) -> list[Entry]:
    """Its line in the catalog."""
    installed = importlib.util.find_spec("diffusers") is not None
    where = f"yours: {name}:FOLDER or {name}:hf://user/repo@commit"
    return [Entry(name, "that of your weights", where if installed else f"needs {INSTALL}", str(runtime.device))]
