"""A program of its own: a spreadsheet or a file of SPSS or R on standard input, its table as CSV on standard output.

Compiled parsers read some of these, and a small file can ask for any amount of memory: `python workbook.py KIND GIB
SECONDS` has bounds, and takes nothing with it when it ends at one. It imports nothing of the project, so that it starts
fast.
"""

import csv
import datetime
import io
import json
import struct
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable
from typing import Any

REFUSED, NOT_INSTALLED = 3, 4
"""Exit statuses: what is on standard error says what is wrong with the file; the parser is not installed."""


class _RefusedError(Exception):
    """The file holds no table that can be read; the message says why."""


def main(kind: str, gib: int, seconds: int) -> int:
    """Writes the table; the exit status, 0 or one of the above."""
    _bound(gib * 2**30, seconds)
    content = sys.stdin.buffer.read()
    try:
        rows = {"spreadsheet": sheet, "spss": spss, "r": data_frame}[kind](content)
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


def data_frame(content: bytes) -> list[list[Any]]:
    """The names and the records of the one data frame in a file of R, .rds or .RData.

    Factors are their levels; of a labelled vector whose values all have labels, these; times are in UTC.
    """
    from rdata.conversion import convert
    from rdata.parser import parse_data
    from rdata.parser._xdr import ParserXDR

    setattr(ParserXDR, _VECTOR, _with_one_object_for_a_text(getattr(ParserXDR, _VECTOR)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            parsed = parse_data(content)
            converted = convert(parsed, _CLASSES, default_encoding=parsed.extra.encoding or "utf-8")
        except (_RefusedError, MemoryError):
            raise
        except Exception as error:
            raise _RefusedError(
                "a damaged file of R, or one of what is no data frame; save it again: saveRDS(as.data.frame(...), ...)"
            ) from error
    frames = {name: value for name, value in _objects(converted).items() if isinstance(value, _Frame) and value}
    if len(frames) != 1:
        names = ", ".join(map(str, frames)) or "none"
        raise _RefusedError(f"data frames with something in them: {names}; save the one with answers: saveRDS(...)")
    frame = next(iter(frames.values()))
    columns = [_column(name, values) for name, values in frame.items()]
    return [list(frame), *map(list, zip(*columns, strict=True))]


_VECTOR = "_parse_vector_value"
"""The method of rdata's parser that reads a vector element by element."""

_CHAR = 9
"""The type of a text, in the lowest 11 bits of its flags; the others tell its encoding (R Internals, section 1.8)."""


def _with_one_object_for_a_text(parse: Callable[..., Any]) -> Callable[..., Any]:
    """The method that reads a vector, which makes one object for equal texts: of a million there are few different."""

    def parse_vector(parser: Any, references: Any, *more: Any) -> Any:
        start = parser.file.tell()
        objects: dict[bytes, Any] = {}
        texts = []
        with parser.file.getbuffer() as content:
            count = struct.unpack_from(">i", content, start)[0]
            place = start + 4
            for _ in range(count):
                flags, length = struct.unpack_from(">Ii", content, place)
                if flags & 0x7FF != _CHAR:
                    break
                end = place + 8 + max(length, 0)
                written = bytes(content[place:end])
                if written not in objects:
                    parser.file.seek(place)
                    objects[written] = parser.parse_R_object(references, *more)
                texts.append(objects[written])
                place = end
        whole = count > 0 and len(texts) == count
        parser.file.seek(place if whole else start)
        return texts if whole else parse(parser, references, *more)

    return parse_vector


class _Frame(dict[str, Any]):
    """The columns of a data frame of R, by name."""


def _objects(content: Any) -> dict[str, Any]:
    """The objects in a file of R: those of an .RData or a list by name, or the one of an .rds."""
    return content if isinstance(content, dict) and not isinstance(content, _Frame) else {"it": content}


def _frame(value: Any, attributes: Any) -> _Frame:
    """The columns, after the names of rows where somebody gave these."""
    names = [str(name) for name in attributes.get("names", ())]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:  # of these, what was read has the last alone
        raise _RefusedError(f"several columns are called {', '.join(twice[:5])}; rename all but one of each")
    columns = zip(names, value.values() if isinstance(value, dict) else value, strict=True)
    rows = attributes["row.names"]
    return _Frame({"row.names": rows, **dict(columns)} if rows.dtype.kind in "OU" else columns)


def _factor(codes: Any, attributes: Any) -> list[Any]:
    levels = dict(enumerate(attributes["levels"].tolist(), start=1))
    return [levels.get(code) for code in _values(codes)]


def _labelled(values: Any, attributes: Any) -> list[Any]:
    labels = attributes.get("labels")
    named = hasattr(labels, "coords")
    return _labeled(_values(values), dict(zip(_values(labels), _values(labels["dim_0"]), strict=True)) if named else {})


def _dates(days: Any, attributes: Any) -> list[Any]:
    return [_after_1970(day, 86_400, "%Y-%m-%d") for day in _values(days)]


def _times(seconds: Any, attributes: Any) -> list[Any]:
    return [_after_1970(second, 1, "%Y-%m-%dT%H:%M:%S.%fZ") for second in _values(seconds)]


def _after_1970(number: Any, seconds: int, form: str) -> Any:
    """A time of so many units, each of so many seconds; what is none stays as it is."""
    try:
        return (_EPOCH + datetime.timedelta(seconds=number * seconds)).strftime(form)
    except (OverflowError, TypeError, ValueError):
        return number


def _integers(numbers: Any, attributes: Any) -> list[Any]:
    """Integers of 64 bits, which R keeps in the bits of floats."""
    return [None if number == -(2**63) else number for number in _values(numbers.view("int64"))]


_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_CLASSES: dict[str | bytes, Callable[[Any, Any], Any]] = {
    "data.frame": _frame,
    "factor": _factor,
    "ordered": _factor,
    "haven_labelled": _labelled,
    "Date": _dates,
    "POSIXct": _times,
    "integer64": _integers,
}
"""The classes of R whose values mean something else than what is stored."""


def _column(name: str, values: Any) -> list[Any]:
    """The cells of a column; one of a list holds JSON."""
    if isinstance(values, dict) or getattr(values, "ndim", 1) != 1:
        raise _RefusedError(
            f"column {name} holds several values in each row; save it as plain columns, times by as.POSIXct"
        )
    return _values(values)


def _values(values: Any) -> list[Any]:
    """The values of a vector of R, None for what is missing."""
    plain = values.to_numpy() if hasattr(values, "to_numpy") else values
    return list(plain) if isinstance(plain, list) else list(plain.tolist())


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
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, list | dict):
        value = json.dumps(value, default=lambda inner: inner.tolist())
    if isinstance(value, bytes):
        value = value.decode(errors="replace")
    if value is None or value != value:
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    return str(value).replace("\r\n", " ").replace("\n", " ").replace("\r", " ")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
