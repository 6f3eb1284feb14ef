"""Heat maps: the four rates of an emotion by group, and confusion matrices."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from analysis.figures import style
from analysis.frames import Numbers
from analysis.studies.expression.references import EMOTIONS
from analysis.studies.expression.tables.measured import RATES

MOST_MATRICES = 3
"""Matrices beside one another."""


def rate_maps(table: pd.DataFrame, emotions: Sequence[str], title: str, *, source: str | None) -> Figure:
    """A map per emotion: a row per group, a column per rate; in each cell the rate, its interval and n.

    A cell that is too small for a difference has its n in brackets.

    Args:
        table: group, emotion, rate, value, low, high, n, small, of one classifier and grouping, as in
            `analysis.results`.
        emotions: those shown.
        title: of every map, before its emotion.
        source: Whose the ratings are.
    """
    groups = list(dict.fromkeys(table["group"]))
    with style.look():
        figure = style.new_figure(8.6, (1.1 + 0.52 * len(groups)) * len(emotions) + 0.4)
        grid = figure.subplots(len(emotions), 1, squeeze=False)[:, 0]
        for axes, emotion in zip(grid, emotions, strict=True):
            cells = table[table["emotion"] == emotion].set_index(["group", "rate"])
            values = np.array([[float(cells.loc[(group, rate), "value"]) for rate in RATES] for group in groups])
            image = _draw(axes, values)
            for row, group in enumerate(groups):
                for column, rate in enumerate(RATES):
                    _write(axes, row, column, cells.loc[(group, rate)])
            axes.set_xticks(range(len(RATES)), RATES)
            axes.set_yticks(range(len(groups)), [style.plain(group) for group in groups])
            axes.set_title(f"{style.plain(title)}: {emotion}")
        figure.colorbar(image, ax=list(grid), label="rate", shrink=0.8)
        return style.finished(figure, source)


def confusion_maps(table: pd.DataFrame, name: str, *, source: str | None) -> Figure:
    """A matrix per group: a row per emotion that is right, a column per emotion that the classifier says.

    Args:
        table: group, right, said, share, n_right, of one classifier and grouping, as in `analysis.results`.
        name: of the classifier.
        source: Whose the ratings are.
    """
    groups = list(dict.fromkeys(table["group"]))
    answers = list(dict.fromkeys(table["said"]))
    across = min(len(groups), MOST_MATRICES)
    down = -(-len(groups) // across)
    with style.look():
        figure = style.new_figure(1.3 + 3.1 * across, 0.5 + 3.0 * down)
        grid = figure.subplots(down, across, squeeze=False, sharex=True, sharey=True).ravel()
        for axes in grid[len(groups) :]:
            axes.set_axis_off()
        for axes, group in zip(grid, groups, strict=False):
            of_group = table[table["group"] == group]
            wide = of_group.pivot(index="right", columns="said", values="share").reindex(
                index=EMOTIONS, columns=answers
            )
            values = wide.to_numpy(np.float64)
            image = _draw(axes, values)
            for row, column in np.argwhere(np.isfinite(values)):
                _text(axes, row, column, f"{100 * values[row, column]:.0f}", values[row, column], 7)
            axes.set_xticks(range(len(answers)), [style.plain(each) for each in answers], rotation=60, ha="right")
            axes.set_yticks(range(len(EMOTIONS)), EMOTIONS)
            n = of_group.drop_duplicates("right")["n_right"].sum()
            axes.set_title(f"{style.plain(group)} (n = {n:g})")
        figure.supxlabel(f"what {style.plain(name)} says", fontsize=9)
        figure.supylabel("what is right", fontsize=9)
        figure.colorbar(image, ax=list(grid), label="share of a row, in percent in its cells", shrink=0.8)
        return style.finished(figure, source)


def _draw(axes: Axes, values: Numbers) -> AxesImage:
    return axes.imshow(np.ma.masked_invalid(values), cmap="cividis", vmin=0, vmax=1, aspect="auto")


def _write(axes: Axes, row: int, column: int, cell: "pd.Series[float]") -> None:
    value = float(cell["value"])
    if not np.isfinite(value):
        axes.text(column, row, "no face", ha="center", va="center", color=style.FAINT, fontsize=7)
        return
    n = f"n {cell['n']:g}" if not cell["small"] else f"(n {cell['n']:g})"
    span = f"{cell['low']:.2f} to {cell['high']:.2f}; " if np.isfinite(cell["low"]) else ""
    _text(axes, row, column, f"{value:.2f}\n{span}{n}", value, 8)


def _text(axes: Axes, row: int, column: int, text: str, value: float, size: int) -> None:
    axes.text(column, row, text, ha="center", va="center", color="black" if value > 0.5 else "white", fontsize=size)
