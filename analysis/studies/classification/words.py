"""Shares as words of a table, a caption or a sentence."""

import textwrap

import numpy as np
import pandas as pd

LINE = 16
"""Letters of a line below a picture."""


def wrapped(*texts: str) -> str:
    """Texts below one another in the lines of a caption."""
    return "\n".join(line for text in texts for line in textwrap.wrap(text, LINE) or [""])


def percent(share: float) -> str:
    """A share in percent, two digits after the point; "" where it is not known."""
    return "" if not np.isfinite(share) else f"{100 * share:.2f}"


def who(source: str | None) -> str:
    """The raters whose answers are of this source, in a sentence."""
    return "simulated raters" if source == "simulated" else "people"


def span(low: float, high: float) -> str:
    """The words from one share to another, in percent; "" where they are not known."""
    return "" if not np.isfinite(low) else f"{percent(low)} to {percent(high)}"


def named(table: pd.DataFrame) -> "pd.Series[str]":
    """The classifier of each row, with its measure where the table has several."""
    several = table["measure"].nunique() > 1
    return table["classifier"] + (", " + table["measure"] if several else "")
