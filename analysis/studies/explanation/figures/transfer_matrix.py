"""The matrix of manipulations and explainers: which explanations each manipulation changes."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from analysis.figures import style
from analysis.studies.explanation.words import written

MOST = 0.3
"""The amount beyond the no-op at which the color is darkest."""

DARK = 0.6
"""Share of the darkest color above which words are white."""


def transfer_matrix(table: pd.DataFrame, explainers: Sequence[str], *, source: str | None) -> Figure:
    """A heat map of how much more a manipulation does to each explainer's maps than its no-op.

    Args:
        table: manipulation, explainer (the one that is manipulated), of, beyond (likeness lost, or success won, beyond
            the no-op), a row per cell.
        explainers: In their order.
        source: Whose the ratings are; None, as none are shown.
    """
    lines = list(dict.fromkeys(zip(table["manipulation"], table["explainer"], strict=True)))
    matrix = np.full((len(lines), len(explainers)), np.nan)
    for row in style.rows(table):
        matrix[lines.index((row.manipulation, row.explainer)), list(explainers).index(row.of)] = row.beyond
    with style.look():
        figure = style.new_figure(max(3.2 + 0.52 * len(explainers), 7.0), 2.0 + 0.42 * len(lines))
        axes = figure.subplots()
        image = axes.imshow(np.ma.masked_invalid(matrix), cmap="Reds", vmin=0, vmax=MOST, aspect="auto")
        for at, beside in np.argwhere(~np.isnan(matrix)):
            shade = "white" if matrix[at, beside] > DARK * MOST else "black"
            axes.text(
                beside, at, f"{round(matrix[at, beside], 2) + 0:.2f}", ha="center", va="center", color=shade, fontsize=7
            )
        for at, (_, aimed) in enumerate(lines):
            if aimed in explainers:
                corner = (list(explainers).index(aimed) - 0.5, at - 0.5)
                axes.add_patch(Rectangle(corner, 1, 1, fill=False, edgecolor="black", linewidth=2))
        axes.set_xticks(range(len(explainers)), [_words(name) for name in explainers], rotation=40, ha="right")
        axes.set_yticks(range(len(lines)), [_words(f"{name} of {aimed}") for name, aimed in lines])
        axes.set_title("Red: the manipulation changes\nthe explanation, its no-op does not")
        figure.colorbar(image, ax=axes, label="beyond the no-op", extend="both")
        return style.finished(figure, source)


def _words(name: str) -> str:
    return style.plain(written(name))
