"""The page as `make survey` bundles it."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def bundle() -> Path:
    """The folder of the page's files; made where it is absent or older than its sources."""
    if not shutil.which("npm"):
        pytest.skip("no npm: install nodejs and npm")
    made = subprocess.run(["make", "survey"], cwd=ROOT, capture_output=True, text=True)
    assert made.returncode == 0, made.stdout + made.stderr
    return ROOT / "builder" / "survey" / "static"
