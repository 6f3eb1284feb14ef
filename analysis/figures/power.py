"""The figure of how many items and raters an interval of a wanted width needs."""

import pandas as pd
from matplotlib.figure import Figure

from analysis.figures import style
from analysis.registry import Noun

_MOST_COLUMNS = 3
"""Panels beside one another."""


def _plain_numbers(value: float, place: int | None = None) -> str:
    """A tick of the axis of items: 1, 2 and 5 times a power of ten in plain numbers, the others without a label."""
    leading = f"{value:.0e}"[0]
    return f"{value:,.0f}" if value >= 1 and leading in "125" else ""


def power(table: pd.DataFrame, item: Noun, *, source: str | None) -> Figure:
    """A panel per question: items needed against raters per item, a line per wanted width, of one kind.

    Args:
        table: question, raters, width, items (NaN where no number is enough; or what items are called), of one kind,
            as in `analysis.results`.
        item: What an item is called.
        source: Whose the ratings are that the variance comes from.
    """
    questions = list(dict.fromkeys(table["question"]))
    with style.look():
        columns = min(max(len(questions), 1), _MOST_COLUMNS)
        lines = -(-max(len(questions), 1) // columns)
        figure = style.new_figure(4.2 * columns, 3.6 * lines)
        grid = figure.subplots(lines, columns, squeeze=False).ravel()
        for axes in grid[len(questions) :]:
            axes.set_axis_off()
        for axes, question in zip(grid, questions, strict=False):
            of_question = table[table["question"] == question]
            for index, (width, line) in enumerate(of_question.groupby("width")):
                ordered = line.dropna(subset=item.plural).sort_values("raters")
                axes.plot(
                    ordered["raters"],
                    ordered[item.plural].astype(float),
                    marker="o",
                    markersize=4,
                    label=f"width {width:g}",
                    **style.line_style(index),
                )
            axes.set(xlabel=f"raters per {item.singular}", ylabel=f"{item.plural} needed", yscale="log")
            for numbers in (axes.yaxis.set_major_formatter, axes.yaxis.set_minor_formatter):
                numbers(_plain_numbers)
            axes.tick_params(axis="y", which="minor", labelsize=6)
            axes.set_title(style.plain(question))
            if axes.get_lines():
                axes.legend()
        return style.finished(figure, source)
