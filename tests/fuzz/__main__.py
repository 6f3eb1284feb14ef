"""`python -m tests.fuzz [--minutes M] [--seed N] [--findings DIR] [TARGET...]`; exit code 1 after a finding."""

import argparse
import random
import sys
import time
from pathlib import Path

BEGAN = time.monotonic()

try:
    from tests.fuzz.fuzzing import fuzz
    from tests.fuzz.targets import TARGETS
except ModuleNotFoundError as error:
    sys.exit(f"{error.name} is not installed: make .venv/.dev installs what the tests need")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
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
    end, found = BEGAN + 60 * arguments.minutes, 0
    for at, name in enumerate(names):
        left = end - time.monotonic()
        if left <= 0:
            print(f"the minutes are over; not tried: {', '.join(names[at:])}")
            break
        found += fuzz(name, seed, time.monotonic() + left / (len(names) - at), arguments.findings)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
