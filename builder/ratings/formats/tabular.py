"""The way from the bytes of a file to a table of texts that knows its lines."""

import codecs
import csv
import io
import itertools
import re
from collections.abc import Iterator, Sequence, Set
from collections.abc import Mapping as Dict
from dataclasses import dataclass, replace
from pathlib import Path

import charset_normalizer
import numpy as np
import pandas as pd
import pyarrow as pa

from builder.errors import RatingsError
from builder.ratings.export import ExportFile
from builder.ratings.mapping import Mapping
from builder.toml import literal

DELIMITERS = ",;\t"

_HEAD_BYTES = 4_000_000
_PIECE = 16_000_000
_BLOCK_CELLS = 2_000_000
_MOST_COLUMNS = 200_000
_MOST_CELLS = 100_000_000
_TEXT = pd.StringDtype("pyarrow", na_value=np.nan)
"""The type of texts in pandas that "str" is short for."""

_BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


@dataclass(frozen=True)
class Refusal:
    """A record, a column or a cell that is kept out."""

    line: int
    column: str
    reason: str
    item_id: str | None = None


@dataclass(frozen=True)
class Table:
    """A table whose cells are texts; an empty cell is "".

    `cells` has one column for each name, numbered from 0, and one row for each of `lines`: the line of the file, from
    1, at which the record begins. `labels` are what else the file says of the columns, such as the text of a question.
    `comma` says that a decimal comma is to be expected. `sparse`: a record has only the names of what it says, as in
    JSON, so that a name which is nowhere may be of what nobody said. `notes` are what a message says where no answer is
    met.
    """

    path: Path
    names: tuple[str, ...]
    labels: tuple[str, ...]
    cells: pd.DataFrame
    lines: np.ndarray[tuple[int], np.dtype[np.int64]]
    header_line: int = 1
    comma: bool = False
    refused: tuple[Refusal, ...] = ()
    sparse: bool = False
    notes: tuple[str, ...] = ()

    def index(self, name: str) -> int | None:
        """The number of the column of that name, upper and lower case alike; None where there is none.

        Raises:
            RatingsError: several columns have that name, and their cells differ.
        """
        indices = [index for index, other in enumerate(self.names) if other.casefold() == name.casefold()]
        if any(not self.cells[indices[0]].equals(self.cells[other]) for other in indices[1:]):
            places = " and ".join(str(index + 1) for index in indices)
            raise RatingsError(
                f"{self.path}, line {self.header_line}: columns {places} are both called {literal(name)} and differ; "
                "rename all but one in the export"
            )
        return indices[0] if indices else None

    def column(self, name: str) -> "pd.Series[str] | None":
        """The cells of the column of that name; as `index`."""
        index = self.index(name)
        return None if index is None else self.cells[index]

    def from_row(self, count: int, labels: Sequence[str] | None = None) -> "Table":
        """The table without its first rows, which said something of the columns."""
        cells = self.cells.iloc[count:].reset_index(drop=True)
        stripped = self.labels if labels is None else tuple(label.strip() for label in labels)
        return replace(self, labels=stripped, cells=cells, lines=self.lines[count:])

    def only(self, keep: "pd.Series[bool]", reason: str, column: str) -> "Table":
        """The rows where `keep` holds; the others are refused."""
        if keep.all():
            return self
        mask = keep.to_numpy(bool)
        refused = [Refusal(int(line), column, reason) for line in self.lines[~mask]]
        cells = self.cells[mask].reset_index(drop=True)
        return replace(self, cells=cells, lines=self.lines[mask], refused=(*self.refused, *refused))


