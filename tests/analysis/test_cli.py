import hashlib
import json
import os
import pty
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from tests.analysis.report.rated import write_published


def run_analysis(
    *arguments: object, cwd: Path | None = None, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """`python -m analysis ...` in a process of its own."""
    command = [sys.executable, "-m", "analysis", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=600)


@pytest.mark.slow
def test_a_report_is_made_and_where_it_is_is_all_that_is_printed(small_folder, tmp_path):
    dataset = write_published(small_folder, tmp_path / "study", source="simulated")
    groups = ["--group", "duration_s", "--group", "images.batch"]
    result = run_analysis("report", dataset, "--exclude-flagged", *groups, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert result.stdout == f"{tmp_path / 'report' / 'index.html'}\n"
    page = (tmp_path / "report" / "index.html").read_text()
    assert "1 flagged participant and their ratings" in page
    assert "duration_s: fewer than two groups of 30 and 5 participants" in page
    assert "images.batch: fewer than two groups of 30" in page
    again = run_analysis("report", dataset, "--out", tmp_path / "report")
    assert again.returncode == 0, again.stderr  # an earlier report is replaced
    assert "flagged participant and their ratings" not in (tmp_path / "report" / "index.html").read_text()


@pytest.mark.slow
def test_a_dataset_on_the_hub_is_read_at_its_version(small_folder, tmp_path):
    from tests.hub_server import hub_server
    from tests.hub_server.store import Repo, lfs_entry

    older, newer = (write_published(small_folder, tmp_path / name, source=name) for name in ("simulated", "human"))
    with hub_server() as hub:
        repo = hub.state.repos["user/name"] = Repo("user/name", private=False)
        for version, folder in (("v1.0.0", older), ("v2.0.0", newer)):
            tree = {}
            for path in (path for path in folder.rglob("*") if path.is_file()):
                content = path.read_bytes()
                entry = lfs_entry(hashlib.sha256(content).hexdigest(), len(content))
                repo.objects[entry.sha256] = content
                name = path.relative_to(folder).as_posix()
                tree[name] = entry if path.suffix == ".parquet" else repo.keep(content)
            repo.tags[version] = repo.commit("main", tree, version).sha
        environment = hub.environment(tmp_path / "home") | {"HF_DATASETS_CACHE": str(tmp_path / "cache")}
        out = tmp_path / "report"
        result = run_analysis("report", "user/name", "--revision", "v1.0.0", "--out", out, env=environment)
        assert result.returncode == 0, result.stderr
        said = json.loads((out / "report.json").read_text())
        assert (said["dataset"], said["revision"], said["ratings_source"]) == ("user/name", "v1.0.0", "simulated")
        absent = run_analysis("report", "user/name", "--revision", "v3.0.0", "--out", out, env=environment)
    assert absent.returncode == 2
    assert "error: user/name at v3.0.0: cannot be read" in absent.stderr
    assert json.loads((out / "report.json").read_text()) == said


@pytest.mark.slow
def test_at_a_terminal_progress_has_the_time_that_remains(small_folder, tmp_path):
    terminal, stderr = pty.openpty()
    termios.tcsetwinsize(stderr, (24, 80))
    command = [sys.executable, "-m", "analysis", "report", str(small_folder), "--out", str(tmp_path / "report")]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=stderr) as running:
        os.close(stderr)
        shown = b""
        try:
            while part := os.read(terminal, 10_000):
                shown += part
        except OSError:
            pass  # Linux's end of a terminal that nobody writes to any more
    os.close(terminal)
    assert running.returncode == 0
    assert b"figures:" in shown
    assert b"<00:" in shown


@pytest.mark.slow
def test_nothing_of_the_builder_is_imported(small_folder, tmp_path):
    code = (
        "import sys; from analysis.cli import main; "
        f"status = main(['report', {str(small_folder)!r}, '--out', {str(tmp_path / 'report')!r}]); "
        "assert status == 0; assert not [m for m in sys.modules if m.split('.')[0] in ('builder', 'torch')]"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=600)
    assert result.returncode == 0, result.stderr


@pytest.mark.slow
def test_attributes_of_other_images_are_refused(small_folder, tmp_path):
    (tmp_path / "skin.csv").write_text("image_id,skin\nzzz,dark\n")
    result = run_analysis("report", small_folder, "--attributes", tmp_path / "skin.csv", "--out", tmp_path / "report")
    assert result.returncode == 2
    assert "skin.csv: has no row of any of the dataset's" in result.stderr


@pytest.mark.slow
def test_a_column_that_is_not_there_is_refused_with_those_that_are(small_folder, tmp_path):
    result = run_analysis("report", small_folder, "--group", "hair", "--out", tmp_path / "report")
    assert result.returncode == 2
    assert "error: group 'hair': there is no such column; there are: age, batch, blue, " in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "report").exists()


def test_a_dataset_that_is_not_there_is_one_line(tmp_path):
    result = run_analysis("report", tmp_path / "absent", "--out", tmp_path / "report")
    assert result.returncode == 2
    assert result.stderr.startswith("error: ")
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "report").exists()


def test_a_folder_with_other_things_is_refused_before_anything_is_read(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    result = run_analysis("report", "user/name", "--out", tmp_path)
    assert result.returncode == 2
    assert "thesis.tex" in result.stderr
    assert (tmp_path / "thesis.tex").read_text() == "years of work"


def test_what_a_message_quotes_steers_no_terminal(tmp_path):
    (tmp_path / "bad\x1b[2Jname").write_text("")
    result = run_analysis("report", "user/name", "--out", tmp_path)
    assert result.returncode == 2
    assert "\x1b" not in result.stderr


@pytest.mark.parametrize("arguments", [[], ["report"], ["nonsense"]])
def test_a_wrong_command_shows_its_usage(arguments):
    result = run_analysis(*arguments)
    assert result.returncode == 2
    assert "usage: python -m analysis" in result.stderr
