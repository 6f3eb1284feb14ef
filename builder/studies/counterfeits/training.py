"""Training: of a generator against a frozen classifier, and of the classifier again with counterfeits.

Both draw from a seed of their own, on one thread: the same bytes on the same type of machine.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from builder import progress
from builder.generators import Images
from builder.runtime import Runtime, in_micro_batches, reproducible
from builder.studies.counterfeits.inverted import Floats, Inverted
from builder.studies.counterfeits.losses import terms, weighted
from builder.studies.counterfeits.network import Generator
from builder.studies.counterfeits.study import Conditioning, GeneratorSettings

BETAS = (0.5, 0.99)
"""The betas of Adam, which trains the generator with one cycle of the learning rate."""

RENDERED = 32
"""Images that a generator makes at a time."""

AGAIN_STEPS, AGAIN_RATE, AGAIN_BATCH = 200, 3e-4, 64
"""The training of the classifier again, by AdamW with one cycle of the learning rate; half a batch is counterfeits."""


@dataclass(frozen=True)
class Aim:
    """The wanted images of a generator: their classes' places among the outputs of f (k,), height and width, and
    whether they are gray.
    """

    outputs: tuple[int, ...]
    shape: tuple[int, int]
    gray: bool


@dataclass(frozen=True)
class TrainedGenerator:
    """A trained generator, and the value of each term of its loss at each step."""

    generator: Generator
    curves: dict[str, list[float]]


def train(
    inverted: Inverted, conditioning: Conditioning, aim: Aim, own: GeneratorSettings, seed: int, runtime: Runtime
) -> TrainedGenerator:
    """Trains a generator from nothing.

    Raises:
        StudyError: the conditioning does not fit the images.
    """
    device, classes = runtime.device, len(aim.outputs)
    curves: dict[str, list[float]] = {}
    bar = progress.bar(own.steps, f"generator by {conditioning}", "step", delay=progress.SLOW)
    with _training(seed, device), bar:
        made = Generator(conditioning, classes, aim.shape, 1 if aim.gray else 3, own).to(device).train()
        optimizer = torch.optim.Adam(made.parameters(), own.learning_rate, betas=BETAS)
        rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, own.learning_rate, total_steps=own.steps)
        wanted = torch.arange(classes).repeat_interleave(own.images_per_class)
        for step in range(own.steps):
            latents, vectors = torch.randn(len(wanted), own.latent), torch.randn(len(wanted), classes)
            condition = conditions(conditioning, wanted, vectors, own.soft_scale).to(device)
            images = made(latents.to(device), condition)
            logits, features = inverted(_in_color(images))
            targets = over_outputs(condition, aim, logits.shape[1])
            losses = terms(conditioning, images, logits, features, targets, classes)
            optimizer.zero_grad()
            weighted(losses, own, step / own.steps).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            rate.step()
            for name, term in losses.items():
                curves.setdefault(name, []).append(float(term.detach()))
            bar.update()
    return TrainedGenerator(made.eval().requires_grad_(False), curves)


def conditions(conditioning: Conditioning, wanted: torch.Tensor, vectors: torch.Tensor, scale: float) -> torch.Tensor:
    """Conditions (n, k) for the wanted classes (n,), indices: one-hot, or of `soft` the softmax of random vectors.

    vectors: (n, k), standard normal; of each, the largest number changes places with that of the wanted class.
    """
    if conditioning != "soft":
        return functional.one_hot(wanted, vectors.shape[1]).to(vectors.dtype)
    rows, largest = torch.arange(len(wanted)), vectors.argmax(dim=1)
    swapped = vectors.clone()
    swapped[rows, largest], swapped[rows, wanted] = vectors[rows, wanted], vectors[rows, largest]
    return (scale * swapped).softmax(dim=1)


def over_outputs(condition: torch.Tensor, aim: Aim, outputs: int) -> torch.Tensor:
    """Conditions over the study's classes (n, k) as distributions over all outputs of f (n, outputs)."""
    places = torch.tensor(aim.outputs, device=condition.device)
    return condition.new_zeros(len(condition), outputs).index_copy(1, places, condition)


def render(generator: Generator, latents: Floats, condition: Floats, runtime: Runtime) -> Images:
    """The generator's images as they are stored, (n, h, w, 3) uint8, n >= 1."""

    def run(z: torch.Tensor, c: torch.Tensor) -> torch.Tensor:
        return (_in_color(generator(z, c)) * 255).round().to(torch.uint8).permute(0, 2, 3, 1)

    images: Images = in_micro_batches(run, latents, condition, size=RENDERED, runtime=runtime)
    return images


def train_again(
    inverted: Inverted,
    images: Images,
    places: Sequence[int] | npt.NDArray[np.int64],
    counterfeits: Images,
    seed: int,
    runtime: Runtime,
) -> Inverted:
    """The classifier trained further, with one more class, the last one: counterfeits.

    images, places: those it was trained on, (n, h, w, 3), and their classes' places among its outputs, (n,).
    counterfeits: (m, h, w, 3).
    """
    device = runtime.device
    bar = progress.bar(AGAIN_STEPS, "classifier again", "step", delay=progress.SLOW)
    with _training(seed, device), bar:
        network = inverted.with_reject_class().to(device).eval().requires_grad_(True)
        optimizer = torch.optim.AdamW(network.parameters(), AGAIN_RATE)
        rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, AGAIN_RATE, total_steps=AGAIN_STEPS)
        genuine, fakes = torch.from_numpy(images), torch.from_numpy(counterfeits)
        labels = torch.as_tensor(np.asarray(places, np.int64))
        for _ in range(AGAIN_STEPS):
            of_known, of_fakes = (torch.randint(len(each), (AGAIN_BATCH // 2,)) for each in (genuine, fakes))
            pixels = torch.cat([genuine[of_known], fakes[of_fakes]]).to(device)
            logits = network(pixels.permute(0, 3, 1, 2).to(torch.float32).contiguous() / 255)
            rejected = torch.full_like(of_fakes, logits.shape[1] - 1)
            optimizer.zero_grad()
            functional.cross_entropy(logits, torch.cat([labels[of_known], rejected]).to(device)).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            rate.step()
            bar.update()
    return Inverted(inverted.name, network, rejects=True)


def _in_color(images: torch.Tensor) -> torch.Tensor:
    """(n, 1 or 3, h, w) -> (n, 3, h, w)."""
    return images.expand(-1, 3, -1, -1)


@contextmanager
def _training(seed: int, device: torch.device) -> Iterator[None]:
    """Draws from `seed` within the block, on one thread, by algorithms that give the same bits each time."""
    before = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    filled = torch.utils.deterministic.fill_uninitialized_memory  # type: ignore[attr-defined]
    with reproducible(seed, device):
        torch.use_deterministic_algorithms(True, warn_only=True)
        torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined] # all is written
        try:
            yield
        finally:
            torch.use_deterministic_algorithms(before[0], warn_only=before[1])
            torch.utils.deterministic.fill_uninitialized_memory = filled  # type: ignore[attr-defined]
