"""A worker of any engine: it loads the models once, then builds batches into the folder."""

import contextlib
import logging
import math
import os
import time
from dataclasses import replace

from builder.engines import Built, Failed, Job, Ready
from builder.errors import BuildError, LandsBetweenError
from builder.log import Line, Place, batch_lines, write_log
from builder.machine import cpus
from builder.runtime import Runtime, start_runtime
from builder.shards import StudyFolder
from builder.studies import load_kind
from builder.study import parse_study
from builder.toml import parse_toml

log = logging.getLogger(__name__)


class Worker:
    """One worker's models and folder."""

    def __init__(self, job: Job, number: int, halvings: int = 0) -> None:
        """halvings: how often its memory and micro-batches are halved, because workers before it were killed."""
        self._job, self._number, self._halvings = job, number, halvings
        self._begun = False

    def start(self) -> Ready | Failed:
        """Loads the models."""
        with contextlib.suppress(
            OSError
        ):  # a node may lack it; a path that needs it is then named with where it is sought
            os.chdir(self._job.cwd)
        try:
            self._study = parse_study(parse_toml(self._job.study.encode(), "study.toml"), "study.toml")
            self._folder = StudyFolder(self._job.where)
            weights = {name: self._folder.weights(name, sha256) for name, sha256 in self._job.weights.items()}
            self._runtime = replace(self._start_runtime(), weights=weights)
            self._kind = load_kind(self._study.study)
            self._models = self._kind.load(self._study, self._runtime)
        except LandsBetweenError as error:
            return Failed(str(error), fatal=True)
        self._environment = self._runtime.environment()
        self._place = Place(self._number, self._job.workers, self._environment["device"], self._runtime.threads)
        return Ready(self._models.micro_batches(), self._environment)

    def _start_runtime(self) -> Runtime:
        job, part = self._job, 0.5**self._halvings
        return start_runtime(
            job.device,
            job.threads,
            math.floor(self._number * job.gpus),
            memory=None if job.memory is None else int(job.memory * part),
            share=part * (job.share or min(1, job.threads / cpus())),
            gpu_share=part * min(1, job.gpus),
        )

    def build(self, batch: int) -> Built | Failed:
        """Builds a batch and writes its log, its shards and, last, its manifest."""
        start = time.perf_counter()
        try:
            return self._built(batch)
        except BuildError as error:
            log.info("batch %d failed", batch, exc_info=True)
            return self._failed(batch, str(error), time.perf_counter() - start)
        except LandsBetweenError as error:
            return Failed(str(error), fatal=True)

    def _built(self, batch: int) -> Built:
        if not self._begun:  # the driver writes them before it hands out the first batch
            self._models.take_micro_batches(self._folder.manifest().micro_batches, self._halvings)
            self._begun = True
        built = self._kind.build(self._study, self._models, batch)
        self._folder.check_present()
        steps = [(step.step, step.seconds, step.candidates) for step in built.steps]
        lines = batch_lines(batch, steps, built.timings["batch"], self._place, self._runtime.peak_memory())
        write_log(self._folder.storage, lines)
        manifest = self._folder.write_batch(
            batch,
            built.tables,
            seeds=built.seeds,
            passed_over=built.passed_over,
            environment=self._environment,
            micro_batches=built.micro_batches,
            timings=built.timings,
        )
        return Built(manifest, tuple(lines))

    def _failed(self, batch: int, why: str, seconds: float) -> Failed:
        lines: list[Line] = batch_lines(batch, [], seconds, self._place, self._runtime.peak_memory(), why)
        try:
            self._folder.check_present()
            write_log(self._folder.storage, lines)
        except LandsBetweenError as error:
            return Failed(str(error), fatal=True)
        return Failed(why, fatal=False)
