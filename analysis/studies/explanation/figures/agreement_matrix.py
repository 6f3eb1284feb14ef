"""The matrix of the agreement between every two explainers."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from analysis.figures import style
from analysis.studies.explanation.words import written

BELOW, ABOVE = "spearman", "spearman_absolute"
"""The measures below and above the diagonal."""


def agreement_matrix(table: pd.DataFrame, explainers: Sequence[str], *, source: str | None) -> Figure:
    """A heat map of the mean of two measures of every two explainers, its value in each cell.

    Args:
        table: first, second, measure, mean, as in `analysis.studies.explanation.makers`, of one classifier.
        explainers: In their order.
        source: Whose the ratings are; None, as none are shown.
    """
    names = list(explainers)
    matrix = np.full((len(names), len(names)), np.nan)
    for row in style.rows(table[table["measure"].isin([BELOW, ABOVE])]):
        early, late = sorted((names.index(row.first), names.index(row.second)))
        matrix[(late, early) if row.measure == BELOW else (early, late)] = row.mean
    with style.look():
        figure = style.new_figure(2.6 + 0.5 * len(names), 1.7 + 0.45 * len(names))
        axes = figure.subplots()
        image = axes.imshow(np.ma.masked_invalid(matrix), cmap="RdBu", vmin=-1, vmax=1)
        for at, beside in np.argwhere(~np.isnan(matrix)):
            shade = "white" if abs(matrix[at, beside]) > 0.65 else "black"  # white at 0 and dark at its ends
            axes.text(beside, at, f"{matrix[at, beside]:.2f}", ha="center", va="center", color=shade, fontsize=7)
        labels = [style.plain(written(name)) for name in names]
        axes.set_xticks(range(len(names)), labels, rotation=40, ha="right")
        axes.set_yticks(range(len(names)), labels)
        axes.set_title("Below the diagonal with signs, above it absolute values")
        figure.colorbar(image, ax=axes, label="Spearman's correlation, mean", shrink=0.8)
        return style.finished(figure, source)
