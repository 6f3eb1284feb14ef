import re
import subprocess
import sys


def test_a_process_draws_on_the_line_it_was_given():
    script = """
import sys
from builder import progress
sys.stderr.isatty = lambda: True
progress.use_line({line})
bar = progress.bar(3, "searches", "round")
bar.update()
bar.close()
"""
    for line in (0, 2):
        result = subprocess.run([sys.executable, "-c", script.format(line=line)], capture_output=True, check=True)
        assert b"searches" in result.stderr
        assert result.stderr.split(b"searches")[0].count(b"\n") == line


def test_off_a_terminal_a_line_says_how_far_it_is():
    script = """
import time
from builder import progress
progress.SECONDS_BETWEEN_LINES = {seconds}
bar = progress.bar(4, "searches", "round")
for _ in range(4):
    time.sleep(0.15)
    bar.set_postfix_str("2 of 9 searching")
    bar.update()
bar.close()
"""
    result = subprocess.run(
        [sys.executable, "-c", script.format(seconds=0.2)], capture_output=True, text=True, check=True
    )
    lines = result.stderr.splitlines()
    assert 1 <= len(lines) <= 3
    assert re.fullmatch(r"searches: \d of 4, +[\d.?]+(round/s|s/round), 2 of 9 searching, [\d:?]+ left", lines[0])
    assert result.stdout == ""


def test_off_a_terminal_one_line_is_of_all_open_bars():
    script = """
import time
from builder import progress
progress.SECONDS_BETWEEN_LINES = 0.2
batches = progress.bar(2, "batches", "batch")
for _ in range(2):
    searches = progress.bar(3, "searches", "round")
    for _ in range(3):
        time.sleep(0.1)
        searches.update()
    searches.close()
    batches.update()
time.sleep(0.2)
batches.refresh()
batches.close()
"""
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    lines = result.stderr.splitlines()
    assert 2 <= len(lines) <= 4
    assert re.fullmatch(r"batches: 0 of 2, .* left; searches: \d of 3, .* left", lines[0])
    assert re.fullmatch(r"batches: 2 of 2, .* left", lines[-1])


def test_processes_write_their_lines_in_turn():
    script = """
import time
from builder import progress
progress.SECONDS_BETWEEN_LINES = 0.2
progress.take_turns({turn}, 3)
bar = progress.bar(12, "rows", "row")
for _ in range(12):
    time.sleep(0.1)
    bar.update()
"""
    rows = []
    for turn in (0, 2):
        command = [sys.executable, "-c", script.format(turn=turn)]
        result = subprocess.run(command, capture_output=True, text=True, check=True)
        rows.append([int(row) for row in re.findall(r"rows: (\d+) of 12", result.stderr)])
    assert rows[0][0] < 6 <= rows[1][0]  # after .2 and .6 s
    assert all(later - sooner >= 5 for sooner, later in zip(rows[0], rows[0][1:], strict=False))


def test_what_takes_less_than_a_minute_says_nothing_off_a_terminal():
    script = "from builder import progress; progress.bar(3, 'searches', 'round').update(3)"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stderr == result.stdout == ""
