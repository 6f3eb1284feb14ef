"""A minute of what `python -m tests.fuzz` does for as long as it is let; the same inputs in every run."""

import dataclasses
import os
import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.fuzzing import fuzz
from tests.fuzz.guard import Broken, guarded, survives
from tests.fuzz.targets import TARGETS, Target


@pytest.mark.parametrize("name", TARGETS)
def test_whatever_is_in_a_file_its_reader_ends_well(name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    target = TARGETS[name]
    path = tmp_path_factory.mktemp("fuzz") / target.name
    for content in target.valid():
        path.write_bytes(content)
        target.read(path)

    @given(content=target.inputs())
    @settings(max_examples=target.examples, derandomize=True, database=None)
    def ends_well(content: bytes) -> None:
        path.write_bytes(content)
        survives(lambda: target.read(path), target.errors)

    ends_well()


def test_the_command_draws_no_more_files_when_its_time_is_over_and_keeps_what_it_found(monkeypatch, tmp_path) -> None:
    drawn, findings = tmp_path / "drawn", tmp_path / "findings"

    def draw(content: bytes) -> bytes:
        with drawn.open("ab") as file:
            file.write(b".")
        return content

    def read(path: Path) -> None:
        time.sleep(0.02)
        if b"x" in path.read_bytes():
            raise ZeroDivisionError

    target = Target(read, lambda: st.sampled_from([b"a", b"b", b"c"]).map(draw), list)
    monkeypatch.setitem(TARGETS, "slow", target)
    assert not fuzz("slow", 1, time.monotonic() + 1, findings)
    assert 1 <= len(drawn.read_bytes()) <= 100, "a round is 2,000 files"
    assert not findings.exists()
    monkeypatch.setitem(TARGETS, "slow", dataclasses.replace(target, inputs=lambda: st.just(b"xyz")))
    assert fuzz("slow", 1, time.monotonic() + 1, findings)
    assert [path.read_bytes() for path in findings.iterdir()] == [b"xyz"]


@pytest.mark.parametrize(
    "harm",
    [
        lambda: eval("1 + 1"),  # noqa: S307
        lambda: os.system("true"),  # noqa: S605
        lambda: subprocess.run(["true"]),
        lambda: (Path.home() / "written-by-a-test").write_text("x"),
        lambda: (Path.home() / "written-by-a-test").unlink(),
        lambda: bytearray(300 * 2**20),
    ],
)
def test_harm_is_seen(harm) -> None:
    with pytest.raises(Broken), guarded():
        harm()
    assert not (Path.home() / "written-by-a-test").exists()
