"""The plan for 100,000 bases: what it costs by the rates below, and how it goes with 1 to 1,000 workers.

    python -m benchmarks.scale                # the tables of docs/scale.md, in a second
    python -m benchmarks.scale --simulate     # the plan on simulated workers and the real driver, in two minutes

Put your own rates in `RATES` and `SETTINGS`; `measured` ones are of the machine of benchmarks/README.md.
"""

import math
import sys
import tempfile
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from benchmarks.folder import NAME, STEPS, begin
from benchmarks.simulated import Outcome, SimulatedEngine, SimulatedLossError, VirtualClock
from builder.build import README_GROWTH
from builder.engines import Built, Ready
from builder.engines.drive import Work, drive
from builder.log import Place, batch_lines
from builder.manifest import BatchManifest
from builder.metrics import Metrics
from builder.shards import StudyFolder


class Rate(NamedTuple):
    """A number that the plan rests on, and where it comes from."""

    value: float
    unit: str
    basis: Literal["measured", "assumed"]
    source: str


class Setting(NamedTuple):
    """A generator and where it runs.

    gpu: seconds of a GPU for a candidate; 0 where there is none.
    core: seconds of CPU cores for a candidate. cores: how many a worker has.
    rest: seconds of one core for the rest of a batch. png: bytes of an image.
    """

    name: str
    gpu: Rate
    core: Rate
    cores: int
    rest: Rate
    png: Rate


BASES, PER_BATCH, PAIRS_PER_BASE = 100_000, 4, 28
BATCHES, PAIRS = BASES // PER_BATCH, BASES * PAIRS_PER_BASE
WORKERS = [1, 10, 100, 1_000]

RATES = {
    "candidates": Rate(10_268, "images a batch", "measured", "default study, 12 searches: rendered, aligned, embedded"),
    "spread": Rate(0.18, "of a batch's time", "measured", "standard deviation over the searches, for 12 of them"),
    "shown": Rate(306, "PNGs a batch", "measured", "in the shards: 82 images, two a pair"),
    "published": Rate(168, "PNGs a batch", "measured", "in the Parquet files, where a repeated one is there once"),
    "rows": Rate(0.20e6, "bytes a batch", "measured", "shards without PNGs"),
    "parquet": Rate(0.13e6, "bytes a batch", "measured", "Parquet without PNGs, with 10 ratings a pair"),
    "start": Rate(
        4.2, "s", "measured", "a worker's imports and models, processor time; a network of 1024 px takes longer"
    ),
    "requests": Rate(9, "a batch", "measured", "counted in Worker.build and StudyFolder.write_batch"),
    "request": Rate(0.1, "s", "assumed", "an object store's answer"),
    "upload": Rate(50e6, "bytes/s", "assumed", "from a worker to the store"),
    "losses": Rate(0.01, "a worker and hour", "assumed", "workers that end: preempted machines, memory"),
    "raters": Rate(10, "ratings a pair", "assumed", "the default of `survey.raters_per_pair`"),
    "sitting": Rate(25, "min for 112 pairs", "assumed", "the study file's example of `expected_minutes`"),
    "pay": Rate(4.5, "EUR for 112 pairs", "assumed", "the study file's example of `pay`, without a platform's fee"),
}

_NONE = Rate(0, "s", "measured", "no GPU")
_HOG = "HOG alignment of photographs of this size"
_TRAINING = "1/12 of NVIDIA's published training time an image on a V100, config F; embedding neglected"

