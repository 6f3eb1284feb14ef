"""What every report has says no word of a kind of study."""

import re
from pathlib import Path

import pytest

import analysis

ROOT = Path(analysis.__file__).parent
SHARED = sorted(
    path for path in ROOT.rglob("*.*") if "studies" not in path.parts and path.suffix in (".py", ".j2", ".js")
)
WORDS = re.compile("similarity|identity|genuine|recognizer", re.IGNORECASE)


@pytest.mark.parametrize("path", SHARED, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_shared_file_says_no_word_of_a_kind(path: Path) -> None:
    assert not WORDS.findall(path.read_text())


def test_every_shared_module_is_held_by_the_contract_on_imports() -> None:
    contracts = (ROOT.parent / "pyproject.toml").read_text()
    contract = contracts.split('name = "What every report has knows no kind of study"')[1].split("forbidden_modules")[0]
    modules = {path.relative_to(ROOT).parts[0].removesuffix(".py") for path in SHARED} - {"__init__", "__main__"}
    assert set(re.findall(r'"analysis\.(\w+)"', contract)) == modules
