"""The lock files: every line pins one version and its hashes, but for torch, whose build is the machine's choice."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
LOCKED = ["requirements.lock", "requirements-dev.lock", "requirements-signal.lock", "tests/requirements-reference.txt"]


def pins(name: str) -> dict[str, list[str]]:
    """The lines of a lock file: what is pinned, with its hashes."""
    lines = (ROOT / name).read_text().replace("\\\n", " ").splitlines()
    return {line.split()[0]: line.split()[1:] for line in lines if line and not line.startswith("#")}


@pytest.mark.parametrize("name", LOCKED)
def test_every_line_has_a_version_and_hashes(name):
    """pip refuses all of a file of which one line has none: `./lock.sh hashes` writes those of lines added by hand."""
    for pin, hashes in pins(name).items():
        assert re.fullmatch(r"[\w.-]+==[\w.!+]+", pin), pin
        assert hashes, f"{pin} in {name} has no hash: run ./lock.sh hashes"
        assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", each) for each in hashes), pin


def test_torch_alone_has_no_hash():
    assert [pin.partition("==")[0] for pin in pins("requirements-torch.lock")] == ["torch", "torchvision"]
    assert not any(pins("requirements-torch.lock").values())


def test_what_the_project_asks_for_is_pinned_at_a_version_that_it_takes():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    of_demo = ("analysis", "explainers", "publish", "ratings", "survey")
    extras = project["optional-dependencies"]
    runtime = project["dependencies"] + [line for extra in of_demo for line in extras[extra]]
    everything = project["dependencies"] + [line for lines in extras.values() for line in lines]
    of_runtime = [*pins("requirements.lock"), *pins("requirements-torch.lock")]
    of_all = [*of_runtime, *pins("requirements-dev.lock"), *pins("requirements-signal.lock")]
    for lines, locked in ((runtime, of_runtime), (everything, of_all)):
        versions = {canonicalize_name(name): version for name, version in (pin.split("==") for pin in locked)}
        for line in lines:
            requirement = Requirement(line)
            if requirement.name != project["name"]:
                assert versions[canonicalize_name(requirement.name)] in requirement.specifier, line
