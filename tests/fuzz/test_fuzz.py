"""A minute of what `python -m tests.fuzz` does for as long as it is let; the same inputs in every run."""

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings

from tests.fuzz.guard import Broken, guarded, survives
from tests.fuzz.targets import TARGETS


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
