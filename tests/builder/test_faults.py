"""Faults that really happen to a build on one machine, and what a person then reads and does."""

import contextlib
import datetime
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from builder.shards import StudyFolder
from tests.builder.test_resume import assert_same
from tests.conftest import run_builder

pytestmark = pytest.mark.slow


@contextlib.contextmanager
def building(study, out, *arguments, **environment):
    """A build that has begun its first batch; killed with all of its workers if it is still there at the end."""
    command = [sys.executable, "-m", "builder", "build", str(study), "--out", str(out), *map(str, arguments)]
    process = subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ | environment
    )
    try:
        until(lambda: (out / "manifest.json").exists() or process.poll() is not None)
        time.sleep(0.1)  # a batch is handed out right after that
        assert process.poll() is None, process.communicate()
        yield process
    finally:
        process.kill()
        process.communicate()


def until(holds, seconds=120):
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it never came to pass"
        time.sleep(0.02)


def finished(out):
    return sorted(path.name for path in (out / "manifest").glob("*.json")) if (out / "manifest").exists() else []


@pytest.fixture
def damaged(tmp_path, small_folder):
    """A copy of the small study, to damage."""
    shutil.copytree(small_folder, tmp_path / "out")
    return tmp_path / "out"


def flip_a_bit(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def cut(path):
    path.write_bytes(path.read_bytes()[:-100])


def alter(path, **changes):
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_interrupted_once_it_finishes_the_batch_in_hand(tmp_path, small_study, small_folder):
    out = tmp_path / "out"
    with building(small_study, out) as build:
        build.send_signal(signal.SIGINT)
        _, said = build.communicate(timeout=120)
    assert build.returncode == 130
    assert "finishing the batches in hand" in said
    assert "the same command continues" in said
    assert "Traceback" not in said
    assert finished(out) == ["batch-00000.json"]
    assert run_builder("build", small_study, "--out", out).returncode == 0
    assert_same(out, small_folder)


def test_interrupted_while_its_worker_starts_nobody_but_the_build_notices(tmp_path, small_study):
    command = [sys.executable, "-m", "builder", "build", str(small_study), "--out", str(tmp_path / "out")]
    build = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    try:
        until(lambda: any("spawn_main" in each for each in commands_below(build.pid)))
        os.killpg(build.pid, signal.SIGINT)  # as a terminal does
        _, said = build.communicate(timeout=60)
    finally:
        build.kill()
    assert build.returncode == 130
    assert "Traceback" not in said
    assert "a worker ended" not in said


def commands_below(process):
    with contextlib.suppress(psutil.NoSuchProcess):
        return [" ".join(child.cmdline()) for child in psutil.Process(process).children()]
    return []


def test_interrupted_twice_it_stops_at_once(tmp_path, small_study, small_folder):
    out = tmp_path / "out"
    with building(small_study, out) as build:
        build.send_signal(signal.SIGINT)
        assert build.stderr.readline() == "\n"
        assert "finishing the batches in hand" in build.stderr.readline()
        build.send_signal(signal.SIGINT)
        _, said = build.communicate(timeout=120)
    assert build.returncode == 130
    assert "the same command continues" in said
    assert "Traceback" not in said
    assert finished(out) == []
    assert run_builder("build", small_study, "--out", out).returncode == 0
    assert_same(out, small_folder)


def test_a_folder_that_disappears_is_not_made_anew(tmp_path, small_study, small_folder):
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    with building(small_study, out) as build:
        out.rename(elsewhere)
        _, said = build.communicate(timeout=120)
    assert build.returncode == 2
    assert f"{out}: has disappeared while it was built" in said
    assert "Traceback" not in said
    assert not out.exists()
    elsewhere.rename(out)
    assert run_builder("build", small_study, "--out", out).returncode == 0
    assert_same(out, small_folder)


def test_a_read_only_folder_is_said(tmp_path, small_study):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", disk], capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"cannot mount a file system here: {mounted.stderr.strip()}")
    try:
        result = run_builder("build", small_study, "--out", disk)
    finally:
        subprocess.run(["umount", disk], check=True)
    assert result.returncode == 2
    assert "Read-only file system" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_clock_that_jumps_changes_nothing_but_the_times_of_day(tmp_path, small_study, small_folder):
    libraries = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
    if not libraries:
        pytest.skip("libfaketime is not installed")
    out, clock = tmp_path / "out", tmp_path / "clock"
    clock.write_text("+0")
    environment = {
        "LD_PRELOAD": str(libraries[0]),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    with building(small_study, out, **environment) as build:
        clock.write_text("-400d")
        until(lambda: finished(out) or build.poll() is not None)
        clock.write_text("+400d")
        _, said = build.communicate(timeout=120)
    assert build.returncode == 0, said
    assert_same(out, small_folder)
    ended = [datetime.datetime.fromisoformat(last(out, batch)["at"]) for batch in (0, 1)]
    assert ended[1] - ended[0] > datetime.timedelta(days=700), "the clock did not jump"
    assert all(0 < last(out, batch)["seconds"] < 600 for batch in (0, 1))
    assert "batches an hour" in run_builder("status", out).stdout


def last(out, batch):
    return json.loads((out / f"log/batch-0000{batch}.jsonl").read_text().splitlines()[-1])


@pytest.mark.parametrize(
    ("damage", "path", "said"),
    [
        (flip_a_bit, "shards/images/batch-00001.arrow", "SHA-256"),
        (cut, "shards/pairs/batch-00001.arrow", "bytes, its manifest says"),
        (Path.unlink, "shards/searches/batch-00001.arrow", "is missing"),
        (cut, "manifest/batch-00001.json", "is no JSON that this project writes"),
        (lambda path: alter(path, study_hash="0" * 64), "manifest/batch-00001.json", "belongs to another study"),
    ],
)
def test_what_is_damaged_is_named_and_nothing_else_is_repaired(damaged, small_folder, damage, path, said):
    damage(damaged / path)
    status = run_builder("status", damaged, "--verify")
    assert status.returncode == 1
    assert "damaged  1\n  batch 1:" in status.stdout
    assert str(damaged / path) in status.stdout
    assert said in status.stdout
    assert "status --repair builds the damaged batches again" in status.stdout
    untouched = {each: each.stat().st_mtime_ns for each in damaged.rglob("batch-00000.*")}
    repaired = run_builder("status", damaged, "--repair")
    assert repaired.returncode == 0, repaired.stderr
    assert "built 1 damaged batch again" in repaired.stdout
    assert_same(damaged, small_folder)
    assert {each: each.stat().st_mtime_ns for each in damaged.rglob("batch-00000.*")} == untouched
    assert "nothing is damaged" in run_builder("status", damaged, "--repair").stdout


def test_repair_writes_the_readme_anew(damaged, small_folder):
    (damaged / "README.md").write_text("x")
    assert "nothing is damaged" in run_builder("status", damaged, "--repair").stdout
    assert_same(damaged, small_folder)


@pytest.mark.parametrize("name", ["manifest.json", "manifest/batch-00001.json"])
def test_a_newer_format_is_refused_and_left_as_it_is(damaged, small_study, name):
    alter(damaged / name, format=2)
    before = (damaged / name).read_bytes()
    for command in (("status", damaged, "--repair"), ("status", damaged), ("build", small_study, "--out", damaged)):
        refused = run_builder(*command)
        assert refused.returncode == 2
        assert f"{damaged / name}: has format 2, this version reads 1" in refused.stderr
    assert (damaged / name).read_bytes() == before
    assert len(list((damaged / "shards").rglob("*.arrow"))) == 8


def test_repair_leaves_what_was_never_built(damaged):
    (damaged / "manifest/batch-00001.json").unlink()
    flip_a_bit(damaged / "shards/pairs/batch-00000.arrow")
    repaired = run_builder("status", damaged, "--repair")
    assert repaired.returncode == 1, "a batch is missing"
    assert finished(damaged) == ["batch-00000.json"]
    assert StudyFolder(damaged).status(verify=True).damaged == {}


def test_metrics_are_served_while_it_builds(tmp_path, small_study):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    seen = {}

    def one_is_done():
        with contextlib.suppress(urllib.error.URLError, ConnectionError):
            text = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10).read().decode()
            for family in text_string_to_metric_families(text):
                seen.update({(each.name, *each.labels.values()): each.value for each in family.samples})
        return seen.get(("lands_between_batches_done",)) == 1

    with building(small_study, tmp_path / "out", "--metrics-port", port) as build:
        until(lambda: one_is_done() or build.poll() is not None)
        with socket.create_server(("", 0)) as taken:
            refused = run_builder(
                "build", small_study, "--out", tmp_path / "b", "--metrics-port", taken.getsockname()[1]
            )
        assert build.wait(timeout=120) == 0
    assert seen["lands_between_batches_wanted",] == 2
    assert seen["lands_between_batches_failed_total",] == 0
    assert seen["lands_between_step_seconds_total", "embed"] > 0
    assert seen["lands_between_step_candidates_total", "render"] > 20
    assert seen["lands_between_peak_memory_bytes", "0"] > 2**26
    assert refused.returncode == 2
    assert "--metrics-port" in refused.stderr
    assert "choose another" in refused.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--workers", "0"], "0 is not at least 1"),
        (["--metrics-port", "0"], "0 is no port from 1 to 65535"),
        (["--workers", "x"], "'x' is no whole number"),
        (["--gpus-per-worker", "-1"], "'-1' is no number above 0"),
        (["--gpus-per-worker", "0"], "'0' is no number above 0"),
        (["--address", "ray://nowhere:1"], "add --engine ray"),
        (["--engine", "slurm"], "invalid choice"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_written(tmp_path, small_study, arguments, said):
    refused = run_builder("build", small_study, "--out", tmp_path / "out", *arguments)
    assert refused.returncode == 2
    assert said in refused.stderr
    assert not (tmp_path / "out").exists()
