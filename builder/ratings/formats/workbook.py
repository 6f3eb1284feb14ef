"""A program of its own: a spreadsheet or a file of SPSS on standard input, its table as CSV on standard output.

Compiled parsers read these, and a small file can ask for any amount of memory: `python workbook.py KIND GIB SECONDS`
has bounds, and takes nothing with it when it ends at one. It imports nothing of the project, so that it starts fast.
"""

import csv
import io
import sys
import tempfile
from typing import Any

REFUSED, NOT_INSTALLED = 3, 4
"""How it ends: what is on standard error says what is wrong with the file; the parser is not installed."""


class _RefusedError(Exception):
    """The file holds no table that can be read; the message says why."""


def main(kind: str, gib: int, seconds: int) -> int:
    """Writes the table; the exit status, 0 or one of the above."""
    _bound(gib * 2**30, seconds)
    content = sys.stdin.buffer.read()
    try:
        rows = {"spreadsheet": sheet, "spss": spss}[kind](content)
    except ImportError:
        return NOT_INSTALLED
    except _RefusedError as error:
        print(error, end="", file=sys.stderr)
        return REFUSED
    text = io.TextIOWrapper(sys.stdout.buffer, "utf-8", "replace", newline="")
    csv.writer(text, lineterminator="\n").writerows([_cell(value) for value in row] for row in rows)
    text.flush()
    return 0


def sheet(content: bytes) -> list[list[Any]]:
    """The rows of the one sheet that is not empty."""
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
        sheets = {
            name: workbook.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in workbook.sheet_names
        }
    except (CalamineError, ValueError, OSError) as error:
        raise _RefusedError(f"a damaged spreadsheet: {error}; save it again") from error
    filled = {name: rows for name, rows in sheets.items() if any(cell != "" for row in rows for cell in row)}
    if len(filled) != 1:
        names = ", ".join(filled) or "none"
        raise _RefusedError(f"sheets with something in them: {names}; save the one with answers alone")
    return next(iter(filled.values()))


def spss(content: bytes) -> list[list[Any]]:
    """The names and the records of a file of SPSS; of a variable whose values all have labels, these."""
    import pyreadstat

    with tempfile.NamedTemporaryFile(suffix=".sav") as copy:
        copy.write(content)
        copy.flush()
        try:
            columns, meta = pyreadstat.read_sav(copy.name, output_format="dict")
        except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError, ValueError, OSError) as error:
            raise _RefusedError(f"a damaged file of SPSS: {error}; save it again") from error
    texts = [_labeled(list(values), meta.variable_value_labels.get(name, {})) for name, values in columns.items()]
    return [list(columns), *map(list, zip(*texts, strict=True))]


def _bound(memory: int, seconds: int) -> None:
    try:
        import resource
    except ImportError:  # not on Windows
        return
    for limit, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(limit, (most, most))


def _labeled(values: list[Any], labels: dict[Any, str]) -> list[Any]:
    present = [value for value in values if value is not None and value == value]
    return [labels.get(value, value) for value in values] if all(value in labels for value in present) else values


def _cell(value: Any) -> str:
    """A cell's text; a line is that of the row, so that no cell has several."""
    if value is None or value != value:
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    return str(value).replace("\r\n", " ").replace("\n", " ").replace("\r", " ")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
