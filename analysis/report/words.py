"""Numbers of a table as words of an alternative text or a caption."""

from typing import Any

import pandas as pd

from analysis.report.tables import number

INTERVALS = (
    "95 % intervals leave out one batch after the other; the column interval says from how many batches each was made, "
    "whether it is conservative, or why there is none."
)
"""A caption's sentence on the intervals of a table."""


def listed(values: "pd.Series[Any]") -> str:
    """A name and its value, then the next; "none" where there is none."""
    return ", ".join(f"{name} {number(float(value))}" for name, value in values.items()) or "none"


def slug(name: str) -> str:
    """A name as part of a file's name."""
    return "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in name.lower())
