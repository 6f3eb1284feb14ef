import json

import pandas as pd
import pytest

from builder.log import Place, batch_lines, read_log, summary, table, write_log
from builder.storage import Disk
from tests.conftest import run_builder

MEMORY = {"peak_memory_bytes": 2**30}


def lines(batch, seconds, *, workers=1, error=None):
    """A batch of which a quarter went to rendering 10 candidates, and three quarters to embedding."""
    steps = [("render", seconds / 4, 10), ("embed", 3 * seconds / 4, 8)]
    return batch_lines(batch, steps, seconds, Place(0, workers, "cpu", 2), MEMORY, error)


def test_the_rate_is_that_of_all_workers_and_the_slowest_are_named():
    log = [lines(0, 10.0, workers=2), lines(1, 30.0, workers=2), lines(2, 20.0, workers=2)]
    said = summary(log, [0, 1, 2])
    assert said.per_hour == pytest.approx(3600 / 10)  # 20 s a batch, two at a time
    assert said.median_seconds == 20.0
    assert said.shares == pytest.approx({"embed": 0.75, "render": 0.25})
    assert said.candidates_per_second == pytest.approx(30 / 60)
    assert said.slowest == [(1, 30.0), (2, 20.0), (0, 10.0)]
    assert said.peak_memory_bytes == 2**30
    assert "remaining 00:20" in table(said, missing=2)
    assert "remaining" not in table(said, missing=0)


def test_a_failed_batch_is_named_until_it_is_finished():
    log = [lines(0, 10.0), lines(1, 1.0, error="no face")]
    assert summary(log, [0]).failed == {1: "no face"}
    assert summary(log, [0]).per_hour == pytest.approx(360)
    assert "no face" in table(summary(log, [0]), missing=1)
    assert summary(log, [0, 1]).failed == {}


def test_nothing_in_a_log_steers_the_terminal():
    log = [batch_lines(0, [("a\x1b[31m", 1.0, 1)], 1.0, Place(0, 1, "cpu", 2), MEMORY), lines(1, 1.0, error="b\x1b[0m")]
    assert "\x1b" not in table(summary(log, [0]), missing=1)


def test_without_a_log_there_is_nothing_to_say(tmp_path):
    assert summary([], [0]) is None
    assert list(read_log(Disk(tmp_path), [0, 1])) == []


def test_what_was_written_is_read(tmp_path):
    write_log(Disk(tmp_path), lines(3, 2.0))
    (held,) = read_log(Disk(tmp_path), range(9))
    assert [(each.step, each.seconds, each.candidates) for each in held] == [
        ("render", 0.5, 10),
        ("embed", 1.5, 8),
        ("batch", 2.0, 10),
    ]


@pytest.mark.parametrize("content", [b"", b"{", b'{"batch": 1}\n', b"\xff\xfe", b"[]\n"])
def test_what_is_no_log_is_named_and_left_out(tmp_path, content, caplog):
    (tmp_path / "log").mkdir()
    (tmp_path / "log/batch-00001.jsonl").write_bytes(content)
    write_log(Disk(tmp_path), lines(3, 2.0))
    assert [each[0].batch for each in read_log(Disk(tmp_path), [1, 3])] == [3]
    assert "batch-00001.jsonl: is no log of this project" in caplog.text


@pytest.mark.slow
def test_a_build_logs_every_step_once_and_they_add_up(small_folder):
    read = pd.read_json(small_folder / "log/batch-00001.jsonl", lines=True)
    whole, steps = read[read.step == "batch"], read[read.step != "batch"]
    assert len(whole) == 1
    assert not steps.step.duplicated().any()
    assert {"render", "align", "embed", "draw optimized", "lpips_alex", "tables"} <= set(steps.step)
    assert steps.seconds.sum() == pytest.approx(whole.seconds.item(), abs=0.01)
    assert (read.peak_memory_bytes > 2**26).all()
    assert set(read.device) == {"cpu"}
    timings = json.loads((small_folder / "manifest/batch-00001.json").read_text())["timings"]
    assert timings["batch"] == pytest.approx(whole.seconds.item(), abs=0.002)


@pytest.mark.slow
def test_status_makes_a_table_of_it(small_folder):
    said = run_builder("status", small_folder)
    assert said.returncode == 0
    seconds = [
        json.loads((small_folder / f"log/batch-0000{batch}.jsonl").read_text().splitlines()[-1])["seconds"]
        for batch in (0, 1)
    ]
    assert f"{7200 / sum(seconds):.1f} batches an hour" in said.stdout
    assert f"{max(seconds):.1f} s" in said.stdout
    shares = [float(line.split("%")[0]) for line in said.stdout.splitlines() if "%  " in line]
    assert sum(shares) == pytest.approx(100, abs=1)
