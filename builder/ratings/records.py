"""The files of `ratings/` beside the two tables: what was refused, held back, released, and who was removed."""

import hashlib
import io
import re
from pathlib import Path

import pandas as pd

from builder.errors import FolderError
from builder.files import Folder, explained

HELD_BACK = ["participant_id", "question", "found", "text"]
RELEASED = ["participant_id", "question", "text"]
FORGOTTEN = ["participant_id", "removed_at", "ratings"]
WITHDRAWN = ["participant_id", "status"]
IMPORTS = ["import", "kind", "key"]
"""Columns of held-back.csv, released.csv, forgotten.csv, withdrawn.csv and imports.csv."""


def refused_lines(key: str) -> list[str]:
    """Columns of refused.csv in a study whose items have this key."""
    return ["file", "line", "column", key, "reason"]


_LABEL = re.compile(r"export-[0-9a-f]{12}")
_LABEL_DIGITS = 12


_FORMULA = re.compile(r"'*[=+\-@\t\r\n]")
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?")
"""A number: no formula, though a spreadsheet takes it for one by its beginning."""


def file_label(content: bytes) -> str:
    """The name of an export in refused.csv: `export-` and the first 12 digits of the SHA-256 of its content.

    Nothing of its name: people and platforms put ids and names of persons into it.
    """
    return f"export-{hashlib.sha256(content).hexdigest()[:_LABEL_DIGITS]}"


def without_names(refused: pd.DataFrame) -> pd.DataFrame:
    """The rows of a refused.csv that an earlier version may have written, which named files, without any name."""
    labels = {
        name: name if _LABEL.fullmatch(name) else f"export-{hashlib.sha256(name.encode()).hexdigest()[:_LABEL_DIGITS]}"
        for name in refused["file"].unique()
    }
    return refused.assign(file=refused["file"].map(labels).astype("str"))


def read(folder: Path, name: str, columns: list[str]) -> pd.DataFrame:
    """The rows of a file of `ratings/`, every cell as text; none where there is no such file.

    Raises:
        FolderError: it has other columns or is no CSV.
    """
    path, study = path_of(folder, name), Folder(folder)
    if study.size(_within(name)) is None:
        return pd.DataFrame(columns=columns, dtype="str")
    try:
        with explained(path), study.open(_within(name)) as opened:
            rows = pd.read_csv(opened, dtype="str", keep_default_na=False, encoding="utf-8")
    except ValueError as error:
        raise FolderError(f"{path}: damaged: {error}; put a copy in its place") from error
    if list(rows.columns) != columns:
        raise FolderError(f"{path}: damaged: its columns are not {', '.join(columns)}; put a copy in its place")
    return rows.map(_original)


def path_of(folder: Path, name: str) -> Path:
    """The path of a file of `ratings/`."""
    return folder / _within(name)


def file(name: str, rows: pd.DataFrame) -> tuple[str, bytes]:
    """A file of `ratings/` by its name in the study folder, and its content."""
    buffer = io.StringIO()
    rows.map(_harmless).to_csv(buffer, index=False, lineterminator="\n")
    return _within(name), buffer.getvalue().encode("utf-8", "surrogatepass")


def _harmless(cell: object) -> object:
    """A cell that no spreadsheet takes for a formula; `_original` undoes it.

    A number is no formula, whatever its sign.
    """
    if isinstance(cell, str) and _FORMULA.match(cell) and not _NUMBER.fullmatch(cell):
        return f"'{cell}"
    return cell


def _original(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def _within(name: str) -> str:
    return f"ratings/{name}.csv"
