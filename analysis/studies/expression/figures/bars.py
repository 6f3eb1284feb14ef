"""Rates as bars by emotion, a color for each group, their intervals drawn."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from analysis.figures import style
from analysis.studies.expression.references import EMOTIONS

HATCHES = ["", "//", "..", "xx", "\\\\", "++"]
"""Patterns beside the colors, for who does not tell these apart."""


def rate_bars(table: pd.DataFrame, rates: Sequence[str], title: str, *, source: str | None) -> Figure:
    """A panel per rate: for each emotion a bar per group, a line from low to high on it.

    A bar of a cell that is too small for a difference is empty.

    Args:
        table: group, emotion, rate, value, low, high, small, of one classifier and grouping, as in `analysis.results`.
        rates: those shown.
        title: of the figure.
        source: Whose the ratings are.
    """
    groups = list(dict.fromkeys(table["group"]))
    with style.look():
        figure = style.new_figure(8.6, 2.6 * len(rates) + 0.3)
        grid = figure.subplots(len(rates), 1, squeeze=False, sharex=True)[:, 0]
        for axes, rate in zip(grid, rates, strict=True):
            for place, group in enumerate(groups):
                _draw(axes, table[(table["rate"] == rate) & (table["group"] == group)], place, len(groups))
            highest = table.loc[table["rate"] == rate, ["value", "high"]].max().max()
            axes.set(ylim=(0, min(1.03, 1.1 * highest) if highest > 0 else 1.03), ylabel=style.plain(rate))
        grid[0].set_title(style.plain(title))
        grid[-1].set_xticks(range(len(EMOTIONS)), EMOTIONS)
        _name_groups(grid[0], groups)
        return style.finished(figure, source)


def _name_groups(axes: Axes, groups: Sequence[str]) -> None:
    """A legend of the groups, beside the bars."""
    patches = [
        Patch(
            facecolor=style.PALETTE[place % len(style.PALETTE)],
            hatch=HATCHES[place % len(HATCHES)],
            edgecolor="white",
            label=style.plain(group),
        )
        for place, group in enumerate(groups)
    ]
    axes.legend(handles=patches, loc="upper left", bbox_to_anchor=(1, 1))


def _draw(axes: Axes, rows: pd.DataFrame, place: int, n_groups: int) -> None:
    rows = rows.set_index("emotion").reindex(EMOTIONS)
    width = 0.8 / n_groups
    at = np.arange(len(EMOTIONS)) + (place - (n_groups - 1) / 2) * width
    value = rows["value"].to_numpy(np.float64)
    small = rows["small"].fillna("").ne("").to_numpy(bool)
    color = style.PALETTE[place % len(style.PALETTE)]
    hatch = HATCHES[place % len(HATCHES)]
    for mask, face in ((~small, color), (small, "none")):
        axes.bar(
            *(at[mask], np.nan_to_num(value[mask]), width * 0.92),
            facecolor=face,
            edgecolor=color if face == "none" else "white",
            linewidth=0.8,
            hatch=hatch,
        )
    low, high = (rows[end].to_numpy(np.float64) for end in ("low", "high"))
    axes.vlines(at, low, high, color="black", linewidth=1.0, zorder=3)


def count_bars(table: pd.DataFrame, title: str, *, source: str | None) -> Figure:
    """A panel per what is counted: for each emotion a bar per group, as high as there are faces.

    Args:
        table: group, of, emotion, n, of one grouping, as in `analysis.results`.
        title: of the figure.
        source: Whose the ratings are.
    """
    groups, counted = list(dict.fromkeys(table["group"])), list(dict.fromkeys(table["of"]))
    with style.look():
        figure = style.new_figure(8.6, 2.2 * len(counted) + 0.3)
        grid = figure.subplots(len(counted), 1, squeeze=False, sharex=True)[:, 0]
        for axes, of in zip(grid, counted, strict=True):
            for place, group in enumerate(groups):
                rows = table[(table["of"] == of) & (table["group"] == group)].set_index("emotion").reindex(EMOTIONS)
                width = 0.8 / len(groups)
                at = np.arange(len(EMOTIONS)) + (place - (len(groups) - 1) / 2) * width
                axes.bar(
                    *(at, rows["n"].to_numpy(np.float64), width * 0.92),
                    color=style.PALETTE[place % len(style.PALETTE)],
                    hatch=HATCHES[place % len(HATCHES)],
                    edgecolor="white",
                    linewidth=0.8,
                )
            axes.set_ylabel(f"faces, by {style.plain(of)}")
        grid[0].set_title(style.plain(title))
        grid[-1].set_xticks(range(len(EMOTIONS)), EMOTIONS)
        _name_groups(grid[0], groups)
        return style.finished(figure, source)
