"""The driver against an engine whose workers are simulated: any number of them, and every fate, in no time."""

import math
import os
import random
import signal
import threading
from collections import Counter, deque

import pytest

from benchmarks.folder import begin
from benchmarks.simulated import SimulatedEngine, SimulatedLossError, VirtualClock
from builder.engines import Built, Failed
from builder.engines.drive import MOST_TRIES, PATIENCE, Work, drive
from builder.errors import BuildError
from builder.shards import StudyFolder


@pytest.fixture(scope="module")
def manifest(tmp_path_factory):
    folder = StudyFolder(tmp_path_factory.mktemp("one") / "out")
    begin(folder)
    return folder.batch_manifest(0, folder.manifest().study_hash)


class Build:
    """One simulated build: `fate(batch, tries)` is None for a batch that is built, else what comes instead."""

    def __init__(self, manifest, batches, workers, *, fate=lambda batch, tries: None, start=lambda worker: 1.0):
        self.manifest, self.fate = manifest, fate
        self.begun, self.built, self.failed = Counter(), [], {}
        self.clock, self.draw = VirtualClock(), random.Random(1)
        self.engine = SimulatedEngine(workers, self.clock, start, self.one)
        self.work = Work(
            deque(range(batches)), lambda ready: None, self.on_built, self.failed.__setitem__, described=True
        )

    def one(self, worker, batch):
        self.begun[batch] += 1
        did = self.fate(batch, self.begun[batch])
        return self.draw.uniform(1, 100), did or Built(self.manifest.model_copy(update={"batch": batch}), ())

    def on_built(self, built):
        self.built.append(built.manifest.batch)

    def drive(self):
        drive(self.engine, self.work, self.clock)


@pytest.mark.parametrize("workers", [1, 7, 1000])
def test_every_batch_is_built_once(manifest, workers):
    build = Build(manifest, 300, workers)
    build.drive()
    assert sorted(build.built) == list(range(300))
    assert set(build.begun.values()) == {1}


def test_workers_build_at_the_same_time(manifest):
    alone, together = Build(manifest, 300, 1), Build(manifest, 300, 30)
    alone.drive()
    together.drive()
    assert together.clock.now < alone.clock.now / 20


def test_a_batch_whose_worker_is_lost_is_tried_again(manifest):
    build = Build(manifest, 50, 4, fate=lambda batch, tries: SimulatedLossError() if tries < MOST_TRIES else None)
    build.drive()
    assert sorted(build.built) == list(range(50))
    assert set(build.begun.values()) == {MOST_TRIES}


def test_a_batch_under_which_workers_keep_ending_fails_and_the_others_go_on(manifest):
    build = Build(manifest, 50, 4, fate=lambda batch, tries: SimulatedLossError("killed") if batch == 7 else None)
    build.drive()
    assert sorted(build.built) == [batch for batch in range(50) if batch != 7]
    assert build.begun[7] == MOST_TRIES
    assert list(build.failed) == list(build.work.failed) == [7]
    assert "killed" in build.failed[7]


def test_a_failure_is_reported_and_not_tried_again(manifest):
    build = Build(
        manifest, 50, 4, fate=lambda batch, tries: Failed("no face", fatal=False) if batch % 10 == 3 else None
    )
    build.drive()
    assert build.failed == dict.fromkeys([3, 13, 23, 33, 43], "no face")
    assert len(build.built) == 45
    assert set(build.begun.values()) == {1}


def test_after_a_fatal_failure_nothing_is_begun_and_what_was_is_finished(manifest):
    build = Build(manifest, 50, 4, fate=lambda batch, tries: Failed("no room", fatal=True) if batch == 10 else None)
    with pytest.raises(BuildError, match="no room"):
        build.drive()
    assert sorted([*build.built, 10]) == sorted(build.begun)
    assert len(build.begun) < 50


def test_after_an_interrupt_nothing_is_begun_and_what_was_is_finished(manifest, capsys):
    build = Build(manifest, 50, 4)
    on_built = build.work.on_built
    begun = []

    def interrupt(built):
        on_built(built)
        if len(build.built) == 5:
            signal.raise_signal(signal.SIGINT)
            begun.extend(build.begun)

    build.work.on_built = interrupt
    with pytest.raises(KeyboardInterrupt):
        build.drive()
    assert sorted(build.built) == sorted(build.begun) == sorted(begun)
    assert "interrupt again" in capsys.readouterr().err


@pytest.mark.timeout(PATIENCE / 2)
def test_an_interrupt_before_the_first_batch_is_not_waited_on(manifest, capsys):
    build = Build(manifest, 5, 2, start=lambda worker: math.inf)
    interrupt = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    interrupt.start()
    with pytest.raises(KeyboardInterrupt):
        drive(build.engine, build.work)
    assert not build.begun
    assert "in hand" not in capsys.readouterr().err, "there is none"


def test_a_second_interrupt_stops_at_once(manifest, capsys):
    build = Build(manifest, 50, 4)
    build.work.on_built = lambda built: [signal.raise_signal(signal.SIGINT) for _ in range(2)]
    with pytest.raises(KeyboardInterrupt):
        build.drive()
    assert len(build.begun) == 4


def test_workers_that_never_get_ready_hold_nothing_up(manifest):
    build = Build(manifest, 50, 10, start=lambda worker: 1.0 if worker < 3 else math.inf)
    build.drive()
    assert sorted(build.built) == list(range(50))


@pytest.mark.parametrize(
    ("why", "halvings"),
    [
        ("out of memory", [0, 1, 2]),  # a third worker takes the batch up, with a quarter
        ("killed", [0, 0, 0]),  # by somebody: memory was not the reason, and bytes are to stay the same
        ("no word", [0, 0, 1]),  # what cannot be known is taken for memory when it comes again
    ],
)
def test_a_worker_that_was_killed_comes_back_with_half_of_the_memory(manifest, why, halvings):
    build = Build(
        manifest, 5, 1, fate=lambda batch, tries: SimulatedLossError(why) if (batch, tries) < (0, 3) else None
    )
    build.drive()
    assert build.engine.halvings == halvings
    assert sorted(build.built) == list(range(5))


def test_a_worker_that_ends_whenever_it_starts_ends_the_build(manifest):
    build = Build(manifest, 50, 2)
    build.engine.start = lambda worker, halvings: build.clock.after(1.0, SimulatedLossError("out of memory"))
    with pytest.raises(BuildError, match="loaded the models"):
        build.drive()
    assert not build.begun
