"""From texts to numbers, answers and times; what cannot be read is told apart from what is missing."""

import numpy as np
import pandas as pd

from builder.ratings.mapping import Mapping

YES = frozenset(
    {"yes", "y", "true", "same", "same person", "the same person", "same identity"}
    | {"ja", "j", "wahr", "gleich", "gleiche person", "die gleiche person", "dieselbe person"}
)
"""What means the same person where no mapping says otherwise; numbers such as 1 and 2 mean nothing without one."""

NO = frozenset(
    {"no", "n", "false", "different", "different person", "different persons", "different people", "different identity"}
    | {"nein", "falsch", "verschieden", "verschiedene personen", "andere person", "nicht dieselbe person"}
)

MISSING = frozenset({"", "na", "n/a", "nan", "null", "none"})
"""How tools write that there is no number or no answer (N/A: LimeSurvey, a question not shown; NA: R)."""

_EXPONENT = r"\d(?:[.,]\d+)?E\+\d+"
_DATE = r"\d{1,2}[./\- ]{1,2}(?:[A-Za-zäÄ]{3,9}\.?|\d{1,2}[./-]\d{2,4})|[A-Za-zäÄ]{3}[ -]\d{2}|#+"
_ZONED = r"(?:Z|[+-]\d{2}:?\d{2}|UTC|GMT)$"
_EPOCH_MS = r"\d{12,13}(?:\.0*)?"
_LATEST = pd.Timestamp("2200-01-01", tz="UTC")
_EARLIEST = pd.Timestamp("1990-01-01", tz="UTC")


def missing(cells: "pd.Series[str]", also: frozenset[str] = frozenset()) -> "pd.Series[bool]":
    """Where a cell says nothing."""
    codes, values = pd.factorize(cells, use_na_sentinel=True)
    tokens = MISSING | also
    empty = np.array([str(value).strip().casefold() in tokens for value in values] + [True], bool)
    return pd.Series(empty[codes], index=cells.index)


def numbers(cells: "pd.Series[str]", comma: bool) -> "pd.Series[float]":
    """Finite numbers, NaN for what is none; a decimal comma counts where `comma` holds."""
    text = cells.str.strip()
    if comma:
        text = text.str.replace(r"^([+-]?\d*),(\d+)$", r"\1.\2", regex=True)
    read = pd.to_numeric(text, errors="coerce").astype("float64")
    return read.where(np.isfinite(read))


def answers(cells: "pd.Series[str]", mapping: Mapping | None) -> "pd.Series[bool]":
    """Whether a cell says the same person (boolean, NA for what says neither)."""
    words = mapping.identity if mapping else None
    yes = {_word(word) for word in words.yes} if words else YES
    no = {_word(word) for word in words.no} if words else NO
    codes, values = pd.factorize(cells, use_na_sentinel=True)
    known = [True if (word := _word(str(value))) in yes else False if word in no else pd.NA for value in values]
    return pd.Series(pd.array([*known, pd.NA], "boolean")[codes], index=cells.index)


def times(cells: "pd.Series[str]", zone: str | None) -> "tuple[pd.Series[pd.Timestamp], pd.Series[bool]]":
    """UTC times of ISO 8601 texts or of milliseconds since 1970, and where a cell is no time.

    A time without a zone is of `zone`; where there is none, or the clock showed it twice or never, it is left out
    (NaT), for it could be hours off.
    """
    text = cells.str.strip()
    zoned = text.str.contains(_ZONED, regex=True)
    epoch = text.str.fullmatch(_EPOCH_MS)
    utc = text.where(zoned).str.replace(r" ?(?:UTC|GMT)$", "Z", regex=True)
    read = pd.to_datetime(utc, format="ISO8601", errors="coerce", utc=True)
    read = read.fillna(pd.to_datetime(pd.to_numeric(text.where(epoch)), unit="ms", utc=True, errors="coerce"))
    naive = pd.to_datetime(text.where(~zoned & ~epoch), format="ISO8601", errors="coerce")
    if zone:
        read = read.fillna(naive.dt.tz_localize(zone, ambiguous="NaT", nonexistent="NaT").dt.tz_convert("UTC"))
    read = read.where((read > _EARLIEST) & (read < _LATEST))
    return read, read.isna() & naive.isna() & ~missing(cells)


def damaged(cells: "pd.Series[str]") -> "pd.Series[bool]":
    """Where a spreadsheet made an exponent, a date or hashes of what stood there: 1.23E+17, 05. Jan, 3/4/2026, ###."""
    return cells.str.strip().str.fullmatch(f"{_EXPONENT}|{_DATE}")


def damaged_id(cells: "pd.Series[str]") -> "pd.Series[bool]":
    """Where a spreadsheet made a rounded number of an id of digits; 5e12 is kept, for an id may begin so."""
    return cells.str.strip().str.fullmatch(f"{_EXPONENT}|#+")


def _word(text: str) -> str:
    return " ".join(text.casefold().strip(" .!").split())
