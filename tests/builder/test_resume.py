"""Builds that are stopped, doubled, starved and altered, each in a real process."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from tests.conftest import SMALL_STUDY, run_builder

pytestmark = pytest.mark.slow

KILLED_AT_A_RENAME = """
import os, signal
at, moment, counter = int(os.environ["KILL_AT"]), os.environ["KILL_MOMENT"], os.environ["KILL_COUNTER"]
rename = os.replace
def counted(source, target, **folders):
    with open(counter, "a") as file:
        file.write(".")
    last = os.path.getsize(counter) == at
    if last and moment == "before":
        os.killpg(0, signal.SIGKILL)
    rename(source, target, **folders)
    if last and moment == "after":
        os.killpg(0, signal.SIGKILL)
os.replace = counted
"""
"""A sitecustomize.py: kills the whole build, its workers too, at a rename in whichever process."""


def content(folder):
    """Every file of a study folder but the lock and the log; of a batch's manifest all but how long it took."""
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    held = {name: path.read_bytes() for name, path in files.items() if name != ".lock" and not name.startswith("log/")}
    for name in held:
        if name.startswith("manifest/"):
            manifest = json.loads(held[name])
            assert manifest.pop("timings")
            held[name] = manifest
    return held


def assert_same(folder, undisturbed):
    ours, theirs = content(folder), content(undisturbed)
    assert sorted(ours) == sorted(theirs)
    assert [name for name in ours if ours[name] != theirs[name]] == []


def test_the_undisturbed_build_is_whole(small_folder):
    names = sorted(content(small_folder))
    tables = ("embeddings", "images", "pairs", "searches")
    assert names == sorted(
        ["README.md", "manifest.json", "study.toml"]
        + [f"manifest/batch-0000{n}.json" for n in (0, 1)]
        + [f"shards/{table}/batch-0000{n}.arrow" for table in tables for n in (0, 1)]
    )
    assert sorted(path.name for path in (small_folder / "log").iterdir()) == ["batch-00000.jsonl", "batch-00001.jsonl"]