SETTINGS = [
    Setting(
        "DCGAN, 64 px, 2 cores",
        _NONE,
        Rate(0.01267, "s", "measured", "65.1 s of two cores for 10,268: render, align, embed, search"),
        2,
        Rate(4.2, "s", "measured", "2.1 s of two cores: LPIPS, PNGs, shards"),
        Rate(7_600, "bytes", "measured", "the default study"),
    ),
    Setting(
        "StyleGAN2, 256 px, GPU and 8 cores",
        Rate(0.0094, "s", "assumed", _TRAINING),
        Rate(0.0056, "s", "measured", _HOG),
        8,
        Rate(3.1, "s", "assumed", "82 PNGs of 0.014 s (measured), LPIPS 2 s"),
        Rate(88_000, "bytes", "measured", "six photographs, scaled"),
    ),
    Setting(
        "StyleGAN2, 1024 px, GPU and 8 cores",
        Rate(0.0202, "s", "assumed", _TRAINING),
        Rate(0.0657, "s", "measured", _HOG),
        8,
        Rate(33, "s", "assumed", "82 PNGs of 0.16 s (measured), LPIPS 20 s"),
        Rate(1_270_000, "bytes", "assumed", "FFHQ as published: 89.1 GB of 70,000 PNGs"),
    ),
    Setting(
        "StyleGAN2, 1024 px, 2 cores",
        _NONE,
        Rate(14.9, "s", "measured", "7.4 s of two cores an image, random weights, and the above"),
        2,
        Rate(33, "s", "assumed", "as above"),
        Rate(1_270_000, "bytes", "assumed", "as above"),
    ),
]


def main() -> None:
    """Prints the tables; with `--simulate` the simulation's."""
    if sys.argv[1:] == ["--simulate"]:
        simulate([SETTINGS[0], SETTINGS[2]])
    else:
        print("\n\n".join(tables()))


def tables() -> Iterator[str]:
    """The tables of docs/scale.md but that of the simulation."""
    rates = [[f"{rate.value:,.6g} {rate.unit}", rate.basis, rate.source] for rate in RATES.values()]
    yield table(["rate", "", "from"], rates)
    head = ["setting", "GPU s a candidate", "core s a candidate", "core s for the rest of a batch", "bytes of a PNG"]
    yield table(head, [[setting.name, *map(_marked, _rates(setting))] for setting in SETTINGS])
    yield table(
        ["for 100,000 bases", "s a batch", "GPU hours (busy)", "core hours", "study folder", "published"],
        [cost(setting) for setting in SETTINGS],
    )
    yield table(["workers", *(setting.name for setting in SETTINGS)], list(makespans()))
    sittings = PAIRS * RATES["raters"].value / 112
    hours, pay = sittings * RATES["sitting"].value / 60, sittings * RATES["pay"].value
    head = ["pairs", "ratings", "sittings of 112 pairs", "hours of people", "EUR"]
    yield table(head, [[f"{PAIRS:,}", *(f"{n:,.0f}" for n in (112 * sittings, sittings, hours, pay))]])
    yield table(["batches a Parquet file", "files", "in a folder", "largest file, 64 px", "1024 px"], list(hub()))


def cost(setting: Setting) -> list[str]:
    """A row: what all of the plan costs in a setting."""
    seconds, gpu = batch_seconds(setting), RATES["candidates"].value * setting.gpu.value
    cores = RATES["candidates"].value * setting.core.value + setting.rest.value
    gpu_hours = f"{BATCHES * seconds / 3600:,.0f} ({BATCHES * gpu / 3600:,.0f})" if gpu else "0"
    shards, parquet = (BATCHES * size for size in batch_bytes(setting))
    return [setting.name, f"{seconds:,.0f}", gpu_hours, f"{BATCHES * cores / 3600:,.0f}", _size(shards), _size(parquet)]


def batch_seconds(setting: Setting) -> float:
    """Seconds of one worker for one batch, writing to a store included. GPU and cores take turns in a worker."""
    candidate = setting.gpu.value + setting.core.value / setting.cores
    write = RATES["requests"].value * RATES["request"].value + batch_bytes(setting)[0] / RATES["upload"].value
    return RATES["candidates"].value * candidate + setting.rest.value / min(setting.cores, 2) + write


def batch_bytes(setting: Setting) -> tuple[float, float]:
    """Bytes of a batch in the study folder and published."""
    shards = RATES["shown"].value * setting.png.value + RATES["rows"].value
    return shards, RATES["published"].value * setting.png.value + RATES["parquet"].value


def closed_form(setting: Setting, workers: int) -> float:
    """Seconds that the plan takes: start, every worker's share, what losses repeat, and the last batches' ends.

    At the end, workers wait for the slowest of the batches in hand, on average half a batch.
    """
    seconds, start = batch_seconds(setting), RATES["start"].value
    lost = RATES["losses"].value / 3600 * (seconds / 2 + start)
    tail = seconds / 2 if workers > 1 else 0
    return start + BATCHES * seconds / workers * (1 + lost) + tail


