"""The core installs what `build` needs, and no more; what an extra brings is asked for by name."""

import importlib.metadata
import json
import os
import re
import subprocess
import sys
import venv
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from builder.extras import extra_with, how_to_install

ABSENT = """
import json, os, sys
absent = set(json.loads(os.environ["ABSENT"]))
from importlib.machinery import PathFinder
class Present(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name.partition(".")[0] in absent else super().find_spec(name, path, target)
sys.meta_path = [Present if finder is PathFinder else finder for finder in sys.meta_path]
"""
"""A sitecustomize.py: packages that are not to be there."""


def needed(name: str, extras: frozenset[str] = frozenset(), into: set[str] | None = None) -> set[str]:
    """The names of a package and of all that it requires here."""
    into = set() if into is None else into
    into.add(canonicalize_name(name))
    for line in importlib.metadata.requires(name) or ():
        requirement = Requirement(line)
        wanted = any(
            requirement.marker is None or requirement.marker.evaluate({"extra": extra}) for extra in extras | {""}
        )
        if wanted and canonicalize_name(requirement.name) not in into:
            needed(requirement.name, frozenset(requirement.extras), into)
    return into


@pytest.fixture
def core_alone(tmp_path, monkeypatch):
    """Runs a command of the builder where only the core is installed."""
    core = needed("lands-between")
    distributions = importlib.metadata.packages_distributions()
    absent = [
        module
        for module, packages in distributions.items()
        if not core & {canonicalize_name(package) for package in packages}
    ]
    assert {"sklearn", "phonenumbers", "sqlalchemy", "matplotlib", "onnxruntime"} <= set(absent)
    (tmp_path / "sitecustomize.py").write_text(ABSENT)

    def run(*arguments):
        path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
        environment = os.environ | {"ABSENT": json.dumps(absent), "PYTHONPATH": path}
        command = [sys.executable, "-m", "builder", *map(str, arguments)]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600)

    return run


@pytest.mark.slow
def test_the_core_builds_a_study(core_alone, small_study, tmp_path):
    out = tmp_path / "out"
    for command in (
        ["build", small_study, "--out", out, "--batches", 1],
        ["status", out, "--repair"],
        ["picture", out, tmp_path / "base.png"],
        ["study"],
    ):
        result = core_alone(*command)
        assert result.returncode == 0, result.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "extra"),
    [
        (["ratings", "forget", "STUDY", "ann"], "ratings"),
        (["publish", "STUDY", "--to", "x", "--version", "1.0.0"], "publish"),
        (["survey", "serve", "STUDY"], "survey"),
    ],
)
def test_what_an_extra_brings_is_named(core_alone, small_folder, command, extra):
    result = core_alone(*(small_folder if each == "STUDY" else each for each in command))
    assert result.returncode == 2
    assert f"is not installed: pip install 'lands-between[{extra}]'" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("module", "extra"),
    [
        ("sqlalchemy.orm", "survey"),
        ("phonenumbers", "ratings"),
        ("charset_normalizer", "ratings"),
        ("semver", "publish"),
        ("psycopg", "survey"),
        ("numpy", None),
        ("pytest", None),
    ],
)
def test_an_extra_is_known_by_what_it_brings(module, extra):
    assert extra_with(module) == extra


def test_help_imports_no_package_that_takes_long():
    code = "import sys, builder.cli; builder.cli._parser(); print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    roots = {module.partition(".")[0] for module in modules}
    assert not roots & {"numpy", "pandas", "pyarrow", "torch", "datasets", "pydantic", "tqdm", "fsspec", "jinja2"}


def test_outside_the_environment_is_one_line(tmp_path):
    """A Python with nothing installed: an environment without packages, in the folder of the checkout."""
    venv.create(tmp_path / "bare", with_pip=False)
    command = [tmp_path / "bare/bin/python", "-m", "builder", "studies"]
    result = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert re.match(r"error: \w+ is not installed: activate the project's environment \(source .venv", result.stderr)
    assert result.stderr.count("\n") == 1


def test_a_package_of_the_core_and_one_of_nobody():
    assert how_to_install("tqdm.contrib").startswith("activate the project's environment")
    assert how_to_install("semver") == "pip install 'lands-between[publish]'"
    assert how_to_install("builder.nothing") is None
