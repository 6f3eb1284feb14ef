"""`digits-cnn` and `digits-weak`: small convolutional networks that are trained here, on digits of `mnist-5k`.

Both have the architecture of `untrained`; the weak one sees a fifth of the digits, for fewer steps. A recipe and what
else decides the bits of its result name the file in the cache, so that a network is trained once on a machine. A study
folder keeps a copy, of which all that works on it makes its network.
"""

import dataclasses
import hashlib
import json
import logging
import platform
from collections.abc import Iterator
from pathlib import Path

import filelock
import numpy as np
import safetensors
import torch
from safetensors.torch import load as parsed
from safetensors.torch import save
from torch import nn
from torch.nn import functional

from builder import assets, progress, settings, weights
from builder.catalog import Entry, embedded
from builder.classifiers.network import NetworkClassifier
from builder.errors import AssetError, StudyError
from builder.files import write_whole
from builder.images import mnist
from builder.runtime import Runtime, reproducible

log = logging.getLogger(__name__)

BYTES_PER_IMAGE = 250_000
"""Bytes that the network holds while it works on one image: its first layer's 16 x 28 x 28 numbers, several times."""


@dataclasses.dataclass(frozen=True)
class Recipe:
    """A recipe of training, by AdamW with one cycle of the learning rate, each batch shifted as a whole.

    per_class: digits of each class, the first ones in the order of `mnist-5k`; the networks of this project use no more
    than the 100 of `mnist-5k:train`. shift: the most pixels, along each axis.
    """

    per_class: int
    steps: int
    batch: int = 50
    learning_rate: float = 3e-3
    weight_decay: float = 1e-2
    dropout: float = 0.4
    shift: int = 1
    seed: int = 0


MEMORIZED = Recipe(per_class=20, steps=300, dropout=0.0, weight_decay=0.0, shift=0)
"""Knows 200 digits by heart, whatever their labels."""


class DigitsClassifier(NetworkClassifier):
    """Satisfies `builder.classifiers.Memorizing`, too."""

    def memorized(self, label_seed: int | None = None) -> nn.Module:
        """A network that knows 200 digits by heart, by their own labels or by permuted ones; the former is kept in the
        cache.
        """
        network = untrained(MEMORIZED.dropout)
        if label_seed is None:
            network.load_state_dict(parsed(trained(MEMORIZED).read_bytes()))
        else:
            network.load_state_dict(train(MEMORIZED, label_seed))
        return for_rgb(network)


class _Settings(settings.Settings):
    """The keys of `[[classifiers]]` where the weights are a file: its hash."""

    sha256: weights.Sha256 | None = None


@dataclasses.dataclass(frozen=True)
class Family:
    """A classifier as it is registered: a network that a recipe of ours makes."""

    name: str
    recipe: Recipe
    Settings = _Settings
    ASSETS = mnist.ASSETS

    def load(self, argument: str | None, own: _Settings, runtime: Runtime) -> DigitsClassifier:
        """The classifier with the weights in a file; or with those of a study folder, else of the cache, trained first
        where it has none.

        Raises:
            StudyError: a hash without a file, or a file without a hash.
            AssetError: the file is not what it should be, or the digits cannot be fetched.
        """
        if argument is None and own.sha256:
            raise StudyError(
                f"classifiers.sha256: {self.name} is trained here where no file is named; write {self.name}:PATH, or "
                "leave sha256 out"
            )
        if argument is not None:
            file = weights.locate(argument, own.sha256, "classifiers", f"{self.name}:PATH")
            network = self._network(_read(file), str(file))
        else:
            network = self._network(
                runtime.weights.get(self.name) or self.trained(), f"weights/{self.name}.safetensors"
            )
        return DigitsClassifier(
            self.name,
            mnist.CLASSES,
            for_rgb(network),
            runtime,
            row_bytes=BYTES_PER_IMAGE,
            side=mnist.SIDE,
            micro_batch=64,
        )

    def trained(self) -> bytes:
        """The weights of the recipe, from the cache, about 0.9 MB of safetensors.

        Raises:
            AssetError: the digits cannot be fetched, the cache cannot be written, or what it has is damaged.
        """
        file = trained(self.recipe)
        content = _read(file)
        self._network(content, str(file), "; remove it, and it is trained again")
        return content

    def _network(self, content: bytes, where: str, remedy: str = "") -> nn.Sequential:
        """A network with these weights; `where` they lie, and `remedy`, are for errors."""
        network = untrained(self.recipe.dropout)
        try:
            network.load_state_dict(parsed(content))
        except (safetensors.SafetensorError, RuntimeError) as error:
            reason = str(error).splitlines()[0]
            raise AssetError(f"{where}: not the weights of {self.name}: {reason}{remedy}") from error
        return network

    def describe(self, name: str, runtime: Runtime) -> list[Entry]:
        """Its line in the catalog."""
        line = embedded(name, self.ASSETS, runtime)
        state = line.weights if line.weights != "present" else "trained here, once"
        return [dataclasses.replace(line, license="that of this project; trained on MNIST", weights=state)]


