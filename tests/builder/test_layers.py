"""What is shared says no word of a kind of study; that it imports none is held by import-linter."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

WORDS = re.compile(r"similarity|identity|genuine|recognizers?", re.IGNORECASE)
"""Words of verification, the first kind that there was; they are found within names too."""

GROUPS = re.compile(r"recognizers?")

SHARED = ["builder/engines", "builder/survey", "builder/ratings", "builder/publish", "loading_script"]
ENDINGS = {".py", ".ts", ".html", ".toml", ".md", ".css"}

EXAMPLES = {"builder/ratings/mapping.py"}
"""Whose example of a file of the user's is of one kind of study, and says so."""

OF_GROUPS = {
    "builder/boundary.py",
    "builder/errors.py",
    "builder/onnx.py",
    "builder/registry.py",
    "builder/weights.py",
}
"""Which name the group of models that is called so, and which several kinds share."""


def shared_files() -> list[str]:
    files = [path for folder in SHARED for path in (ROOT / folder).rglob("*") if path.suffix in ENDINGS]
    files += [*(ROOT / "builder").glob("*.py"), ROOT / "dataset_card.md"]
    names = [path.relative_to(ROOT).as_posix() for path in files]
    return sorted(name for name in names if "node_modules" not in name and "/static/" not in name)


@pytest.mark.parametrize("name", shared_files())
def test_no_word_of_a_kind_of_study(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    words = set(WORDS.findall(text))
    if name in EXAMPLES:
        text = text.partition('"""')[2].partition('"""')[2]
        words = set(WORDS.findall(text))
    if name in OF_GROUPS:
        words = {word for word in words if not GROUPS.fullmatch(word)}
    assert words == set()


def test_the_files_are_there() -> None:
    names = shared_files()
    assert len(names) > 100
    assert {*EXAMPLES, *OF_GROUPS} <= set(names)


def test_every_shared_module_is_held_by_the_contract_on_imports() -> None:
    contracts = (ROOT / "pyproject.toml").read_text()
    contract = contracts.split('name = "What is shared knows no kind of study"')[1].split("forbidden_modules")[0]
    folders = [path.parent.name for path in (ROOT / "builder").glob("*/__init__.py") if path.parent.name != "studies"]
    modules = {path.stem for path in (ROOT / "builder").glob("*.py")} - {"__init__", "__main__"} | set(folders)
    assert set(re.findall(r'"builder\.(\w+)"', contract)) == modules
