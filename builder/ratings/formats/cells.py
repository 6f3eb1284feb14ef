"""The way from texts to numbers, answers and times; what cannot be read is told apart from what is missing."""

import numpy as np
import pandas as pd

from builder.ratings.mapping import Mapping, OtherScale
from builder.tasks import Choice, Scale, YesNo

_YES = ("yes", "y", "true", "ja", "j", "wahr")
_NO = ("no", "n", "false", "nein", "falsch")
"""Words that mean yes and no to any question where no mapping says otherwise; numbers such as 1 and 2 mean nothing
without one.
"""

MISSING = frozenset({"", "na", "n/a", "nan", "null", "none"})
"""Words of tools for no number or no answer (N/A: LimeSurvey, a question not shown; NA: R)."""

_EXPONENT = r"\d(?:[.,]\d+)?E\+\d+"
_DATE = r"\d{1,2}[./\- ]{1,2}(?:[A-Za-zäÄ]{3,9}\.?|\d{1,2}[./-]\d{2,4})|[A-Za-zäÄ]{3}[ -]\d{2}|#+"
_ZONED = r"(?:Z|[T :][\d:.]+ ?[+-]\d{2}:?\d{2}|UTC|GMT)$"  # 04-03-2026 names no zone
_EPOCH_MS = r"\d{12,13}(?:\.0*)?"
_CLOCKS = ("%H:%M:%S", "%H:%M", "%I:%M:%S %p", "%I:%M %p")
_DATES = {
    order: tuple(f"{day} {clock}" for day in days for clock in _CLOCKS) + days
    for order, days in {"day first": ("%d-%m-%Y", "%d-%m-%y"), "month first": ("%m-%d-%Y", "%m-%d-%y")}.items()
}
"""Dates and times after their points and slashes were replaced by hyphens."""

_GAP = ",?[ \u00a0\u202f]+"
"""The text that browsers put between date, time and half of the day: 4/3/2026, 10:30:00 AM."""

_LATEST = pd.Timestamp("2200-01-01", tz="UTC")
_EARLIEST = pd.Timestamp("1990-01-01", tz="UTC")


def missing(cells: "pd.Series[str]", also: frozenset[str] = frozenset()) -> "pd.Series[bool]":
    """Whether each cell says nothing."""
    codes, values = pd.factorize(cells, use_na_sentinel=True)
    tokens = MISSING | also
    empty = np.array([str(value).strip().casefold() in tokens for value in values] + [True], bool)
    return pd.Series(empty[codes], index=cells.index)


def numbers(cells: "pd.Series[str]", comma: bool) -> "pd.Series[float]":
    """Finite numbers, NaN for what is none; a decimal comma counts where `comma` holds."""
    if not cells.any():  # of many small files most say no position
        return pd.Series(np.nan, index=cells.index)
    text = cells.str.strip()
    if comma:
        text = text.str.replace(r"^([+-]?\d*),(\d+)$", r"\1.\2", regex=True)
    read = pd.to_numeric(text, errors="coerce").astype("float64")
    return read.where(np.isfinite(read))


def scaled(cells: "pd.Series[str]", comma: bool, question: Scale, other: OtherScale | None) -> "pd.Series[float]":
    """Answers on the question's scale, NaN for what is no number; from the mapping's other scale where there is one."""
    if other is None:
        return numbers(cells, comma)
    read = numbers(cells, comma)
    if other.words:
        words = {_word(word): number for word, number in other.words.items()}
        codes, values = pd.factorize(cells, use_na_sentinel=True)
        meant = np.array([*(words.get(_word(str(value)), np.nan) for value in values), np.nan], np.float64)
        read = read.fillna(pd.Series(meant[codes], index=cells.index))
    if other.low is None or other.high is None:
        return read
    return question.low + (read - other.low) / (other.high - other.low) * (question.high - question.low)


