"""Peak memory and wall time of the default build, in a process of its own: `python -m benchmarks.memory`."""

import subprocess
import sys
import tempfile
import time

import psutil

WANTED = 2.0
INTERVAL = 0.05


def main() -> None:
    """Prints the largest resident memory of the process and of those that it starts."""
    peak, start = 0, time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "builder", "build", "--out", folder]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
            while process.poll() is None:
                peak = max(peak, resident(psutil.Process(process.pid)))
                time.sleep(INTERVAL)
    print(f"default build: {time.perf_counter() - start:.0f} s, exit status {process.returncode}")
    print(f"peak memory {peak / 2**30:.2f} GiB (wanted: below {WANTED} GiB)")


def resident(process: psutil.Process) -> int:
    """Bytes; 0 where it has just ended."""
    try:
        return sum(each.memory_info().rss for each in [process, *process.children(recursive=True)])
    except psutil.NoSuchProcess:
        return 0


if __name__ == "__main__":
    main()