@pytest.mark.parametrize(("moment", "renames"), [("before", (1, 2, 4, 7, 8, 5, 9)), ("after", (1, 2, 4, 7, 3, 7, 2))])
def test_killed_at_any_rename_the_same_command_gives_the_same_bytes(
    tmp_path, small_study, small_folder, moment, renames
):
    """Each run is killed at another point of what the runs before it left: at the study file, the manifest, a log,
    between shards of either batch, at a batch's manifest, at the README."""
    (tmp_path / "sitecustomize.py").write_text(KILLED_AT_A_RENAME)
    build = ["build", str(small_study), "--out", str(tmp_path / "out")]
    for run, at in enumerate(renames):
        counter = {"KILL_AT": str(at), "KILL_MOMENT": moment, "KILL_COUNTER": str(tmp_path / f"renames-{run}")}
        path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
        killed = subprocess.run(
            [sys.executable, "-m", "builder", *build],
            env=os.environ | counter | {"PYTHONPATH": path},
            start_new_session=True,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert killed.returncode == -signal.SIGKILL, killed.stderr
    result = run_builder(*build)
    assert result.returncode == 0, result.stderr
    assert_same(tmp_path / "out", small_folder)


def test_killed_at_any_time_the_same_command_gives_the_same_bytes(tmp_path, small_study, small_folder):
    build = [sys.executable, "-m", "builder", "build", str(small_study), "--out", str(tmp_path / "out")]
    killed = 0
    for seconds in (0.5, 1.5, 2.5, 3.5, 4.5):
        process = subprocess.Popen(build, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
        process.kill()
        killed += process.wait() == -signal.SIGKILL
    assert killed >= 2, "the builds were over before they were killed"
    assert run_builder(*build[3:]).returncode == 0
    assert_same(tmp_path / "out", small_folder)


def test_a_later_batch_continues_the_folder_with_the_same_bytes(tmp_path, small_study, small_folder):
    out = tmp_path / "out"
    assert "1 batch," in run_builder("build", small_study, "--out", out, "--batches", 1).stdout
    assert json.loads((out / "manifest.json").read_text())["study_hash"]
    first = (out / "shards/pairs/batch-00000.arrow").stat().st_mtime_ns
    result = run_builder("build", small_study, "--out", out)
    assert "2 batches" in result.stdout
    assert "built 1 now" in result.stdout
    assert (out / "shards/pairs/batch-00000.arrow").stat().st_mtime_ns == first
    assert_same(out, small_folder)


def test_a_finished_folder_is_left_as_it_is(tmp_path, small_study, small_folder):
    shutil.copytree(small_folder, tmp_path / "out")
    result = run_builder("build", small_study, "--out", tmp_path / "out")
    assert result.returncode == 0
    assert "nothing to do" in result.stdout
    fewer = run_builder("build", small_study, "--out", tmp_path / "out", "--batches", 1)
    assert "2 batches" in fewer.stdout
    assert_same(tmp_path / "out", small_folder)


def test_two_builds_at_once_the_second_is_refused(tmp_path, small_study, small_folder):
    out = tmp_path / "out"
    command = [sys.executable, "-m", "builder", "build", str(small_study), "--out", str(out)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as first:
        while not (out / "study.toml").exists():
            assert first.poll() is None
            time.sleep(0.05)
        second = run_builder("build", small_study, "--out", out)
        assert first.poll() is None, "the first build was over before the second began"
        assert second.returncode == 2
        assert "another build is at work in this folder" in second.stderr
        assert first.wait() == 0
    assert_same(out, small_folder)


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("directions = 1", "directions = 3", "samples.positive.directions is 1 there and 3 here"),
        ('name = "small"', 'name = "other"', 'name is "small" there and "other" here'),
        ("max_norm = 1.2", "", "samples.optimized.max_norm is 1.2 there and absent here"),
        ('alignment = "center"', 'alignment = "hog"', 'recognizers[0].alignment is "center" there and "hog" here'),
    ],
)
def test_another_study_is_refused_naming_the_first_key_that_differs(tmp_path, small_folder, old, new, key):
    study = tmp_path / "study.toml"
    study.write_text(SMALL_STUDY.replace(old, new, 1))
    result = run_builder("build", study, "--out", small_folder)
    assert result.returncode == 2
    assert key in result.stderr
    assert "--out" in result.stderr


def test_another_seed_is_another_study(small_study, small_folder):
    result = run_builder("build", small_study, "--out", small_folder, "--seed", 1)
    assert result.returncode == 2
    assert "seed is 0 there and 1 here" in result.stderr


@pytest.fixture
def small_disk(tmp_path):
    """A file system of its own, far too small for a batch."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=96k", "tmpfs", disk], capture_output=True, text=True)
    if mount.returncode:
        pytest.skip(f"cannot mount a small file system here: {mount.stderr.strip()}")
    yield disk
    subprocess.run(["umount", disk], check=True)


def test_a_full_disk_is_said_and_with_room_the_same_command_goes_on(small_disk, small_study, small_folder):
    out = small_disk / "out"
    full = run_builder("build", small_study, "--out", out)
    assert full.returncode == 2
    assert "no room left on the disk" in full.stderr
    assert "run the same command again" in full.stderr
    assert "Traceback" not in full.stderr
    assert not list(out.rglob("*.partial"))
    subprocess.run(["mount", "-o", "remount,size=64m", small_disk], check=True)
    result = run_builder("build", small_study, "--out", out)
    assert result.returncode == 0, result.stderr
    assert_same(out, small_folder)


def test_a_folder_that_may_not_be_written_is_said(tmp_path, small_study):
    (tmp_path / "file").write_text("no folder")
    result = run_builder("build", small_study, "--out", tmp_path / "file" / "out")
    assert result.returncode == 2
    assert "file" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path, small_study):
    (tmp_path / "shards").mkdir()
    (tmp_path / "shards" / "batch-00000.arrow").write_text("somebody's")
    result = run_builder("build", small_study, "--out", tmp_path)
    assert result.returncode == 2
    assert "holds 'shards' and no study" in result.stderr
    assert (tmp_path / "shards" / "batch-00000.arrow").read_text() == "somebody's"


def test_interrupted_it_says_so_and_continues(tmp_path, small_study, small_folder):
    out = tmp_path / "out"
    command = [sys.executable, "-m", "builder", "build", str(small_study), "--out", str(out)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    while not (out / "manifest.json").exists():
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "the same command continues" in said
    assert "Traceback" not in said
    assert run_builder(*command[3:]).returncode == 0
    assert_same(out, small_folder)
