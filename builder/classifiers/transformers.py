"""`transformers:MODEL`: an image classifier in the format of Hugging Face's transformers, such as a ResNet or a ViT.

MODEL is a folder, or `hf://user/repo@commit` on the Hub. Of it three files are read, all as data: config.json,
preprocessor_config.json and model.safetensors; code that a repository brings is never run. Pictures have the size that
the model sees, and are scaled to its range as the preprocessor says.
"""

import importlib.util
import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import nn

from builder import settings, weights
from builder.catalog import Entry
from builder.classifiers import Classifier
from builder.classifiers.network import NetworkClassifier
from builder.errors import AssetError, StudyError
from builder.extras import hidden_if_broken
from builder.frames import quoted
from builder.onnx import BYTES_PER_PIXEL
from builder.runtime import Runtime

CONFIG, PREPROCESSOR, WEIGHTS = FILES = ("config.json", "preprocessor_config.json", "model.safetensors")

INSTALL = "pip install 'lands-between[transformers]'"

_LONGEST_SIDE = 2048


class Settings(settings.Settings):
    """The keys of `[[classifiers]]` for transformers.

    sha256: of a folder's three files, one after another, in the order above; what lies on the Hub is pinned by its
        commit and needs none.
    """

    sha256: weights.Sha256 | None = None


def load(argument: str | None, own: Settings, runtime: Runtime) -> Classifier:
    """The classifier with the model at the address `argument`.

    Raises:
        AssetError: it is absent, not the one that `sha256` names, or no image classifier.
        StudyError: the address is missing or not pinned, or the package transformers is missing.
    """
    if not argument:
        raise StudyError(
            "classifiers.model: the model is missing; write transformers:FOLDER or transformers:hf://user/repo@commit"
        )
    hub = weights.parse_repository(argument, "classifiers", "transformers")
    transformers = import_transformers()
    folder = weights.fetch_repository(argument, *hub, FILES) if hub else Path(argument)
    files = _find(folder, argument)
    weights.verify_files(files, argument, own.sha256, "classifiers", pinned=hub is not None)
    side, centered = _preprocessing(folder / PREPROCESSOR)
    classes = _classes(folder / CONFIG)
    network = nn.Sequential(centered, _Logits(_model(transformers, folder)))
    classifier = NetworkClassifier(
        "transformers", classes, network, runtime, row_bytes=BYTES_PER_PIXEL * side**2, side=side
    )
    try:
        with torch.inference_mode():
            logits = network(torch.full((1, 3, side, side), 0.5, device=runtime.device))
    except Exception as error:  # whatever becomes of a configuration that fits its weights and yet makes no sense
        raise AssetError(f"{argument}: a first gray picture of {side} pixels cannot be classified: {error}") from error
    if logits.shape != (1, len(classes)):
        raise AssetError(f"{folder / CONFIG}: id2label names {len(classes)} classes, the model has {logits.shape[-1]}")
    return classifier


def describe(name: str, runtime: Runtime) -> list[Entry]:
    """Its line in the catalog."""
    installed = importlib.util.find_spec("transformers") is not None
    where = f"yours: {name}:FOLDER or {name}:hf://user/repo@commit"
    return [Entry(name, "that of your weights", where if installed else f"needs {INSTALL}", str(runtime.device))]


def import_transformers() -> Any:
    """The package transformers, with what is used here imported.

    Raises:
        StudyError: it is not installed, or cannot be imported.
    """
    try:
        with hidden_if_broken("torchvision"):
            import transformers
            from transformers import AutoModelForImageClassification  # noqa: F401 - fails here rather than at first use
    except (ImportError, RuntimeError) as error:
        if isinstance(error, ModuleNotFoundError) and error.name == "transformers":
            problem = "is not installed; install it with:"
        else:
            problem = f"cannot be imported ({error}); install it anew with:"
        raise StudyError(f"classifiers.model: the package transformers, which runs it, {problem} {INSTALL}") from error
    return transformers


class _Scaled(nn.Module):
    """Images of 0..1 in the range that the model was trained on."""

    def __init__(self, mean: list[float], std: list[float], factor: float) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(std).view(1, 3, 1, 1))
        self._factor = factor

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """(n, 3, h, w) -> the same shape."""
        return (images * self._factor - self.get_buffer("mean")) / self.get_buffer("std")