def table(file: ExportFile, mapping: Mapping | None = None) -> Table:
    """The table in a delimited file, its first record being the header.

    UTF-8 and UTF-16 are told apart, and Windows-1252 where the text makes sense in it; commas, semicolons and tabs are
    told apart by the header. Blank lines are passed over. A record that is shorter than the header has empty cells at
    its end; one that is longer, and not just by empty cells, is refused. The standard library reads the records, for it
    alone knows at which line each begins; pyarrow holds them.

    Raises:
        RatingsError: no such table, with the line.
    """
    encoding = _encoding(file, mapping)
    delimiter, skipped = _delimiter(file, encoding, mapping)
    records = _records(file, file.content, encoding, delimiter)
    for _ in range(skipped):
        next(records)
    header_line, names = next(records, (1, []))
    if not any(name.strip() for name in names):
        raise RatingsError(f"{file.path}, line {header_line}: no names of columns; this is no table")
    if len(names) > _MOST_COLUMNS:
        raise RatingsError(f"{file.path}, line {header_line}: more than {_MOST_COLUMNS} columns")
    names = [name.strip() for name in names]
    count, blocks, lines, refused = 0, [], [], []
    step = max(_BLOCK_CELLS // len(names), 1)
    while block := list(itertools.islice(records, step)):
        count += len(block)
        check_cells(file.path, count, len(names), written=len(file.content), spread=10)
        whole = [record for record in block if not any(record[1][len(names) :])]
        refused += [Refusal(line, "", "more cells than columns") for line, cells in block if any(cells[len(names) :])]
        lines.append(np.fromiter((line for line, _ in whole), np.int64, len(whole)))
        blocks.append(_columns([cells for _, cells in whole], len(names)))
    comma = mapping.decimal_comma if mapping and mapping.decimal_comma is not None else delimiter == ";"
    return Table(
        path=file.path,
        names=tuple(names),
        labels=("",) * len(names),
        cells=_frame(blocks, len(names)),
        lines=np.concatenate([*lines, np.empty(0, np.int64)]),
        header_line=header_line,
        comma=comma,
        refused=tuple(refused),
    )


def by_status(table: Table, column: str, live: Set[str], refused: Dict[str, Set[str]]) -> Table:
    """The records of people, by what a column says of each, in lower case; all where there is no such column.

    `refused` gives the reasons for the statuses that are none of people; one that is neither there nor in `live` is
    refused as unknown.
    """
    for reason, words in {**refused, "status unknown": live}.items():
        status = table.column(column)
        if status is not None:
            matches = status.str.strip().str.casefold().isin(words)
            table = table.only(matches if words is live else ~matches, reason, column)
    return table


def head(file: ExportFile, count: int = 3) -> list[list[str]]:
    """The first records of a delimited file, at most three; none where it is no such file. Raises nothing."""
    if "head" not in file.memo:
        file.memo["head"] = _head(file, 3)
    first: list[list[str]] = file.memo["head"]
    return first[:count]


def _head(file: ExportFile, count: int) -> list[list[str]]:
    start = ExportFile(file.path, file.content[:_HEAD_BYTES])
    cut = len(file.content) > _HEAD_BYTES
    try:
        encoding = _encoding(start, None, cut)
        delimiter, skipped = _delimiter(start, encoding, None)
        records = _records(start, start.content, encoding, delimiter)
        return [[cell.strip() for cell in cells] for _, cells in itertools.islice(records, skipped, skipped + count)]
    except RatingsError:
        return []


def records_table(
    path: Path, records: Sequence[Dict[str, str]], lines: Sequence[int] | None = None, refused: Sequence[Refusal] = ()
) -> Table:
    """The table of records that have names for their cells; the line of a record is its number, from 1, where `lines`
    does not say it.

    Raises:
        RatingsError: too many cells.
    """
    names = tuple(dict.fromkeys(name for record in records for name in record))
    check_cells(path, len(records), len(names), written=sum(map(len, records)), spread=100)
    cells = _frame(
        [[pa.array([record.get(name, "") for record in records], pa.string()) for name in names]], len(names)
    )
    numbers = np.asarray(lines if lines is not None else np.arange(1, len(records) + 1), np.int64)
    labels = ("",) * len(names)
    return Table(path, names, labels, cells, numbers, refused=tuple(refused), sparse=True)


def check_cells(path: Path, records: int, names: int, *, written: int, spread: int) -> None:
    """Refuses a table that is mostly cells which its file does not have: a few bytes a record under a long header.

    At most `spread` cells are filled in for each that may be `written`.
    """
    if names > _MOST_COLUMNS or names * records > min(_MOST_CELLS, 1_000_000 + spread * written):
        raise RatingsError(f"{path}: {records} records under {names} names are too many cells; export fewer at once")


def _encoding(file: ExportFile, mapping: Mapping | None, cut: bool = False) -> str:
    content = file.content
    if mapping and mapping.encoding:
        named = mapping.encoding
    elif bom := next((name for mark, name in _BOMS.items() if content.startswith(mark)), None):
        named = bom
    elif content[1:2] == b"\0" or content[:1] == b"\0":
        named = "utf-16-le" if content[1:2] == b"\0" else "utf-16-be"
    else:
        named = "utf-8"
    wrong = _undecodable(content, named, final=not cut)
    if wrong is None:
        return named
    if named == "utf-8" and not (mapping and mapping.encoding) and _is_windows(content, final=not cut):
        return "cp1252"
    line = content.count(b"\n", 0, wrong) + 1
    raise RatingsError(
        f"{file.path}, line {line}: is not {named}, and of no encoding that can be told; say it in a mapping: "
        'encoding = "..."'
    )


def _undecodable(content: bytes, encoding: str, final: bool) -> int | None:
    """The place of about the first byte that is not of the encoding; piece by piece, for the text may be large."""
    decoder = codecs.getincrementaldecoder(encoding)()
    for start in range(0, len(content), _PIECE):
        try:
            decoder.decode(content[start : start + _PIECE], final and start + _PIECE >= len(content))
        except UnicodeError as error:
            return start + (error.start if isinstance(error, UnicodeDecodeError) else 0)
    return None


def _is_windows(content: bytes, final: bool) -> bool:
    """Whether the lines with other than ASCII make sense in Windows-1252."""
    if _undecodable(content, "cp1252", final) is not None:
        return False
    lines = [line for line in content[:_HEAD_BYTES].split(b"\n") if not line.isascii()]
    return bool(charset_normalizer.from_bytes(b"\n".join(lines)[:100_000], cp_isolation=["cp1252"]))


def _delimiter(file: ExportFile, encoding: str, mapping: Mapping | None) -> tuple[str, int]:
    """The character between the cells, and how many records come before the header."""
    start = file.content[:_HEAD_BYTES]
    first = start.decode(encoding, errors="ignore").lstrip("﻿").partition("\n")[0].strip()
    if match := re.fullmatch(r'"?sep=(.|\\t)"?', first):  # what Excel is told by
        return match[1].replace("\\t", "\t"), 1
    if mapping and mapping.delimiter:
        return mapping.delimiter, 0
    widths = {}
    for delimiter in DELIMITERS:
        try:
            widths[delimiter] = len(next(_records(file, start, encoding, delimiter), (1, []))[1])
        except RatingsError as error:
            failure = error
    if not widths:
        raise failure
    widest = [delimiter for delimiter, width in widths.items() if width == max(widths.values())]
    if len(widest) > 1 and max(widths.values()) > 1:
        raise RatingsError(f'{file.path}, line 1: what separates the columns? Say it in a mapping: delimiter = "..."')
    return widest[0], 0


def _records(file: ExportFile, content: bytes, encoding: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """The records that are not blank, each with the line at which it begins.

    Where the header ends with CR LF, a bare LF ends no record: it is a line break within a cell, and read as a space
    where the cell is not quoted.
    """
    text = io.TextIOWrapper(io.BytesIO(content), encoding, errors="replace", newline="")
    crlf = text.readline().endswith("\r\n")
    text.seek(0)
    if crlf:
        text = io.TextIOWrapper(io.BytesIO(content), encoding, errors="replace", newline="\r\n")
    breaks = 0

    def lines() -> Iterator[str]:
        nonlocal breaks
        quoted = False
        for line in text:
            pieces = line[:-2].split("\n") if crlf else [line]
            breaks += len(pieces) - 1
            whole = pieces[0]
            quoted ^= pieces[0].count('"') % 2 == 1
            for piece in pieces[1:]:
                whole += ("\n" if quoted else " ") + piece
                quoted ^= piece.count('"') % 2 == 1
            yield whole + line[-2:] if crlf else line

    reader = csv.reader(lines(), delimiter=delimiter, strict=True)
    line = 1
    try:
        for cells in reader:
            if any(cells):
                yield line, cells
            line = reader.line_num + breaks + 1
    except csv.Error as error:
        raise RatingsError(f"{file.path}, line {line}: the record that begins here is no CSV: {error}") from error


def _columns(records: list[list[str]], width: int) -> list[pa.Array]:
    padded = [cells[:width] + [""] * (width - len(cells)) for cells in records]
    return [pa.array(column, pa.string()) for column in zip(*padded, strict=True)]


def _frame(blocks: list[list[pa.Array]], width: int) -> pd.DataFrame:
    """Columns numbered from 0, put together from blocks of rows."""
    filled = [block for block in blocks if block and len(block[0])]
    columns = zip(*filled, strict=True) if filled else [[pa.array([], pa.string())]] * width
    texts = [
        pd.arrays.ArrowStringArray(pa.chunked_array(parts), dtype=_TEXT)  # type: ignore[call-arg]
        for parts in columns
    ]
    return pd.DataFrame(dict(enumerate(texts)), columns=pd.RangeIndex(width))
