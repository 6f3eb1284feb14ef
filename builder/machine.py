"""The resources of this machine."""

import os
import resource
from pathlib import Path

_CGROUPS = Path("/sys/fs/cgroup")

_GPU_DRIVERS = (Path("/dev/nvidiactl"), Path("/dev/dxg"), Path("/dev/kfd"))
"""NVIDIA's driver; that of Windows in its Linux; AMD's."""


def cpus() -> int:
    """The CPUs that this process may run on."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def may_have_gpu() -> bool:
    """Whether a driver of GPUs is here: whether torch can use it, torch alone knows."""
    return any(driver.exists() for driver in _GPU_DRIVERS)


def free_memory() -> int:
    """Bytes of memory that can still be had here: of the machine's, and of those that a container or this process may
    take.
    """
    try:
        free = 1024 * _numbers(Path("/proc/meminfo"))["MemAvailable:"]
    except (OSError, KeyError):  # not Linux
        free = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
    return min([free, *_free_in_cgroups(), *_free_addresses()])


def out_of_memory_kills() -> int | None:
    """The processes that the kernel has killed for lack of memory since it began; None where it counts none."""
    try:
        return _numbers(Path("/proc/vmstat")).get("oom_kill")
    except OSError:
        return None


def _free_addresses() -> list[int]:
    """The rest of the addresses that this process may have (`ulimit -v`), where there is a limit."""
    most, _ = resource.getrlimit(resource.RLIMIT_AS)
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except OSError:  # not Linux
        return []
    return [] if most == resource.RLIM_INFINITY else [max(0, most - pages * resource.getpagesize())]


def _free_in_cgroups() -> list[int]:
    """Free memory of every control group (version 2) above this process that has a limit."""
    try:
        lines = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        return []
    own = next((line.removeprefix("0::/") for line in lines if line.startswith("0::/")), "")
    left = []
    for group in [_CGROUPS / own, *(_CGROUPS / own).parents]:
        try:
            most = int((group / "memory.max").read_text())  # "max" is no number
            used = int((group / "memory.current").read_text())
            cached = _numbers(group / "memory.stat").get("inactive_file", 0)
        except (OSError, ValueError):
            continue
        left.append(max(0, most - used + cached))
    return left


def _numbers(path: Path) -> dict[str, int]:
    """The first number of each line, by the word before it."""
    lines = (line.split() for line in path.read_text().splitlines())
    return {words[0]: int(words[1]) for words in lines if len(words) > 1 and words[1].isdigit()}
