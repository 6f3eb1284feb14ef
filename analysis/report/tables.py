"""A table as text to read, as CSV and as LaTeX."""

import math
import numbers
import re

import pandas as pd

from analysis.names import Spelling, written

SOURCE_COLUMN = "ratings_source"
"""Column of a CSV that says whose the ratings behind it are; only where they are not all people's."""

NOTHING = 1e-12
"""A number nearer to 0 is what rounding left of one."""

SMALLEST_P = 0.001
"""A p value that is smaller is only said to be."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?(e[+-]?\d+)?\*{0,2}")
"""A number as this report writes one in a text, with its stars: no formula."""
_FIGURE = re.compile(rf"{_NUMBER.pattern}( \({_NUMBER.pattern}\))?")


def cell(value: object) -> str:
    """A value as the report shows it: three digits after the point, nothing for what is missing."""
    if isinstance(value, (list, tuple, set)):
        return ", ".join(map(cell, value))
    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, bool) or type(value).__name__ == "bool":
        return "yes" if value else "no"
    if isinstance(value, numbers.Integral):
        return f"{value}"
    if isinstance(value, numbers.Real):
        return number(float(value))
    return str(value)


def number(value: float) -> str:
    """Three digits after the point, fewer for large numbers and none for whole ones, one that is not 0 for small ones,
    the exponent for tiny ones, 0 for what rounding left of one; NaN is "not defined".
    """
    if math.isnan(value):
        return "not defined"
    if abs(value) < NOTHING:
        return "0"
    if math.isinf(value) or abs(value) >= 1e6:
        return f"{value:g}"
    if abs(value) < 1e-5:
        return f"{value:.1e}"
    if abs(value) < 0.0005:
        return f"{value:.{-math.floor(math.log10(abs(value)))}f}"
    if value == int(value) and abs(value) > 1:
        return f"{value:.0f}"
    return f"{value:.3f}" if abs(value) < 100 else f"{value:.1f}"


def texts(column: pd.Series) -> list[str]:
    """A column's values as the report shows them, numbers with as many digits after the point as any of them needs."""
    if not pd.api.types.is_float_dtype(column):
        return [cell(value) for value in column]
    cases = column.dropna().astype(float)
    cases = cases.where(cases.abs() >= NOTHING, 0.0)
    fitting = (digits for digits in range(3) if (cases - cases.round(digits)).abs().max() < 1e-9)
    digits = next(fitting, 3)
    plain = (cases.abs() < 1e6).all() if digits < 3 else ((cases == 0) | cases.abs().between(0.0005, 100)).all()
    if str(column.name) == "p" or str(column.name).startswith("p_") or str(column.name).endswith("_p"):
        return [_probability(value) for value in column.astype(float)]
    return [
        _without_sign(f"{value:.{digits}f}") if plain and not math.isnan(value) else cell(value)
        for value in column.astype(float)
    ]


def _probability(value: float) -> str:
    """A p value: below SMALLEST_P it is not written out."""
    if math.isnan(value):
        return ""
    return f"<{SMALLEST_P:g}" if value < SMALLEST_P else f"{value:.3f}"


def _without_sign(text: str) -> str:
    """A number as text; a 0 has no sign."""
    return text if text.strip("-0.") else text.removeprefix("-")


def is_number(column: pd.Series) -> bool:
    """Whether a column is set to the right, as numbers are, and texts that are numbers with stars or brackets."""
    if pd.api.types.is_numeric_dtype(column):
        return not pd.api.types.is_bool_dtype(column)
    texts = [value for value in column if isinstance(value, str) and value]
    return bool(texts) and all(_FIGURE.fullmatch(text) for text in texts)


def heading(name: object, spelling: Spelling = written) -> str:
    """A column's name as a reader's heading: `dlib_accept` becomes `dlib accept`."""
    return " ".join(map(str, name)) if isinstance(name, tuple) else spelling(str(name))


def in_reading_order(frame: pd.DataFrame) -> pd.DataFrame:
    """The table with its most useful columns first: counts beside n, ids where a row has several, and how each interval
    came about or why a value is missing stand last, in this order.
    """
    names = list(frame.columns)
    counts = [name for name in names if str(name).startswith("n_")]
    ids = [name for name in names if str(name).endswith("_id")]
    how = [name for name in names if name in ("interval", "reason") or str(name).endswith("_interval")]
    last = [*counts, *(ids if len(ids) > 1 else []), *how]
    return frame[[*(name for name in names if name not in last), *last]]


def to_csv(frame: pd.DataFrame, source: str | None) -> bytes:
    """All digits, UTF-8, one heading line.

    A text that a spreadsheet would run as a formula begins with an apostrophe.

    Args:
        frame: The table; its index is left out.
        source: Whose the ratings are, where they are not people's: a column of its own, so that no row lacks the word.
    """
    copy = frame.copy()
    if source and SOURCE_COLUMN not in copy:
        copy[SOURCE_COLUMN] = source
    for column in copy.columns:
        if not pd.api.types.is_numeric_dtype(copy[column]):
            copy[column] = copy[column].map(_harmless)
    return copy.rename(columns=_harmless).to_csv(index=False, lineterminator="\n").encode()


def to_latex(
    frame: pd.DataFrame, caption: str, label: str, *, fitted: bool = False, spelling: Spelling = written
) -> bytes:
    """A `table` with booktabs' rules, as the report shows the numbers; every text from data is escaped.

    A `fitted` one is scaled to the width of the page where it is wider, which takes the package `graphicx`.
    """
    headings = [_latex(heading(name, spelling)) for name in frame.columns]
    formats = "".join("r" if is_number(frame[name]) else "l" for name in frame.columns)
    cells = pd.DataFrame({place: [_latex(text) for text in texts(frame[name])] for place, name in enumerate(frame)})
    style = cells.style.hide(axis="index")
    style = style.format_index(lambda place: headings[int(str(place))], axis=1)
    latex: str = style.to_latex(
        hrules=True, column_format=formats, caption=_latex(caption), label=f"tab:{label}", position="htbp"
    )
    if fitted:
        begin, end = r"\begin{tabular}", r"\end{tabular}"
        scaled = r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%" + "\n" + begin
        latex = latex.replace(begin, scaled, 1).replace(end, end + "}", 1)
    return latex.encode()


def _harmless(value: object) -> object:
    """The value; a text that begins as a formula does and is no number begins with an apostrophe instead."""
    if isinstance(value, str) and value.startswith(_FORMULA) and not _NUMBER.fullmatch(value):
        return f"'{value}"
    return value


def _one_line(text: str) -> str:
    """The text without line breaks and control characters."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


_LATEX = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "↑": r"$\uparrow$",
        "↓": r"$\downarrow$",
        "²": "$^2$",
        **{character: f"\\{character}" for character in "{}$&#%_"},
    }
)


def _latex(text: str) -> str:
    return _one_line(text).translate(_LATEX)
