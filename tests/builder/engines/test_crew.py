"""The workers and threads of a build on this machine where nobody says how many."""

from functools import partial

import pytest

from builder import build
from builder.build import Crew
from builder.engines import Job
from builder.studies import load_kind

GIB = 2**30


@pytest.fixture
def machine(monkeypatch):
    """Eight CPUs, 64 GiB, no GPU."""
    monkeypatch.setattr(build, "Local", lambda job: job)
    monkeypatch.setattr(build, "cpus", lambda: 8)
    monkeypatch.setattr(build, "free_memory", lambda: 64 * GIB)
    monkeypatch.setattr(build, "may_have_gpu", lambda: False)
    return monkeypatch


def crew_of(trains: bool, batches: int = 100, **own) -> tuple[int, int, float]:
    """Workers, threads of each, share of the memory of each."""
    job = partial(Job, "out", ".", "", "auto", 1.0, False, weights={})
    started = build._start_local(trains, Crew(**own), job, batches)
    return started.workers, started.threads, started.share


def test_what_does_not_train_has_one_worker_with_all_threads(machine):
    assert crew_of(trains=False) == (1, 8, 1)


def test_what_trains_has_a_worker_for_each_cpu(machine):
    assert crew_of(trains=True) == (8, 1, 1 / 8)
    assert crew_of(trains=True, batches=3) == (3, 2, 1 / 3)
    assert crew_of(trains=True, threads=4) == (2, 4, 1 / 2)
    assert crew_of(trains=True, workers=1) == (1, 8, 1)


@pytest.mark.parametrize(("free", "workers"), [(7 * GIB, 3), (GIB, 1)])
def test_workers_that_nobody_asked_for_need_room(machine, free: int, workers: int):
    machine.setattr(build, "free_memory", lambda: free)
    assert crew_of(trains=True)[0] == workers


def test_a_gpu_is_one_workers(machine):
    assert crew_of(trains=True, device="cuda")[0] == 1
    machine.setattr(build, "may_have_gpu", lambda: True)
    assert crew_of(trains=True)[0] == 1
    assert crew_of(trains=True, device="cpu")[0] == 8


def test_of_the_kinds_counterfeits_and_explanation_train():
    assert [
        kind for kind in ("verification", "counterfeits", "explanation", "expression") if load_kind(kind).trains
    ] == ["counterfeits", "explanation"]
