import subprocess
import sys

import psutil
import pytest

from builder import machine


def test_free_memory_is_what_the_machine_has_and_no_more_than_a_container_may_take(monkeypatch, tmp_path):
    monkeypatch.setattr(machine, "_CGROUPS", tmp_path)
    free = machine.free_memory()
    assert free == pytest.approx(psutil.virtual_memory().available, rel=0.2)
    (tmp_path / "memory.max").write_text("max\n")
    (tmp_path / "memory.current").write_text("1000000\n")
    (tmp_path / "memory.stat").write_text("anon 900000\ninactive_file 50000\n")
    assert machine.free_memory() == pytest.approx(free, rel=0.2)
    (tmp_path / "memory.max").write_text("3000000\n")
    assert machine.free_memory() == 2_050_000  # pages of files that nobody uses are given up for others
    (tmp_path / "memory.current").write_text("4000000\n")
    assert machine.free_memory() == 0


def test_free_memory_is_no_more_than_the_addresses_that_a_process_may_have():
    limited = "import resource; from builder import machine; print(resource.getrlimit(resource.RLIMIT_AS)[0])"
    script = f"{limited}; print(machine.free_memory()); print(open('/proc/self/statm').read().split()[0])"
    command = 'ulimit -v 400000; exec "$0" -c "$1"'
    result = subprocess.run(["bash", "-c", command, sys.executable, script], capture_output=True, text=True)
    most, free, pages = map(int, result.stdout.split())
    assert most == 400_000 * 1024
    assert free == pytest.approx(most - pages * 4096, abs=2**20)


def test_kills_for_lack_of_memory_are_counted_where_the_kernel_does():
    counted = machine.out_of_memory_kills()
    if sys.platform != "linux":
        assert counted is None
        return
    lines = subprocess.run(["grep", "^oom_kill ", "/proc/vmstat"], capture_output=True, text=True).stdout
    assert counted == (int(lines.split()[1]) if lines else None)
