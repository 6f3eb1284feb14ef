"""One target, fuzzed for a while in a process that may die of it."""

import faulthandler
import multiprocessing
import resource
import sys
import tempfile
import time
import traceback
from pathlib import Path

import hypothesis

import tests.conftest  # noqa: F401 - where `datasets` keeps what it prepares
from tests.fuzz.guard import MOST_SECONDS, address_space, survives
from tests.fuzz.targets import TARGETS

_ROUND = 2000
"""Files of one random seed."""

_MORE_MEMORY = 4 * 2**30
"""Of address space; so that a file that takes all memory ends its process, not the machine."""

_FOUND = 3
"""Exit code of a process that found something; any other but 0 means that it died."""


_SHRINKING = 20.0
"""Seconds beyond the end in which a last finding is still made smaller."""


class _OverError(BaseException):
    """The time is over; no finding, and nothing that Hypothesis catches and goes on after."""


def fuzz(name: str, seed: int, end: float, findings: Path) -> bool:
    """Tries files on a target until `end` on the monotonic clock, which processes share, and keeps the smallest of each
    finding; returns whether there was one.
    """
    with tempfile.TemporaryDirectory(prefix="fuzz-") as scratch:
        path = Path(scratch) / TARGETS[name].name
        context = multiprocessing.get_context("fork")  # a process that loads all anew takes seconds of a target's time
        process = context.Process(target=_try_files, args=(name, seed, end, findings, path))
        process.start()
        process.join()
        if process.exitcode not in (0, _FOUND):
            _keep(findings, name, path.read_bytes() if path.exists() else b"", f"died with {process.exitcode}")
        return process.exitcode != 0


def _try_files(name: str, seed: int, end: float, findings: Path, path: Path) -> None:
    target = TARGETS[name]
    resource.setrlimit(resource.RLIMIT_AS, (address_space() + _MORE_MEMORY, resource.RLIM_INFINITY))
    inputs = target.inputs()
    tried = 0
    smallest: tuple[bytes, BaseException] | None = None
    known: set[tuple[str, str, int]] = set()

    def once(content: bytes) -> None:
        nonlocal tried, smallest
        if time.monotonic() > end + (0 if smallest is None else _SHRINKING):
            raise _OverError
        tried += 1
        path.write_bytes(content)
        faulthandler.dump_traceback_later(3 * MOST_SECONDS, exit=True)
        try:
            survives(lambda: target.read(path), target.errors)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            if _where(error) not in known:
                smallest = content, error
                raise
        finally:
            faulthandler.cancel_dump_traceback_later()

    settings = hypothesis.settings(
        max_examples=_ROUND, database=None, deadline=None, suppress_health_check=list(hypothesis.HealthCheck)
    )
    while time.monotonic() < end:
        try:
            hypothesis.seed(seed)(settings(hypothesis.given(inputs)(once)))()
        except KeyboardInterrupt:
            raise
        except _OverError:
            pass
        except BaseException as error:
            known |= {_where(each) for each in _parts(error)}
        if smallest is not None:
            content, finding = smallest
            known.add(_where(finding))
            _keep(findings, name, content, "".join(traceback.format_exception(finding)[-12:]))
            smallest = None
        seed += 1
    print(f"{name}: {tried} files, {len(known)} findings", flush=True)
    sys.exit(_FOUND if known else 0)


def _parts(error: BaseException) -> list[BaseException]:
    """Several findings of one round come as a group."""
    return list(error.exceptions) if isinstance(error, BaseExceptionGroup) else [error]


def _where(error: BaseException) -> tuple[str, str, int]:
    """What tells one finding from another: its type, and the innermost line of the project that it came through."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "/builder/" in frame.filename or "/analysis/" in frame.filename]
    last = [*frames, *ours][-1]
    return type(error).__name__, last.filename, last.lineno or 0


def _keep(findings: Path, name: str, content: bytes, what: str) -> None:
    findings.mkdir(parents=True, exist_ok=True)
    path = findings / f"{name}-{len(list(findings.glob(f'{name}-*'))) + 1}"
    path.write_bytes(content)
    print(f"FOUND in {name}: {path} ({len(content)} bytes)\n{what}", flush=True)