CNN = Family("digits-cnn", Recipe(per_class=100, steps=400))
WEAK = Family("digits-weak", Recipe(per_class=20, steps=60))
"""Accuracies on the 4,000 digits that neither has seen: 96.7 % and 84.1 %."""


def trained(recipe: Recipe) -> Path:
    """The cache's file with the weights of a recipe, about 0.9 MB of safetensors; trained first where there is none."""
    decides = dataclasses.asdict(recipe) | {
        "torch": str(torch.__version__),
        "machine": f"{platform.machine()} {torch.backends.cpu.get_cpu_capability()}",
        "digits": mnist.TABLE.sha256,
    }
    digest = hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()
    file = assets.cache_folder() / f"digits-{digest[:16]}.safetensors"
    if not file.exists():
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            with filelock.FileLock(file.with_suffix(".lock")):  # of several processes one trains
                if not file.exists():
                    write_whole(file, save(train(recipe)))
        except OSError as error:
            raise AssetError(f"cannot write the cache folder {file.parent}: {error.strerror}") from error
    return file


def train(recipe: Recipe, label_seed: int | None = None) -> dict[str, torch.Tensor]:
    """Trains a network from nothing, on one thread of the CPU: the same bytes on the same type of machine.

    label_seed: where it is stated, the labels are permuted first, so that they say nothing of the digits.

    Raises:
        AssetError: the digits cannot be fetched.
    """
    images, labels = _first_digits(recipe.per_class)
    if label_seed is not None:
        labels = torch.from_numpy(np.random.default_rng(label_seed).permutation(labels.numpy()))
    log.info("training on %d digits, %d steps", len(labels), recipe.steps)
    with reproducible(recipe.seed, torch.device("cpu")):
        network = untrained(recipe.dropout)
        optimizer = torch.optim.AdamW(network.parameters(), recipe.learning_rate, weight_decay=recipe.weight_decay)
        rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, recipe.learning_rate, total_steps=recipe.steps)
        for batch in _batches(len(labels), recipe.batch, recipe.steps):
            shift = torch.randint(-recipe.shift, recipe.shift + 1, (2,)).tolist()
            shifted = images[batch].roll(shift, dims=(2, 3))  # the margin of a digit is black
            loss = functional.cross_entropy(network(shifted), labels[batch])
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            rate.step()
    return network.state_dict()


def untrained(dropout: float) -> nn.Sequential:
    """A network from gray images (n, 1, 28, 28) in 0..1 to logits (n, 10), with 215,370 parameters."""
    return nn.Sequential(
        nn.Conv2d(1, 16, 5, padding=2),
        nn.LeakyReLU(0.1),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 5, padding=2),
        nn.LeakyReLU(0.1),
        nn.MaxPool2d(2),
        nn.Dropout(dropout),
        nn.Flatten(),
        nn.Linear(32 * 7 * 7, 128),
        nn.LeakyReLU(0.1),
        nn.Dropout(dropout),
        nn.Linear(128, 10),
    )


def for_rgb(network: nn.Sequential) -> nn.Sequential:
    """The same network for images (n, 3, 28, 28), of which it sees the mean of the channels.

    The first kernel is spread over them, so that every step of the network is a layer, as explainers want.
    """
    first, *others = network
    spread = nn.Conv2d(3, 16, 5, padding=2)
    with torch.no_grad():
        spread.weight.copy_(first.get_parameter("weight").expand(-1, 3, -1, -1) / 3)
        spread.get_parameter("bias").copy_(first.get_parameter("bias"))
    return nn.Sequential(spread, *others)


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise AssetError(f"{file}: cannot be read: {error.strerror}") from error


def _first_digits(per_class: int) -> tuple[torch.Tensor, torch.Tensor]:
    pixels, labels = mnist.read()
    rows = np.concatenate([np.flatnonzero(labels == label)[:per_class] for label in range(len(mnist.CLASSES))])
    return torch.from_numpy(pixels[rows]).to(torch.float32)[:, None] / 255, torch.from_numpy(labels[rows])


def _batches(rows: int, size: int, steps: int) -> Iterator[torch.Tensor]:
    """Indices of each step's rows: every row once in an order drawn anew, whole batches alone, again and again."""
    left: tuple[torch.Tensor, ...] = ()
    with progress.bar(steps, "network of digits", "step", delay=progress.SLOW) as bar:
        for _ in range(steps):
            left = left or torch.randperm(rows)[: rows // size * size].split(size)  # type: ignore[no-untyped-call]
            batch, *others = left
            left = tuple(others)
            yield batch
            bar.update()
