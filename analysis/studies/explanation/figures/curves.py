"""Curves of a check: what is left of each explanation, layer by layer."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.figures import style
from analysis.studies.explanation.words import written

COLUMNS = 4
MEASURES = {"spearman": "with signs", "spearman_absolute": "absolute values"}
"""The measures that are drawn, and their words in the legend."""


def curves(table: pd.DataFrame, explainers: Sequence[str], reference: str, *, source: str | None) -> Figure:
    """A small plot per explainer: Spearman's correlation with the map of the trained network, and the reference's.

    Args:
        table: explainer, measure, place, layer, mean, low, high, as in `analysis.studies.explanation.makers`, of one
            check and classifier.
        explainers: In their order, without the reference.
        reference: The explainer that stands beside every other; of rows of a table there is none.
        source: Whose the ratings are; None, as none are shown.
    """
    lines = -(-len(explainers) // COLUMNS)
    with style.look():
        figure = style.new_figure(8.6, 0.9 + 1.75 * lines)
        grid = figure.subplots(lines, COLUMNS, squeeze=False, sharex=True, sharey=True)
        for axes, name in zip(grid.flat, explainers, strict=False):
            _draw(axes, table[table["explainer"] == name], table[table["explainer"] == reference])
            axes.set_title(style.plain(written(name)), fontsize=8)
        for axes in list(grid.flat)[len(explainers) :]:
            axes.set_axis_off()
        for axes in grid[:, 0]:
            axes.set_ylabel("Spearman")
        handles, labels = grid[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
        return style.finished(figure, source)


def _draw(axes: Axes, rows: pd.DataFrame, reference: pd.DataFrame) -> None:
    layers = dict(sorted(zip(rows["place"], rows["layer"], strict=True)))
    places = list(layers)
    axes.axhline(0, color=style.FAINT, linewidth=0.6)
    for index, (measure, words) in enumerate(MEASURES.items()):
        line = rows[rows["measure"] == measure].sort_values("place")
        at = np.array([places.index(place) for place in line["place"]], float)
        axes.plot(at, line["mean"], marker="o", markersize=3, label=words, **style.line_style(index))
        low, high = (line[end].to_numpy(float) for end in ("low", "high"))
        axes.fill_between(at, low, high, color=style.PALETTE[index], alpha=0.15, linewidth=0)
    flat = reference[reference["measure"] == next(iter(MEASURES))].sort_values("place")
    if len(flat):
        at = np.array([places.index(place) for place in flat["place"]], float)
        axes.plot(at, flat["mean"], color=style.FAINT, linestyle="dotted", label="edge detector")
    axes.set_xticks(range(len(places)), [style.plain(layer) for layer in layers.values()], fontsize=7, rotation=30)
    axes.set_ylim(-1.05, 1.05)