class _Logits(nn.Module):
    """A model of transformers, of whose output the logits are taken."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """(n, 3, h, w) -> (n, k)."""
        logits: torch.Tensor = self.model(pixel_values=images).logits
        return logits


def _find(folder: Path, address: str) -> list[Path]:
    if not folder.is_dir():
        raise AssetError(f"classifiers.model: no model at {address}: there is no such folder")
    for name in FILES:
        if not (folder / name).is_file():
            raise AssetError(
                f"{address}: has no {name}; wanted is an image classifier as transformers' save_pretrained writes it: "
                f"{', '.join(FILES)}"
            )
    return [folder / name for name in FILES]


def _preprocessing(path: Path) -> tuple[int, nn.Module]:
    """The side of the pictures that the model sees, and what scales their range."""
    config = weights.read_json(path)
    size = config.get("crop_size") if config.get("do_center_crop") else config.get("size")
    sides: set[Any] = set(size.values()) if isinstance(size, dict) else {size}
    side = sides.pop() if len(sides) == 1 else None
    mean, std = [0.0] * 3, [1.0] * 3
    if config.get("do_normalize"):
        mean, std = config.get("image_mean", mean), config.get("image_std", std)
    factor = 255 * config.get("rescale_factor", 1 / 255) if config.get("do_rescale", True) else 255
    right = type(side) is int and 8 <= side <= _LONGEST_SIDE and isinstance(factor, float | int)
    for values in (mean, std):
        right = right and isinstance(values, list) and len(values) == 3
        right = right and all(isinstance(value, float | int) for value in values)
    if not right or 0 in std:
        raise AssetError(
            f"{path}: wanted are a square size of 8 to {_LONGEST_SIDE} pixels, and image_mean and image_std with three "
            f"numbers; here are size {quoted(size)}, {quoted(mean)} and {quoted(std)}"
        )
    return int(side), _Scaled(mean, std, float(factor))  # type: ignore[arg-type] # it is a whole number by now


def _classes(path: Path) -> tuple[str, ...]:
    config = weights.read_json(path)
    refused = [key for key in ("auto_map", "quantization_config") if key in config]
    if refused:
        raise AssetError(
            f"{path}: has {' and '.join(refused)}: code that a repository brings, and weights in other "
            "numbers than floats, are not read"
        )
    named = config.get("id2label")
    if not isinstance(named, dict) or set(named) != set(map(str, range(len(named)))) or len(named) < 2:
        raise AssetError(f"{path}: id2label must name every class by its number, from 0; it is {str(named)[:200]}")
    names = [str(named[str(number)]) for number in range(len(named))]
    times = Counter(names)
    return tuple(name if times[name] == 1 else f"{name} ({number})" for number, name in enumerate(names))


def _model(transformers: Any, folder: Path) -> nn.Module:
    """The model in float32 with its weights, every one of which must be there and fit."""
    try:
        with _quiet(transformers), hidden_if_broken("torchvision"):
            model, report = transformers.AutoModelForImageClassification.from_pretrained(
                folder,
                local_files_only=True,
                use_safetensors=True,
                trust_remote_code=False,
                dtype=torch.float32,
                attn_implementation="eager",
                output_loading_info=True,
            )
    except Exception as error:  # whatever transformers makes of a configuration that somebody else wrote
        raise AssetError(f"{folder}: no image classifier can be made of it: {str(error)[:500]}") from error
    amiss = {what: sorted(map(str, names)) for what, names in report.items() if names}
    if amiss:
        problems = "; ".join(f"{what.replace('_', ' ')}: {', '.join(names[:5])}" for what, names in amiss.items())
        raise AssetError(f"{folder}: {CONFIG} and {WEIGHTS} do not belong together: {problems[:500]}")
    network: nn.Module = model
    return network


@contextmanager
def _quiet(transformers: Any) -> Iterator[None]:
    """Keeps transformers' progress bar and its warnings, which become errors of ours, off the terminal."""
    log = transformers.logging
    level, bars = log.get_verbosity(), log.is_progress_bar_enabled()
    log.set_verbosity(logging.CRITICAL)
    log.disable_progress_bar()
    try:
        yield
    finally:
        log.set_verbosity(level)
        if bars:
            log.enable_progress_bar()
