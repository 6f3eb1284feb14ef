import types

import pytest

from builder import stopwatch
from builder.stopwatch import Step, Stopwatch


@pytest.fixture
def clock(monkeypatch):
    """Seconds that the test sets as `now`."""
    clock = types.SimpleNamespace(now=0.0)
    monkeypatch.setattr(stopwatch, "time", types.SimpleNamespace(perf_counter=lambda: clock.now))
    return clock


def test_a_step_within_another_pauses_it_and_the_seconds_add_up(clock):
    watch = Stopwatch()
    clock.now = 5  # before any step: nobody's
    with watch.step("outer"):
        clock.now += 1
        for _ in range(2):
            with watch.step("inner", 3):
                clock.now += 10
        clock.now += 2
        watch.count(7)
    clock.now += 100
    assert watch.steps() == [Step("outer", 3, 7), Step("inner", 20, 6)]


def test_a_step_that_raises_is_counted_and_left(clock):
    watch = Stopwatch()

    def fail():
        with watch.step("outer"), watch.step("inner", 1):
            clock.now = 2
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        fail()
    with watch.step("next"):
        clock.now += 1
    assert watch.steps() == [Step("outer", 0, 0), Step("inner", 2, 1), Step("next", 1, 0)]


def test_after_a_restart_nothing_is_known(clock):
    watch = Stopwatch()
    with watch.step("a", 1):
        clock.now = 1
    watch.restart()
    assert watch.steps() == []
