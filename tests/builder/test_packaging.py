"""The wheel: every file of the packages is in it, and it works where it is unpacked."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("builder", "analysis", "loading_script")

USE = """
import sys
sys.path.insert(0, sys.argv[1])
import builder
from builder.cli import main
from builder.studies import load_kind, packaged
from builder.study import read_study
assert builder.__file__.startswith(sys.argv[1]), builder.__file__
for name in packaged():
    kind = load_kind(read_study(name).study)
    assert kind.publish().card()
sys.exit(main(["study"]))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel of what git tracks, made from a copy: a build leaves files beside its sources."""
    if not (ROOT / ".git").exists():
        pytest.skip("no git checkout: what belongs into the wheel is not known")
    copy, out = tmp_path_factory.mktemp("copy"), tmp_path_factory.mktemp("wheel")
    archive = subprocess.run(["git", "archive", "HEAD"], cwd=ROOT, capture_output=True, check=True).stdout
    subprocess.run(["tar", "x"], cwd=copy, input=archive, check=True)
    line = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*line, "--wheel-dir", out, copy], check=True, capture_output=True, timeout=300)
    (made,) = out.glob("*.whl")
    return made


def test_every_file_of_the_packages_is_in_the_wheel(wheel):
    listed = subprocess.run(
        ["git", "ls-tree", "-r", "--name-only", "HEAD", *PACKAGES], cwd=ROOT, capture_output=True, text=True
    )
    tracked = {path for path in listed.stdout.split() if not path.startswith("builder/survey/web/")}
    names = set(zipfile.ZipFile(wheel).namelist())
    assert len(tracked) > 300
    assert tracked - names == set()
    assert any(name.endswith("/dataset_card.md") for name in names)


def test_the_wheel_works_where_it_is_unpacked(wheel, tmp_path):
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    run = [sys.executable, "-I", "-c", USE, str(tmp_path / "site")]
    used = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert used.returncode == 0, used.stderr
    assert used.stdout.startswith("# A study file of Lands Between.")
