"""The wheel: every file of the packages is in it, and pip installs it where there is no checkout."""

import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("builder", "analysis", "loading_script")

EXTRAS = "ratings,publish,survey,analysis"
"""Those with which the README installs a wheel."""

USE = """
import sys
import analysis
import builder
import loading_script
from builder.cli import main
from builder.studies import load_kind, packaged
from builder.study import read_study
for package in (analysis, builder, loading_script):
    assert package.__file__.startswith(sys.prefix), package.__file__
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


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """The Python of a new environment in which pip installed the wheel, and that sees what the tests' one depends on,
    but not the checkout: an editable install is a `.pth` file, which counts in an environment's own folder alone.
    """
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, symlinks=True)
    python = folder / "bin" / "python"
    line = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*line, f"{wheel}[{EXTRAS}]"], check=True, capture_output=True, timeout=300)
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "dependencies.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    return python


def test_the_wheel_works_in_an_environment_of_its_own(installed, tmp_path):
    used = subprocess.run([installed, "-c", USE], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert used.returncode == 0, used.stderr
    assert used.stdout.startswith("# A study file of Lands Between.")


def test_its_command_runs_outside_of_the_checkout(installed, tmp_path):
    line = [installed, "-m", "builder", "studies"]
    used = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert used.returncode == 0, used.stderr
    assert "lands-between-demo           verification     the default" in used.stdout


def test_the_extras_of_the_readme_are_in_the_wheel(wheel):
    (metadata,) = [name for name in zipfile.ZipFile(wheel).namelist() if name.endswith(".dist-info/METADATA")]
    provided = zipfile.ZipFile(wheel).read(metadata).decode()
    assert f"none-any.whl[{EXTRAS}]" in (ROOT / "README.md").read_text()
    for extra in EXTRAS.split(","):
        assert f"Provides-Extra: {extra}\n" in provided
