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


def test_what_takes_less_than_a_minute_says_nothing_off_a_terminal():
    script = "from builder import progress; progress.bar(3, 'searches', 'round').update(3)"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stderr == result.stdout == ""
