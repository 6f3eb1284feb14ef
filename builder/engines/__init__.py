"""Engines: where batches run. One file per engine; `drive` hands the batches out, `worker` builds them.

A batch depends on the study and its own number alone, so that any worker may build it, on any machine of the same type.
"""

from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Protocol

from builder.log import Line
from builder.manifest import BatchManifest


@dataclass(frozen=True)
class Job:
    """The instructions that every worker of a build gets.

    where: the study folder, as an absolute path or a URL.
    cwd: the folder to which paths in the study are relative.
    study: the study file's text.
    device: `auto`, `cpu` or `cuda`.
    gpus: GPUs of a worker, or the part of one; of those of a machine, worker i of the engine `local` takes number
        floor(i * gpus).
    verbose: whether workers say what they do.
    workers: how many there are.
    threads: CPU threads of a worker.
    memory: bytes that a worker's models may use; None for a share of what is free.
    share: a worker's part of its machine's free memory; None for its part of the machine's CPUs.
    weights: the SHA-256 of those that the folder keeps, by model.
    """

    where: str
    cwd: str
    study: str
    device: str
    gpus: float
    verbose: bool
    workers: int
    threads: int
    memory: int | None = None
    share: float | None = None
    weights: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Ready:
    """A worker has loaded its models: rows per call by model, and what a shard's bytes may depend on."""

    micro_batches: dict[str, int]
    environment: dict[str, str]


@dataclass(frozen=True)
class Built:
    """A batch is finished and in the folder; what its log says."""

    manifest: BatchManifest
    log: tuple[Line, ...]


@dataclass(frozen=True)
class Failed:
    """The reason why a worker could not do its job.

    fatal: no other batch could be built either: a model cannot be loaded, the folder cannot be written.
    """

    message: str
    fatal: bool


Doing = Future[Ready | Built | Failed]
"""A worker's current job."""


class Engine(Protocol):
    """Workers 0 to workers - 1; each does one thing at a time.

    A future raises one of `lost` where the worker ended before it was done; `start` then brings another.
    """

    workers: int
    lost: tuple[type[Exception], ...]

    def start(self, worker: int, halvings: int) -> Doing:
        """Brings a worker to life and loads its models, whose memory and micro-batches are halved so often."""

    def lacked_memory(self, error: Exception) -> bool | None:
        """Whether a worker that was lost was killed because memory ran out; None where that cannot be known."""

    def build(self, worker: int, batch: int) -> Doing:
        """Builds one batch into the folder."""

    def close(self) -> None:
        """Ends the workers, at once if they are at work."""
