"""`build`: from a study to a finished folder."""

import contextlib
import logging
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from builder.engines import Built, Engine, Job, Ready
from builder.engines.drive import Work, drive
from builder.engines.local import Local
from builder.errors import BuildError
from builder.machine import cpus, free_memory, may_have_gpu
from builder.manifest import BatchManifest
from builder.metrics import Metrics, served
from builder.progress import bar, take_turns
from builder.shards import StudyFolder
from builder.status import Finished, Status, status_of
from builder.storage import Disk
from builder.studies import load_kind
from builder.study import Study
from builder.trained import keep_weights
from loading_script.shell import printable

log = logging.getLogger(__name__)

README_GROWTH = 1.1
"""The folder's README, which lists every shard, is written again when this many times the batches are finished: for
all of a build that is time linear in the batches."""

WORKER_ROOM = 2 * 2**30
"""Bytes of free memory for each of the workers that nobody asked for."""


@dataclass(frozen=True)
class Crew:
    """The workers of a build.

    workers: by default 1, of a kind of study that trains one for each CPU (see `StudyKind.trains`), with Ray as many as
        the cluster has room for.
    threads: CPU threads of a worker; by default this machine's CPUs shared among the workers, with Ray 1.
    gpus: GPUs of a worker, or the part of one.
    address: of a Ray cluster; without it one is started on this machine.
    memory: bytes that a worker's models may use; by default a share of what is free.
    """

    engine: Literal["local", "ray"] = "local"
    device: str = "auto"
    workers: int | None = None
    threads: int | None = None
    gpus: float = 1
    address: str | None = None
    memory: int | None = None
    verbose: bool = False


@dataclass(frozen=True)
class Outcome:
    """The outcome of a build; failed: batch -> why."""

    status: Status
    built: int
    failed: dict[int, str]


def build(study: Study, out: str | Path, crew: Crew, metrics_port: int | None = None) -> Outcome:
    """Builds the batches of `study` that `out`, a path or an fsspec URL, does not hold yet.

    Raises:
        LandsBetweenError: everything that a user can act on; what was finished stays and is continued.
        KeyboardInterrupt: the build was interrupted; likewise.
    """
    folder = StudyFolder(out)
    if folder.address.startswith("memory://"):
        raise BuildError(f"{folder.address}: workers are processes, which share no memory; name a disk or a store")
    with folder.locked():
        total = study.batches
        study, finished = folder.claim(study)
        folder.tidy()
        todo = [batch for batch in range(total) if batch not in finished]
        failed: dict[int, str] = {}
        if todo or not folder.described:
            log.info("%d of %d batches to build", len(todo), total)
            metrics = Metrics(total, len(finished))
            with served(metrics, metrics_port):
                failed = _run(study, folder, finished, todo, crew, metrics)
        folder.write_readme(study.name, finished)
        return Outcome(status_of(study, Finished(finished, {})), len(todo) - len(failed), failed)


def repair(where: str | Path, crew: Crew) -> Outcome | None:
    """Builds again the batches of a folder that are damaged, every byte compared, and no other; writes its README anew.

    Returns:
        None where nothing is damaged.

    Raises:
        LandsBetweenError: as in `build`.
    """
    folder = StudyFolder(where)
    with folder.locked():
        study = folder.study()
        batches = folder.batches(study.hash(), verify=True)
        if not batches.damaged:
            folder.write_readme(study.name, batches.whole)
            return None
        folder.forget_batches(sorted(batches.damaged))
        metrics = Metrics(study.batches, len(batches.whole))
        failed = _run(study, folder, batches.whole, sorted(batches.damaged), crew, metrics)
        folder.write_readme(study.name, batches.whole)
        return Outcome(status_of(study, Finished(batches.whole, {})), len(batches.damaged) - len(failed), failed)


def _run(
    study: Study,
    folder: StudyFolder,
    finished: dict[int, BatchManifest],
    todo: list[int],
    crew: Crew,
    metrics: Metrics,
) -> dict[int, str]:
    """Builds `todo`, adding to `finished`.

    Returns:
        Why batches failed.
    """
    listed = len(finished)
    weights = keep_weights(study, folder)

    def ready(worker: Ready) -> None:
        folder.describe(study, worker.micro_batches, worker.environment, weights)

    def built(batch: Built) -> None:
        nonlocal listed
        finished[batch.manifest.batch] = batch.manifest
        if len(finished) >= listed * README_GROWTH:
            folder.write_readme(study.name, finished)
            listed = len(finished)
        metrics.built(batch.log)
        log.info("batch %d: %.1f s", batch.manifest.batch, batch.log[-1].seconds)
        progress.update()

    def failed(batch: int, why: str) -> None:
        metrics.failed()
        log.error("error: batch %d failed: %s", batch, printable(why))

    work = Work(deque(todo), on_ready=ready, on_built=built, on_failed=failed, described=folder.described)
    with bar(len(todo), "batches", "batch") as progress, _engine(study, folder, crew, weights, len(todo)) as engine:
        try:
            drive(engine, work)
        finally:
            if len(finished) > listed and not work.fatal:  # which may be that the folder is out of reach
                folder.write_readme(study.name, finished)
    return work.failed


_Job = Callable[[int, int, int | None, float | None], Job]
"""A job's workers, threads, memory and share of what is free -> the job."""


@contextlib.contextmanager
def _engine(
    study: Study, folder: StudyFolder, crew: Crew, weights: Mapping[str, str], batches: int
) -> Iterator[Engine]:
    """The engine that the crew asks for, ended with the block."""
    trains = load_kind(study.study).trains
    start = _start_ray if crew.engine == "ray" else partial(_start_local, trains)
    where = str(folder.root.absolute()) if isinstance(folder.storage, Disk) else folder.address
    job = partial(Job, where, str(Path.cwd()), study.to_toml(), crew.device, crew.gpus, crew.verbose)
    engine = start(crew, partial(job, weights=weights), batches)
    try:
        yield engine
    finally:
        engine.close()


def _start_local(trains: bool, crew: Crew, job: _Job, batches: int) -> Engine:
    workers = crew.workers or (_trainers(crew) if trains else 1)
    workers = max(1, min(workers, batches))
    threads = crew.threads or max(1, cpus() // workers)
    take_turns(0, workers + 1)
    return Local(job(workers, threads, crew.memory, 1 / workers))


def _trainers(crew: Crew) -> int:
    """Workers that train, by default: as many as CPUs and memory have room for; where there may be a GPU, 1 has it."""
    if crew.device == "cuda" or (crew.device == "auto" and may_have_gpu()):
        return 1
    return min(cpus() // (crew.threads or 1), free_memory() // WORKER_ROOM)


def _start_ray(crew: Crew, job: _Job, batches: int) -> Engine:
    try:
        from builder.engines import ray
    except ImportError as error:
        raise BuildError("--engine ray needs an extra: pip install -e '.[ray]'") from error
    own = ray.connect(crew.address)
    threads = crew.threads or 1
    fit = ray.workers_that_fit(threads, crew.gpus)
    if own and not fit:
        raise BuildError(f"a worker wants {threads} CPUs, which this machine does not have: see --threads-per-worker")
    workers = max(1, min(crew.workers or fit, batches))
    if workers > fit:
        log.warning("%d workers: the cluster has room for %d; the others wait until it has more", workers, fit)
    return ray.Ray(job(workers, threads, crew.memory, None))
