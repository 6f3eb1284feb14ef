"""The example of an extension, installed as a user would install it."""

import shutil
import site
import subprocess
import sys
from pathlib import Path

import pytest

PLUGIN = Path(__file__).parents[2] / "examples" / "plugin"


def run(python: Path, *arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [str(python), *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=300)


def make_environment(folder: Path) -> Path:
    """The Python of a new virtual environment that sees what this one has installed."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True, timeout=300)
    (packages,) = folder.glob("lib/python*/site-packages")
    # addsitedir, not the path alone: an editable installation is a .pth file, which a path on its own does not read.
    lines = [f"import site; site.addsitedir({path!r})\n" for path in site.getsitepackages()]
    (packages / "packages-of-the-tests.pth").write_text("".join(lines))
    return folder / "bin" / "python"


@pytest.fixture(scope="session")
def without_plugin(tmp_path_factory) -> Path:
    return make_environment(tmp_path_factory.mktemp("without") / "venv")


@pytest.fixture(scope="session")
def with_plugin(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("with")
    python = make_environment(folder / "venv")
    # A copy, because setuptools leaves build folders beside what it builds.
    source = shutil.copytree(PLUGIN, folder / "plugin", ignore=shutil.ignore_patterns("build", "*.egg-info"))
    installed = run(
        python, "-m", "pip", "install", "--no-deps", "--no-build-isolation", "--no-index", source, cwd=folder
    )
    assert installed.returncode == 0, installed.stderr
    return python