def yes_or_no(cells: "pd.Series[str]", question: YesNo, mapping: Mapping | None) -> "pd.Series[bool]":
    """Whether a cell says yes to a question (boolean, NA for what says neither)."""
    yes, no = words_of(question, mapping)
    codes, values = pd.factorize(cells, use_na_sentinel=True)
    answers = [True if (word := _word(str(value))) in yes else False if word in no else pd.NA for value in values]
    return pd.Series(pd.array([*answers, pd.NA], "boolean")[codes], index=cells.index)


def option(cells: "pd.Series[str]", question: Choice, mapping: Mapping | None) -> "pd.Series[str]":
    """The option that a cell names, NA for none: by the mapping's words, else by its own or its label, case aside.

    Where options are the item's own, any text is one; whether the item has it is told later.
    """
    words = {_word(word): option for option, label in question.labeled() for word in (label, option)}
    if mapping and (other := mapping.options.get(question.name)):
        words = {_word(word): meant for word, meant in other.words.items()}
    codes, values = pd.factorize(cells, use_na_sentinel=True)
    own = not words
    meant = [str(value).strip() if own else words.get(_word(str(value)), pd.NA) for value in values]
    return pd.Series(pd.array([*meant, pd.NA], "str")[codes], index=cells.index)


def words_of(question: YesNo, mapping: Mapping | None) -> tuple[frozenset[str], frozenset[str]]:
    """The words that mean yes and no to a question: the mapping's, or else those of any and of this question."""
    if mapping and (words := mapping.words.get(question.name)):
        return frozenset(map(_word, words.yes)), frozenset(map(_word, words.no))
    return frozenset((*_YES, *question.yes)), frozenset((*_NO, *question.no))


def times(
    cells: "pd.Series[str]", zone: str | None, dates: str | None = None
) -> "tuple[pd.Series[pd.Timestamp], pd.Series[bool]]":
    """UTC times of ISO 8601 texts, of milliseconds since 1970 or of `dates` ("day first", "month first"), and where a
    cell is no time.

    A time without a zone is of `zone`; where there is none, or the clock showed it twice or never, it is left out
    (NaT), for it could be hours off.
    """
    if not cells.any():
        return pd.Series(pd.NaT, index=cells.index, dtype="datetime64[ns, UTC]"), pd.Series(False, index=cells.index)
    text = cells.str.strip()
    zoned = text.str.contains(_ZONED, regex=True)
    epoch = text.str.fullmatch(_EPOCH_MS)
    utc = text.where(zoned).str.replace(r" ?(?:UTC|GMT)$", "Z", regex=True)
    read = pd.to_datetime(utc, format="ISO8601", errors="coerce", utc=True)
    read = read.fillna(pd.to_datetime(pd.to_numeric(text.where(epoch)), unit="ms", utc=True, errors="coerce"))
    naive = pd.to_datetime(text.where(~zoned & ~epoch), format="ISO8601", errors="coerce")
    for pattern in _DATES.get(dates or "", ()):
        plain = text.where(~zoned & ~epoch).str.replace(r"[./]", "-", regex=True)
        plain = plain.str.replace(_GAP, " ", regex=True)
        naive = naive.fillna(pd.to_datetime(plain, format=pattern, errors="coerce"))
    if zone:
        read = read.fillna(naive.dt.tz_localize(zone, ambiguous="NaT", nonexistent="NaT").dt.tz_convert("UTC"))
    read = read.where((read > _EARLIEST) & (read < _LATEST))
    return read, read.isna() & naive.isna() & ~missing(cells)


def damaged(cells: "pd.Series[str]") -> "pd.Series[bool]":
    """Whether a spreadsheet made an exponent, a date or hashes of each cell: 1.23E+17, 05. Jan, 3/4/2026, ###."""
    return cells.str.strip().str.fullmatch(f"{_EXPONENT}|{_DATE}")


def damaged_id(cells: "pd.Series[str]") -> "pd.Series[bool]":
    """Whether a spreadsheet made a rounded number of an id of digits; 5e12 is kept, for an id may begin so."""
    return cells.str.strip().str.fullmatch(f"{_EXPONENT}|#+")


def _word(text: str) -> str:
    return " ".join(text.casefold().strip(" .!").split())
