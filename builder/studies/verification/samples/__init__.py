"""Sample kinds: how the images around a base come about. One file per kind.

A kind is registered under `lands_between.samples` as a module (or object) that satisfies `SampleKind`.
The name it is registered under is the `kind` of its pairs and its table in `[samples]`.
"""

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from builder.generators import Images, Latents, LatentSpace
from builder.recognizers import Embeddings, Faces

Rng = Callable[..., np.random.Generator]
"""`rng(base, ...)`: the random generator of one draw of one kind, named by integers."""


class View(NamedTuple):
    """n images and what the target recognizer saw in them.

    images: (n, h, w, 3) uint8.
    faces: what the target's alignment made of them.
    embeddings: (n, k) float32, NaN where nothing was found.
    """

    images: Images
    faces: Faces
    embeddings: Embeddings

    @staticmethod
    def concatenate(parts: "list[View]") -> "View":
        """Several of them as one, in order."""
        return View(
            np.concatenate([part.images for part in parts]),
            Faces.concatenate([part.faces for part in parts]),
            np.concatenate([part.embeddings for part in parts]),
        )

    def row(self, index: int) -> "View":
        """One image, as a view of n = 1."""
        rows = slice(index, index + 1)
        return View(self.images[rows].copy(), self.faces.rows(rows), self.embeddings[rows].copy())


@dataclass(frozen=True)
class Picture:
    """One image to be: its name within the batch, its latent (d,), and its view where it was rendered already.

    The same name is the same image, whatever part it plays in a pair.
    """

    name: str
    latent: Latents
    view: View | None = None


@dataclass(frozen=True)
class Sample:
    """A pair to be: a base (its index in the batch) and the picture shown with it.

    level: step length, share of the way, target threshold or margin; direction: index of the random draw, or of the
        recognizer that is to accept; anchor: index of the base that the sample starts from.
    search: name of the search within the batch; reached, evaluations: whether it got to `level`, and how many
        candidates it had evaluated when it met this one (itself included; 0 for the start).
    """

    base: int
    picture: Picture
    level: float | None = None
    direction: int | None = None
    anchor: int | None = None
    search: str | None = None
    reached: bool | None = None
    evaluations: int | None = None


@dataclass(frozen=True)
class Round:
    """A round of one search, for the table `searches`; `stop` is set in its last round.

    best_distance: the smallest score so far: the target's distance, or for `controversial` less than nothing where the
        margin is more, its negative.
    """

    search: str
    base: int
    anchor: int
    iteration: int
    evaluations: int
    best_distance: float | None
    stop: str | None


@dataclass(frozen=True)
class Drawn:
    """The samples of a kind for one batch."""

    samples: list[Sample]
    rounds: list[Round] = field(default_factory=list)


class Evaluation(NamedTuple):
    """Candidates as the target saw them, and what a search minimizes, such as the distance to their base: (n,), NaN
    where nothing was found.
    """

    view: View
    scores: npt.NDArray[np.float32]


Judgment = tuple[View, dict[str, npt.NDArray[np.float32]]]
"""Candidates as the target saw them; by recognizer the distance to their base in units of its threshold, (n,), NaN
where it found nothing."""


@dataclass(frozen=True)
class Bases:
    """The bases of a batch, and what a kind may do with them.

    evaluate: (latents (n, d), base indices (n,)) -> rendered, aligned, embedded and compared, in one go; the scores are
        the target's distances.
    recognizers: names of all. judge: the same as `evaluate` by those whose names are given first.
    """

    pictures: tuple[Picture, ...]
    space: LatentSpace
    evaluate: Callable[[Latents, npt.NDArray[np.intp]], Evaluation]
    recognizers: tuple[str, ...]
    judge: Callable[[tuple[str, ...], Latents, npt.NDArray[np.intp]], Judgment]

    @property
    def count(self) -> int:
        """The number of bases of the batch."""
        return len(self.pictures)

    def others(self, base: int) -> list[int]:
        """The indices of a base's negatives."""
        return [other for other in range(self.count) if other != base]


class SampleKind(Protocol):
    """Draws the samples of one kind for a batch; the same for the same bases, settings and rng."""

    @property
    def Settings(self) -> type[Any]:  # noqa: N802 - a class
        """A `builder.settings.Settings` with a default for every key: the kind's table in `[samples]`."""

    def draw(self, bases: Bases, settings: Any, rng: Rng) -> Drawn:
        """Every sample of this kind, ordered by base.

        A module beside that may have `count(bases, settings) -> int`, how many there are of so many bases; without it
        the samples are not in what `build --dry-run` announces.
        """


def base_name(base: int) -> str:
    """A base's name within its batch."""
    return f"base{base}"


def randomness(seed: int, batch: int, kind: str) -> Rng:
    """The random generators of one kind in one batch; no other kind or batch shares them.

    `SeedSequence(seed, spawn_key=(batch, CRC-32 of the kind's name, base, ...))`.
    """

    def rng(*key: int) -> np.random.Generator:
        spawn_key = (batch, zlib.crc32(kind.encode()), *key)
        return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=spawn_key))

    return rng
