"""Builds in processes of their own, and what they leave."""

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import psutil

ONE_THREAD = ("--threads-per-worker", "1", "--device", "cpu")

PATIENCE = 300
"""Seconds that a test waits for what has to come; on a quiet machine it takes a few."""


def comparable(files: Mapping[str, bytes]) -> dict[str, object]:
    """What is to be the same in every build of a study: all files but the log; of a batch's manifest all but how long
    it took."""
    held: dict[str, object] = {}
    for name, content in files.items():
        if name.startswith("manifest/"):
            manifest = json.loads(content)
            assert manifest.pop("timings")
            held[name] = manifest
        elif name != ".lock" and not name.startswith("log/"):
            held[name] = content
    return held


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def assert_same(ours: Mapping[str, bytes], theirs: Mapping[str, bytes]) -> None:
    """Nothing lost, nothing doubled, same bytes."""
    mine, other = comparable(ours), comparable(theirs)
    assert sorted(mine) == sorted(other)
    assert [name for name in mine if mine[name] != other[name]] == []


@contextlib.contextmanager
def building(*arguments: object, **how: object) -> Iterator[subprocess.Popen[str]]:
    """A build at work, killed with the block; its standard error is a pipe."""
    command = [sys.executable, "-m", "builder", *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, **how) as process:  # type: ignore[call-overload]
        try:
            yield process
        finally:
            process.kill()


def until(condition: Callable[[], object], process: subprocess.Popen[str] | None = None) -> None:
    """Waits for a condition, while the process, if one is given, runs."""
    end = time.monotonic() + PATIENCE
    while not condition():
        if process is not None and process.poll() is not None:
            raise AssertionError(
                f"it ended early, with {process.returncode}: {process.stderr and process.stderr.read()}"
            )
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def workers_of(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """The worker processes of a build with the engine `local`."""
    with contextlib.suppress(psutil.NoSuchProcess):
        children = psutil.Process(process.pid).children()
        return [child for child in children if "spawn_main" in _command(child)]
    return []


def actors() -> list[psutil.Process]:
    """The processes of Ray's actors on this machine that are workers of a build."""
    return [each for each in psutil.process_iter() if _command(each).startswith("ray::Worker")]


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""
