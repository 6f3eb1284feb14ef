"""How many pairs and raters an interval of a wanted width needs."""

import pandas as pd
from matplotlib.figure import Figure

from analysis.figures import style


def _plain_numbers(value: float, place: int | None = None) -> str:
    """A tick of the axis of pairs: 1, 2 and 5 times a power of ten in plain numbers, the others without a label."""
    leading = f"{value:.0e}"[0]
    return f"{value:,.0f}" if value >= 1 and leading in "125" else ""


def power(table: pd.DataFrame, *, source: str | None) -> Figure:
    """A panel per question: pairs needed against raters per pair, a line per wanted width, of one kind.

    Args:
        table: question, raters, width, pairs (NaN where no number is enough), of one kind, as in `analysis.results`.
        source: Whose the ratings are that the variance comes from.
    """
    questions = list(dict.fromkeys(table["question"]))
    with style.look():
        figure = style.new_figure(4.2 * max(len(questions), 1), 3.6)
        grid = figure.subplots(1, max(len(questions), 1), squeeze=False)[0]
        for axes, question in zip(grid, questions, strict=False):
            of_question = table[table["question"] == question]
            for index, (width, line) in enumerate(of_question.groupby("width")):
                ordered = line.dropna(subset="pairs").sort_values("raters")
                axes.plot(
                    ordered["raters"],
                    ordered["pairs"].astype(float),
                    marker="o",
                    markersize=4,
                    label=f"width {width:g}",
                    **style.line_style(index),
                )
            axes.set(xlabel="raters per pair", ylabel="pairs needed", yscale="log")
            for numbers in (axes.yaxis.set_major_formatter, axes.yaxis.set_minor_formatter):
                numbers(_plain_numbers)
            axes.tick_params(axis="y", which="minor", labelsize=6)
            axes.set_title(style.plain(question))
            if axes.get_lines():
                axes.legend()
        return style.finished(figure, source)