def makespans() -> Iterator[list[str]]:
    """Rows: how long the plan takes by workers."""
    for workers in WORKERS:
        yield [f"{workers:,}", *(_duration(closed_form(setting, workers)) for setting in SETTINGS)]


def hub() -> Iterator[list[str]]:
    """Rows: files of the published layout with one batch a file, and merged."""
    small, large = SETTINGS[0].png.value, SETTINGS[2].png.value
    for merged in (1, 10, 25):
        folder = math.ceil(BATCHES / merged)
        files = 5 * folder
        largest = [_size(merged * RATES["published"].value / 2 * png) for png in (small, large)]
        yield [str(merged), f"{files:,}", f"{folder:,}", *largest]


def simulate(settings: Sequence[Setting]) -> None:
    """Prints how the plan goes on simulated workers, against the closed form."""
    head = [
        "",
        "workers",
        "simulated",
        "closed form",
        "ratio",
        "workers busy",
        "lost",
        "driver ms a batch",
        "driver busy",
    ]
    print(table(head, [run(setting, workers) for setting in settings for workers in WORKERS]))


def run(setting: Setting, workers: int) -> list[str]:
    """A row: one simulated build of the plan. What the driver does to its folder is done for real."""
    draw, clock, mean = np.random.default_rng(0), VirtualClock(), batch_seconds(setting)
    busy, lost, sigma = 0.0, 0, RATES["spread"].value
    with tempfile.TemporaryDirectory() as temporary:
        folder = StudyFolder(Path(temporary, NAME))
        study = begin(folder)
        manifest, record = folder.manifest(), folder.batch_manifest(0, study.hash())
        lines = tuple(
            batch_lines(0, [(step, mean, 1000) for step in STEPS], mean, Place(0, workers, "cpu", 2), _MEMORY)
        )
        finished: dict[int, BatchManifest] = {}
        metrics = Metrics(BATCHES, 0)
        listed = 0

        def build(worker: int, batch: int) -> tuple[float, Outcome]:
            nonlocal busy, lost
            seconds = mean * draw.lognormal(-(sigma**2) / 2, sigma)
            loss = draw.exponential(3600 / RATES["losses"].value)
            busy += min(seconds, loss)
            if loss < seconds:
                lost += 1
                return loss, SimulatedLossError("lost")
            return seconds, Built(record.model_copy(update={"batch": batch}), lines)

        def ready(worker: Ready) -> None:
            folder.describe(study, manifest.micro_batches, manifest.environment)

        def built(batch: Built) -> None:
            nonlocal listed
            finished[batch.manifest.batch] = batch.manifest
            if len(finished) >= listed * README_GROWTH:
                folder.write_readme(NAME, finished)
                listed = len(finished)
            metrics.built(batch.log)

        work = Work(deque(range(BATCHES)), ready, built, lambda batch, why: None, described=True)
        engine = SimulatedEngine(workers, clock, lambda worker: RATES["start"].value, build)
        drive(engine, work, clock)
    plan = closed_form(setting, workers)
    return [
        *(setting.name, f"{workers:,}", _duration(clock.now), _duration(plan), f"{clock.now / plan:.3f}"),
        *(f"{busy / workers / clock.now:.1%}", str(lost), f"{1000 * clock.driver_seconds / BATCHES:.2f}"),
        f"{clock.driver_seconds / clock.now:.3%}",
    ]


_MEMORY = {"peak_memory_bytes": 2**30}


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *rows])


def _rates(setting: Setting) -> list[Rate]:
    return [setting.gpu, setting.core, setting.rest, setting.png]


def _marked(rate: Rate) -> str:
    return f"{rate.value:,.6g} {rate.basis}" if rate.value else "none"


def _duration(seconds: float) -> str:
    return f"{seconds / 86400:,.1f} days" if seconds > 2 * 86400 else f"{seconds / 3600:,.1f} h"


def _size(size: float) -> str:
    unit, name = (1e12, "TB") if size >= 1e12 else (1e9, "GB") if size >= 1e9 else (1e6, "MB")
    return f"{size / unit:,.3g} {name}"


if __name__ == "__main__":
    main()
