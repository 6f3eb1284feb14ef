import os
import pty
import subprocess
import sys
import termios

import pytest

from builder.study import default_text, read_study
from tests.conftest import run_builder


def test_study_prints_the_packaged_study_which_reads_back(tmp_path):
    result = run_builder("study")
    assert result.stdout == default_text()
    (tmp_path / "mine.toml").write_text(result.stdout)
    assert read_study(tmp_path / "mine.toml") == read_study()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["build", "none.toml"], "none.toml: no such file; print one to start from with: python -m builder study"),
        (["build", "--batches", "0"], "batches = 0: must be greater than or equal to 1"),
        (["build", "--seed", "-1"], "seed = -1: must be greater than or equal to 0"),
        (["build", "--batches", "1_0"], "'1_0' is no whole number"),
        (["build", "/dev/zero"], "/dev/zero: is not a regular file"),
        (["build", "--out", "run-[1]"], "choose another with --out"),
        (["build", "--out", "/dev/null"], "is a file, not a folder"),
        (["status", "nowhere"], "nowhere/manifest.json: no such file"),
        (["picture", "nowhere", "x.png"], "nowhere/manifest"),
        (["picture", "nowhere", "study.toml"], "study.toml: the picture is a PNG"),
        (["picture", "nowhere", ""], "'' is neither a path nor a URL"),
        (["picture", "nowhere", "s3://bucket/x.png"], "this must be a path of this machine"),
        (["status", "s3:/bucket"], "'s3:/bucket' is neither a path nor a URL, such as s3://bucket/name"),
        (["publish", "nowhere", "--to", "s3://bucket/x", "--version", "1.0.0"], "this must be a path of this machine"),
        (["build", "--out", "memory://x"], "memory://x: workers are processes, which share no memory"),
    ],
)
def test_bad_input_is_said_in_a_line_and_exits_with_2(tmp_path, arguments, said):
    result = run_builder(*arguments, cwd=tmp_path)
    assert result.returncode == 2
    assert "error: " in result.stderr
    assert said in result.stderr
    assert "Traceback" not in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_cuda_where_there_is_none_is_said(tmp_path, small_study):
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has CUDA")
    result = run_builder("build", small_study, "--out", tmp_path / "out", "--device", "cuda")
    assert result.returncode == 2
    assert "torch sees no CUDA device here" in result.stderr


@pytest.mark.slow
def test_quiet_off_a_terminal_and_bars_on_one(tmp_path, small_study):
    quiet = run_builder("build", small_study, "--out", tmp_path / "quiet", "--batches", 1)
    assert quiet.stderr == ""
    assert quiet.stdout.splitlines()[0].endswith("(built 1 now)")
    assert quiet.stdout.splitlines()[-2:] == [
        "from datasets import load_dataset",
        f'pairs = load_dataset({str(tmp_path / "quiet")!r}, "pairs", split="train")',
    ]
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 100))  # on a terminal without columns tqdm has nowhere to draw
    command = [sys.executable, "-m", "builder", "build", str(small_study), "--out", str(tmp_path / "bars")]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=theirs) as process:
        os.close(theirs)
        shown = b""
        try:
            while part := os.read(ours, 4096):
                shown += part
        except OSError:
            pass  # Linux ends a pseudo-terminal whose other side is gone with an error
    os.close(ours)
    assert process.returncode == 0
    for part in (b"batches:", b"searches:", b"batch/s", b"2/2"):
        assert part in shown.replace(b"s/batch", b"batch/s")


@pytest.mark.slow
def test_verbose_says_what_is_done(tmp_path, small_study):
    result = run_builder("build", small_study, "--out", tmp_path / "out", "--batches", 1, "--verbose")
    assert "1 of 1 batches to build" in result.stderr
    assert "loading models on cpu" in result.stderr
    assert "batch 0: " in result.stderr


def test_output_that_cannot_be_written_is_said():
    with open("/dev/full", "w") as full:
        result = subprocess.run(
            [sys.executable, "-m", "builder", "study"], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert result.returncode == 2
    assert result.stderr.startswith("error: cannot write the output")
    assert "Traceback" not in result.stderr


def test_control_characters_of_a_file_do_not_reach_the_terminal(tmp_path):
    (tmp_path / "study.toml").write_text('name = "a"\n"\\u001b[31mfoo" = 1\n')
    result = run_builder("build", tmp_path / "study.toml")
    assert "\\x1b[31mfoo: unknown key" in result.stderr
    assert "\x1b" not in result.stderr


def test_the_printed_python_is_python(small_folder, small_study, tmp_path):
    import ast
    import shutil

    folder = tmp_path / """o f2'x"y\\"""
    shutil.copytree(small_folder, folder)
    result = run_builder("build", small_study, "--out", folder)
    (call,) = [
        node for node in ast.walk(ast.parse("\n".join(result.stdout.splitlines()[2:]))) if isinstance(node, ast.Call)
    ]
    assert ast.literal_eval(call.args[0]) == str(folder)
