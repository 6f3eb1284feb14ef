"""From paths to the files of exports: a folder's, an archive's, and the text in a spreadsheet or a file of SPSS."""

import csv
import io
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from builder.errors import RatingsError
from builder.files import explained
from builder.ratings.export import ExportFile
from builder.ratings.formats import jatos
from builder.ratings.formats.archives import entries, is_zip, unpacked

MOST_BYTES = 1_000_000_000
"""Of one file; a larger one is no export of a study that people answered."""

_MOST_FILES = 100_000
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SPSS = (b"$FL2", b"$FL3")
_EXTRA = "reading it takes an extra: pip install 'lands-between[exports]'; or save it as CSV"

_KINDS = {
    b"%PDF": "a PDF",
    b"\x1f\x8b": "compressed, as R's .rds is; write it as CSV, in R with write.csv(readRDS(...), ...)",
    b"BZh": "compressed; unpack it",
    b"\xfd7zXZ": "compressed; unpack it",
    b"\x89HDF": "a file of HDF5; save its table as CSV",
    b"ARROW1": "a file of Arrow; save its table as CSV",
    b"PAR1": "a file of Parquet; save its table as CSV",
    b"SQLite format 3": "a database of SQLite; export its table as CSV",
    b"<stata_dta>": "a file of Stata; save it as CSV",
}
"""What files are that nothing here reads, by their first bytes."""


def export_files(path: Path) -> Iterator[ExportFile]:
    """The files of exports at a path, in the order of their names: itself, those in a folder, or those in an archive.

    Links in a folder are not followed, and hidden files are passed over.

    Raises:
        RatingsError: there is no such path, nothing in it, or an archive is damaged or too large.
        FolderError: it cannot be read.
    """
    if path.is_dir():
        with explained(path):
            inner = sorted(each for each in path.rglob("*") if each.is_file() and not each.is_symlink())
        shown = [each for each in inner if not any(part.startswith(".") for part in each.relative_to(path).parts)]
        if not shown:
            raise RatingsError(f"{path}: no file is in it")
        if len(shown) > _MOST_FILES:
            raise RatingsError(f"{path}: more than {_MOST_FILES} files; name the exports among them")
        for each in shown:
            yield from _members(_load(each))
    else:
        yield from _members(_load(path))


def as_text(file: ExportFile) -> ExportFile:
    """The file, or where it is a spreadsheet or SPSS's, the table in it as CSV; a line is that of the row.

    Raises:
        RatingsError: what reads it is not installed, it is damaged, or it is of a kind that nothing here reads.
    """
    if _is_spreadsheet(file):
        return replace(file, content=_csv(_sheet(file)), memo={})
    if file.content.startswith(_SPSS):
        return replace(file, content=_csv(_spss(file)), memo={})
    kind = next((text for start, text in _KINDS.items() if file.content.startswith(start)), None)
    if kind is None and file.content[:2000].lstrip().lower().startswith((b"<!doctype", b"<html", b"<?xml")):
        kind = "a page of HTML or XML, perhaps of a login; export the results as CSV or JSON"
    if kind:
        raise RatingsError(f"{file.path}: is {kind}")
    return file


def _load(path: Path) -> ExportFile:
    with explained(path):
        if not path.is_file():
            raise RatingsError(f"{path}: {'is no file, name the exports in it' if path.exists() else 'no such file'}")
        if path.stat().st_size > MOST_BYTES:
            raise RatingsError(f"{path}: larger than {MOST_BYTES} bytes; split it")
        content = path.read_bytes()
    if not content.strip():
        raise RatingsError(f"{path}: is empty; export it again")
    return ExportFile(path, content)


def _members(file: ExportFile) -> Iterator[ExportFile]:
    """The exports in an archive, or the file itself; JATOS' archives are one export."""
    if not is_zip(file) or _is_spreadsheet(file) or jatos.READER.recognizes(file):
        yield file
        return
    chosen = [
        (info.filename, info)
        for info in entries(file)
        if not info.is_dir()
        and not any(part.startswith((".", "__MACOSX")) and part != ".." for part in info.filename.split("/"))
    ]
    if not chosen:
        raise RatingsError(f"{file.path}: an archive with no file in it")
    for (name, _), content in zip(chosen, unpacked(file, chosen, MOST_BYTES), strict=True):
        yield ExportFile(file.path / name.replace("..", "_").lstrip("/"), content)


def _is_spreadsheet(file: ExportFile) -> bool:
    if file.content.startswith(_OLE):
        return True
    if not is_zip(file):
        return False
    names = {info.filename for info in entries(file)}
    return any(name.startswith(("xl/workbook", "xl/worksheets")) for name in names) or "content.xml" in names


def _sheet(file: ExportFile) -> list[list[Any]]:
    """The rows of the one sheet that is not empty."""
    try:
        from python_calamine import CalamineError, CalamineWorkbook
    except ImportError:
        raise RatingsError(f"{file.path}: is a spreadsheet; {_EXTRA}") from None
    if is_zip(file):  # what it unpacks to is bounded before a parser sees it
        for _ in unpacked(file, [(info.filename, info) for info in entries(file)], MOST_BYTES):
            pass
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(file.content))
        sheets = {
            name: workbook.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in workbook.sheet_names
        }
    except (CalamineError, ValueError, OSError) as error:
        raise RatingsError(f"{file.path}: a damaged spreadsheet: {error}; save it again") from error
    filled = {name: rows for name, rows in sheets.items() if any(cell != "" for row in rows for cell in row)}
    if len(filled) != 1:
        names = ", ".join(filled) or "none"
        raise RatingsError(f"{file.path}: sheets with something in them: {names}; save the one with answers alone")
    return next(iter(filled.values()))


def _spss(file: ExportFile) -> list[list[Any]]:
    """The names and the records of a file of SPSS; of a variable whose values all have labels, these."""
    try:
        import pyreadstat
    except ImportError:
        raise RatingsError(f"{file.path}: is a file of SPSS; {_EXTRA}") from None
    with tempfile.NamedTemporaryFile(suffix=".sav") as copy:
        copy.write(file.content)
        copy.flush()
        try:
            columns, meta = pyreadstat.read_sav(copy.name, output_format="dict")
        except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError, ValueError, OSError, MemoryError) as error:
            raise RatingsError(f"{file.path}: a damaged file of SPSS: {error}; save it again") from error
    texts = [_labeled(list(values), meta.variable_value_labels.get(name, {})) for name, values in columns.items()]
    return [list(columns), *map(list, zip(*texts, strict=True))]


def _labeled(values: list[Any], labels: dict[Any, str]) -> list[Any]:
    present = [value for value in values if value is not None and value == value]
    return [labels.get(value, value) for value in values] if all(value in labels for value in present) else values


def _csv(rows: list[list[Any]]) -> bytes:
    """Rows as CSV; a blank one keeps its line."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue().encode("utf-8", "replace")


def _cell(value: Any) -> str:
    if value is None or value != value:
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    return str(value).replace("\r\n", " ").replace("\n", " ").replace("\r", " ")
