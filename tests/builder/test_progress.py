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


def test_off_a_terminal_nothing_is_drawn():
    script = "from builder import progress; progress.bar(3, 'searches', 'round').update(3)"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stderr == result.stdout == ""
