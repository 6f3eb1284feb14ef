"""Section 5.5: which attribute differences the forest needs to tell how similar people find a pair."""

import pandas as pd
from matplotlib.figure import Figure

from analysis.figures import style
from analysis.figures.intervals import ROW
from analysis.names import written

MOST = 20
"""Attributes shown; the table has all."""


def importance(table: pd.DataFrame, *, source: str | None) -> Figure:
    """A bar per attribute, the most important on top, with the spread over permutations.

    Args:
        table: attribute, importance (loss of R2), importance_std, as `analysis.results`' attribute_importance.
        source: Whose the ratings are.
    """
    bars = table.sort_values("importance", ascending=False, kind="stable").head(MOST)
    with style.look():
        figure = style.new_figure(6.2, 1.1 + ROW * max(len(bars), 1))
        axes = figure.subplots()
        axes.barh(
            range(len(bars)),
            bars["importance"],
            xerr=bars["importance_std"],
            color=style.PALETTE[0],
            height=0.65,
            error_kw={"linewidth": 1.2},
        )
        axes.axvline(0, color="black", linewidth=0.8)
        axes.set_yticks(range(len(bars)), [style.plain(written(str(name))) for name in bars["attribute"]])
        axes.set(ylim=(len(bars) - 0.4, -0.6), xlabel="permutation importance (loss of R²)")
        axes.set_title("What the similarity that people see depends on")
        return style.finished(figure, source)
