"""The files of exports, from paths: those in a folder or an archive; and the text in a spreadsheet, SPSS's or R's."""

import bz2
import contextlib
import lzma
import re
import subprocess
import sys
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from builder.errors import RatingsError
from builder.files import explained
from builder.ratings.export import ExportFile
from builder.ratings.formats import jatos, labjs_database, workbook
from builder.ratings.formats.archives import entries, is_zip, unpacked

MOST_BYTES = 1_000_000_000
"""Bytes of the largest file; a larger one is no export of a study that people answered."""

_MOST_FILES = 100_000
_MOST_GIB, _MOST_S = 4, 300
"""GiB of memory and seconds of processor time, for reading a spreadsheet or a file of SPSS or R."""

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SPSS = (b"$FL2", b"$FL3")
_R = re.compile(rb"(?:RD[AXB][23]\n)?(?:X\n\0\0\0[\2\3]|B\n[\2\3]\0\0\0|A\n[23]\n\d)")
"""The beginnings of R's serialization, alone in an .rds or behind a name in an .RData (R Internals, section 1.8)."""

_EXTRA = "reading it takes an extra: pip install 'lands-between[exports]'; or save it as CSV"

_KINDS = {
    b"%PDF": "a PDF; export the answers as CSV",
    b"\x1f\x8b": "compressed; unpack it",
    b"BZh": "compressed; unpack it",
    b"\xfd7zXZ": "compressed; unpack it",
    b"\x28\xb5\x2f\xfd": "compressed by Zstandard; unpack it, or in R save it with compress = TRUE",
    b"\x89HDF": "a file of HDF5; save its table as CSV",
    b"ARROW1": "a file of Arrow; save its table as CSV",
    b"PAR1": "a file of Parquet; save its table as CSV",
    b"SQLite format 3": "a database of SQLite; export its table as CSV",
    b"<stata_dta>": "a file of Stata; save it as CSV",
}
"""Kinds of files that nothing here reads, by their first bytes."""


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
        visible = [each for each in inner if not any(part.startswith(".") for part in each.relative_to(path).parts)]
        if not visible:
            raise RatingsError(f"{path}: no file is in it")
        if len(visible) > _MOST_FILES:
            raise RatingsError(f"{path}: more than {_MOST_FILES} files; name the exports among them")
        for each in visible:
            yield from _members(_load(each))
    else:
        yield from _members(_load(path))


def as_text(file: ExportFile) -> ExportFile:
    """The file, or where it is a spreadsheet, SPSS's or R's, the table in it as CSV; a line is that of the row.

    Raises:
        RatingsError: what reads it is not installed, it is damaged, or it is of a kind that nothing here reads.
    """
    if _is_spreadsheet(file):
        if is_zip(file):  # what it unpacks to is bounded before a parser sees it
            for _ in unpacked(file, [(info.filename, info) for info in entries(file)], MOST_BYTES):
                pass
        return _table(file, "spreadsheet", "a spreadsheet")
    if file.content.startswith(_SPSS):
        return _table(file, "spss", "a file of SPSS")
    if _is_r(file):
        return _table(file, "r", "a file of R")
    if labjs_database.is_database(file):
        return labjs_database.as_json(file)
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
    members = [
        (info.filename, info)
        for info in entries(file)
        if not info.is_dir()
        and not any(part.startswith((".", "__MACOSX")) and part != ".." for part in info.filename.split("/"))
    ]
    if not members:
        raise RatingsError(f"{file.path}: an archive with no file in it")
    for (name, _), content in zip(members, unpacked(file, members, MOST_BYTES), strict=True):
        yield ExportFile(file.path / name.replace("..", "_").lstrip("/"), content)


def _is_spreadsheet(file: ExportFile) -> bool:
    if file.content.startswith(_OLE):
        return True
    if not is_zip(file):
        return False
    names = {info.filename for info in entries(file)}
    return any(name.startswith(("xl/workbook", "xl/worksheets")) for name in names) or "content.xml" in names


def _is_r(file: ExportFile) -> bool:
    """Whether the file is of R, compressed or not; no more than its beginning is unpacked."""
    start = file.content[:1_000_000]
    with contextlib.suppress(zlib.error, OSError, lzma.LZMAError, MemoryError):
        if start.startswith(b"\x1f\x8b"):
            start = zlib.decompressobj(31).decompress(start, 100)
        elif start.startswith(b"BZh"):
            start = bz2.BZ2Decompressor().decompress(start, 100)
        elif start.startswith(b"\xfd7zXZ"):
            start = lzma.LZMADecompressor(memlimit=200_000_000).decompress(start, 100)
    return _R.match(start) is not None


def _table(file: ExportFile, kind: str, what: str) -> ExportFile:
    """The table in the file as CSV, parsed in a process with bounds on its memory and time."""
    command = [sys.executable, "-P", workbook.__file__, kind, str(_MOST_GIB), str(_MOST_S)]
    run = subprocess.run(command, input=file.content, capture_output=True, check=False)  # noqa: S603
    if run.returncode == workbook.NOT_INSTALLED:
        raise RatingsError(f"{file.path}: is {what}; {_EXTRA}")
    if run.returncode == workbook.REFUSED:
        raise RatingsError(f"{file.path}: {run.stderr.decode(errors='replace')}")
    if run.returncode:
        raise RatingsError(
            f"{file.path}: {what} that is damaged, or takes more than {_MOST_GIB} GiB or {_MOST_S} s to read; save "
            "its table as CSV"
        )
    return replace(file, content=run.stdout, memo={"kind": what})
