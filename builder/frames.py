"""Tables that a user brings, CSV or Parquet, as texts, within bounds."""

import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from builder.errors import AssetError
from loading_script.untrusted.parquet import check_parquet, first_line

MOST_BYTES = 2 * 2**30
"""Bytes of the largest file of CSV, which takes about as much in memory."""


_MOST_NAMED, _MOST_SHOWN = 20, 80


def quoted(value: object) -> str:
    """A value of a file as an error shows it, cut to 80 characters."""
    text = repr(value)
    return text if len(text) <= _MOST_SHOWN else text[: _MOST_SHOWN - 4] + "...'"


def named(names: Iterable[object]) -> str:
    """Names of a file as an error lists them: the first 20, each cut to 80 characters."""
    texts = [str(name) for name in names]
    cut = [text if len(text) <= _MOST_SHOWN else text[: _MOST_SHOWN - 3] + "..." for text in texts[:_MOST_NAMED]]
    return ", ".join(cut) + (f" and {len(texts) - _MOST_NAMED} more" if len(texts) > _MOST_NAMED else "")


def place(path: Path | str, row: int) -> str:
    """The name of a file's row in an error: `labels.csv, row 3 (from 0)`."""
    return f"{path}, row {row} (from 0)"


def read_frame(path: Path, columns: Sequence[str] | None = None, texts: Sequence[str] | None = None) -> pd.DataFrame:
    """The rows of a table, every value as its text, "" where there is none.

    Args:
        path: ends in .csv (UTF-8, commas, the first line has the names of the columns) or .parquet.
        columns: those that are needed, the only ones read; None: all of them.
        texts: columns that are read as texts, where others are to be numbers if they can; None: all of them.

    Raises:
        AssetError: it cannot be read, is too large, has no rows, or lacks a wanted column.
    """
    try:
        if path.suffix.lower() == ".parquet":
            frame = _parquet(path, columns, texts)
        elif path.suffix.lower() == ".csv":
            frame = _csv(path, columns, texts)
        else:
            raise AssetError(f"{path}: a table must be a file that ends in .csv or .parquet")
    except FileNotFoundError:
        raise AssetError(f"{path}: no such file in {Path.cwd()}") from None
    # What pandas raises is a ValueError, as are errors of UTF-8; its warning is none.
    except (OSError, ValueError, pd.errors.ParserWarning, pa.ArrowException) as error:
        raise AssetError(f"{path}: not a table that can be read: {first_line(error)[:300]}") from error
    absent = [column for column in columns or () if column not in frame]
    if absent:
        raise AssetError(f"{path}: has no column {' and no column '.join(absent)}; it has {named(_names(path))}")
    if frame.empty:
        raise AssetError(f"{path}: has no rows")
    return frame


def _csv(path: Path, columns: Sequence[str] | None, texts: Sequence[str] | None) -> pd.DataFrame:
    if path.stat().st_size > MOST_BYTES:
        raise ValueError(f"larger than {MOST_BYTES >> 30} GiB; write it as Parquet")
    with warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.ParserWarning)  # rows that are longer than the first
        frame = pd.read_csv(
            path,
            dtype=str if texts is None else dict.fromkeys(texts, str),
            keep_default_na=False,
            encoding="utf-8-sig",
            skipinitialspace=True,
            index_col=False,  # else the first column of longer rows would be no column
            usecols=None if columns is None else lambda name: name in columns,
        )
    return frame.fillna("")  # where a row is shorter than the first


def _parquet(path: Path, subset: Sequence[str] | None, texts: Sequence[str] | None) -> pd.DataFrame:
    check_parquet(path, flat=True)
    with pq.ParquetFile(path) as file:
        columns = [name for name in file.schema_arrow.names if subset is None or name in subset]
        table = file.read(columns=columns, use_threads=False)
    read = {name: table[name] for name in columns}
    for name in columns if texts is None else set(columns) & set(texts):
        try:
            read[name] = pc.fill_null(table[name].cast(pa.string()), "")
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            raise ValueError(f"column {name} has values of type {table[name].type}, which are no texts") from None
    frame: pd.DataFrame = pa.table(read).to_pandas()
    return frame


def _names(path: Path) -> list[str]:
    if path.suffix.lower() == ".parquet":
        return [str(name) for name in pq.read_schema(path).names]
    return [str(name) for name in pd.read_csv(path, nrows=0, encoding="utf-8-sig", skipinitialspace=True).columns]
