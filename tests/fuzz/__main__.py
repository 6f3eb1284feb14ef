"""`python -m tests.fuzz [--minutes M] [--seed N] [--findings DIR] [TARGET...]`; exit code 1 where something was found."""

import argparse
import faulthandler
import multiprocessing
import random
import resource
import sys
import tempfile
import time
import traceback
from pathlib import Path

import hypothesis

import tests.conftest  # noqa: F401 - where `datasets` keeps what it prepares
from tests.fuzz.guard import MOST_SECONDS, survives
from tests.fuzz.targets import TARGETS

_ROUND = 2000
"""Files of one random seed."""

_MORE_MEMORY = 4 * 2**30
"""Of address space; so that a file that takes all memory ends its process, not the machine."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"by default all: {', '.join(TARGETS)}")
    parser.add_argument("--minutes", type=float, default=10.0, help="for all targets together (default 10)")
    parser.add_argument("--seed", type=int, help="of the random numbers; by default another one each time")
    parser.add_argument("--findings", type=Path, default=Path("fuzz-findings"), metavar="DIR")
    arguments = parser.parse_args()
    names = arguments.targets or list(TARGETS)
    unknown = [name for name in names if name not in TARGETS]
    if unknown:
        parser.error(f"{unknown[0]}: no target; there are {', '.join(TARGETS)}")
    seed = random.randrange(2**32) if arguments.seed is None else arguments.seed
    end, found = time.monotonic() + 60 * arguments.minutes, 0
    for at, name in enumerate(names):
        seconds = (end - time.monotonic()) / (len(names) - at)
        found += _in_a_process(name, seed, max(seconds, 1.0), arguments.findings)
    return 1 if found else 0


def _in_a_process(name: str, seed: int, seconds: float, findings: Path) -> int:
    """Fuzzes a target in a process of its own, which may die of it; returns how many findings there were."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as scratch:
        context = multiprocessing.get_context("spawn")
        process = context.Process(target=_fuzz, args=(name, seed, seconds, findings, Path(scratch)))
        process.start()
        process.join()
        died = process.exitcode not in range(100)
        if died:
            path = Path(scratch) / TARGETS[name].name
            _keep(findings, name, path.read_bytes() if path.exists() else b"", f"died with {process.exitcode}")
        return 1 if died else process.exitcode or 0


def _fuzz(name: str, seed: int, seconds: float, findings: Path, scratch: Path) -> None:
    target = TARGETS[name]
    path = scratch / target.name
    resource.setrlimit(resource.RLIMIT_AS, (_address_space() + _MORE_MEMORY, resource.RLIM_INFINITY))
    end, tried, known = time.monotonic() + seconds, 0, set()
    smallest = b""

    def once(content: bytes) -> None:
        nonlocal tried, smallest
        if time.monotonic() > end:
            return
        tried += 1
        path.write_bytes(content)
        faulthandler.dump_traceback_later(3 * MOST_SECONDS, exit=True)
        try:
            survives(lambda: target.read(path), target.errors)
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt) or _where(error) in known:
                return
            smallest = content
            raise
        finally:
            faulthandler.cancel_dump_traceback_later()

    inputs = target.inputs()
    while time.monotonic() < end:
        settings = hypothesis.settings(max_examples=_ROUND, database=None, deadline=None, print_blob=False)
        settings = hypothesis.settings(settings, suppress_health_check=list(hypothesis.HealthCheck))
        try:
            hypothesis.seed(seed)(settings(hypothesis.given(inputs)(once)))()
        except BaseException as error:
            known.add(_where(error))
            _keep(findings, name, smallest, "".join(traceback.format_exception(error)[-12:]))
        seed += 1
    print(f"{name}: {tried} files, {len(known)} findings", flush=True)
    sys.exit(len(known))


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


def _address_space() -> int:
    pages = Path("/proc/self/statm").read_text().split()[0]
    return int(pages) * resource.getpagesize()


if __name__ == "__main__":
    sys.exit(main())
