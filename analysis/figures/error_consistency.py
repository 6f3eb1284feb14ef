"""Whether two deciders err on the same pairs, beyond what their accuracies alone would make them."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from analysis.figures import style


def error_consistency(table: pd.DataFrame, *, source: str | None) -> Figure:
    """A heat map per reference of Cohen's kappa of the errors of every two deciders, its value in each cell.

    Args:
        table: first, second, reference (what an error is told by), kappa (NaN where it is not defined), as in
            `analysis.results`, of one condition.
        source: Whose the ratings are.
    """
    names = list(dict.fromkeys([*table["first"], *table["second"]]))
    references = list(table.groupby("reference", sort=False))
    with style.look():
        figure = style.new_figure((1.6 + 0.8 * len(names)) * len(references) + 1.2, 1.8 + 0.7 * len(names))
        grid = figure.subplots(1, max(len(references), 1), squeeze=False)[0]
        for axes, (reference, rows) in zip(grid, references, strict=False):
            image = _draw_kappas(axes, rows, names)
            axes.set_title(f"reference: {style.plain(reference)}")
        if references:
            figure.colorbar(image, ax=list(grid), label="Cohen's kappa of errors", shrink=0.8)
        return style.finished(figure, source)


def _draw_kappas(axes: Axes, rows: pd.DataFrame, names: Sequence[str]) -> AxesImage:
    matrix = np.full((len(names), len(names)), np.nan)
    for row in style.rows(rows):
        first, second = names.index(row.first), names.index(row.second)
        matrix[first, second] = matrix[second, first] = row.kappa
    image = axes.imshow(np.ma.masked_invalid(matrix), cmap="RdBu", vmin=-1, vmax=1)
    for row, column in np.argwhere(~np.isnan(matrix)):
        value = matrix[row, column]
        shade = "white" if abs(value) > 0.65 else "black"  # the map is white at 0 and dark at its ends
        axes.text(column, row, f"{value:.2f}", ha="center", va="center", color=shade)
    labels = [style.plain(name) for name in names]
    axes.set_xticks(range(len(names)), labels, rotation=30, ha="right")
    axes.set_yticks(range(len(names)), labels)
    return image
