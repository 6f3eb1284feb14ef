"""Whether two deciders err on the same pairs, beyond what their accuracies alone would make them."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from analysis.figures import style


def error_consistency(table: pd.DataFrame, *, source: str | None) -> Figure:
    """A heat map of Cohen's kappa of the errors of every two deciders, its value in each cell.

    Args:
        table: first, second, kappa (NaN where it is not defined), as in `analysis.results`.
        source: Whose the ratings are.
    """
    names = list(dict.fromkeys([*table["first"], *table["second"]]))
    matrix = np.full((len(names), len(names)), np.nan)
    for row in style.rows(table):
        first, second = names.index(row.first), names.index(row.second)
        matrix[first, second] = matrix[second, first] = row.kappa
    with style.look():
        figure = style.new_figure(2.4 + 0.8 * len(names), 1.6 + 0.7 * len(names))
        axes = figure.subplots()
        drawn = axes.imshow(np.ma.masked_invalid(matrix), cmap="cividis", vmin=-1, vmax=1)
        for row, column in np.argwhere(~np.isnan(matrix)):
            value = matrix[row, column]
            shade = "white" if value < 0.2 else "black"  # cividis is dark below
            axes.text(column, row, f"{value:.2f}", ha="center", va="center", color=shade)
        labels = [style.plain(name) for name in names]
        axes.set_xticks(range(len(names)), labels, rotation=30, ha="right")
        axes.set_yticks(range(len(names)), labels)
        axes.set_title("Error consistency")
        figure.colorbar(drawn, ax=axes, label="Cohen's kappa of errors", shrink=0.8)
        return style.finished(figure, source)
