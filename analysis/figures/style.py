"""The style of all figures: colors, fonts, the threshold's line, the mark of simulated ratings."""

import contextlib
import io
import math
from collections.abc import Iterator
from typing import Any

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

PALETTE = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000", "#595959"]
"""Okabe and Ito's colors for all kinds of color vision, without those too light to be seen on white; then a gray."""

LINES = ["solid", "dashed", "dashdot", "dotted"]
WARNING_COLOR, FAINT = "#B00000", "#8C8C8C"

DPI, LAYOUT_DPI = 150, 100
"""Resolution of a PNG, and of a figure while it is laid out."""

WIDTH = 8.6
"""Inches of a figure's width: all have it but those that need more."""

MANY = 5000
"""Most markers that an SVG has as shapes: more are one picture in it, or no browser would show it."""

_LOOK = {
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same letters everywhere
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "svg.fonttype": "path",
    "svg.hashsalt": "lands-between",
    "savefig.dpi": DPI,
}


@contextlib.contextmanager
def look() -> Iterator[None]:
    """The project's settings of matplotlib, for as long as a figure is made or written."""
    with mpl.rc_context(_LOOK):  # type: ignore[arg-type]  # its stubs list every key as a literal
        yield


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of `width` x `height` inches, at least of WIDTH, that belongs to no window."""
    figure = Figure(figsize=(max(width, WIDTH), height), dpi=LAYOUT_DPI, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def line_style(index: int) -> dict[str, Any]:
    """Color and dashes of the `index`-th of several lines; both differ between neighbors."""
    return {"color": PALETTE[index % len(PALETTE)], "linestyle": LINES[index % len(LINES)], "linewidth": 1.5}


def rows(frame: pd.DataFrame) -> Iterator[Any]:
    """The rows with a column's value as an attribute; a checker of types does not know which columns there are."""
    return frame.itertuples()


def plain(text: object) -> str:
    """Text from data as matplotlib draws it letter by letter: a dollar sign begins no formula."""
    return printable(str(text)).replace("$", r"\$")


def printable(text: str) -> str:
    """Text without control characters but line breaks; XML knows none of them."""
    return "".join(letter if letter.isprintable() or letter == "\n" else " " for letter in text)


def draw_threshold(axes: Axes, threshold: float | None, *, vertical: bool = False) -> None:
    """The decision threshold as a dashed line, with its value in the legend; nothing where it is not known."""
    if threshold is None or math.isnan(threshold):
        return
    draw = axes.axvline if vertical else axes.axhline
    draw(threshold, color="black", linestyle="dashed", linewidth=1, label=f"threshold {threshold:g}", zorder=1)


def legend_beside(axes: Axes) -> None:
    """A legend to the right, where it hides nothing; none where nothing has a label."""
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="upper left", bbox_to_anchor=(1, 1))


def finished(figure: Figure, source: str | None) -> Figure:
    """The figure, laid out once and for all, with whose ratings it shows where they are not people's.

    Args:
        figure: The figure; changed.
        source: One of `loading_script.tables.SOURCES`, or None where there are no ratings.
    """
    if source not in {None, "human"}:
        figure.suptitle(f"{source} ratings", x=0.99, ha="right", color=WARNING_COLOR, weight="bold", fontsize=9)
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # each drawing would move things a little more: other bytes every time
    return figure


def svg(figure: Figure, title: str, description: str) -> bytes:
    """The figure as SVG, the same bytes for the same figure; `title` and `description` are in its metadata."""
    return _written(
        figure, "svg", {"Title": printable(title), "Description": printable(description), "Date": None, "Creator": None}
    )


def png(figure: Figure, title: str, description: str) -> bytes:
    """The figure as PNG at `DPI`, the same bytes for the same figure; the texts are in its metadata."""
    return _written(figure, "png", {"Title": printable(title), "Description": printable(description), "Software": None})


def _written(figure: Figure, kind: str, metadata: dict[str, str | None]) -> bytes:
    buffer = io.BytesIO()
    with look():
        figure.savefig(buffer, format=kind, metadata=metadata)
    return buffer.getvalue()
