"""The figure of how closely each measure goes with the likeness that people see."""

import pandas as pd
from matplotlib.figure import Figure

from analysis.figures import style
from analysis.figures.intervals import draw_intervals, height
from analysis.studies.explanation.words import written


def likeness(table: pd.DataFrame, *, source: str | None) -> Figure:
    """The size of each measure's correlation with people's mean likeness, with its interval and the ceiling.

    Args:
        table: measure ("people": the ceiling), correlation, split_half, low, high, as in `analysis.results`, of one
            condition.
        source: Whose the ratings are.
    """
    ceiling = table[table["measure"] == "people"]
    measures = table[table["measure"] != "people"].dropna(subset="correlation")
    negative = measures["correlation"] < 0
    measures = measures.assign(
        size=measures["correlation"].abs(),
        low=measures["low"].where(~negative, -measures["high"]),
        high=measures["high"].where(~negative, -measures["low"]),
    ).sort_values("size", ascending=False)
    with style.look():
        figure = style.new_figure(7.0, height(measures["measure"]))
        axes = figure.subplots()
        axes.axvline(0, color=style.FAINT, linewidth=0.8)
        for row in style.rows(ceiling.dropna(subset="split_half")):
            axes.axvspan(row.low, row.high, color=style.FAINT, alpha=0.2, linewidth=0)
            axes.axvline(row.split_half, color="black", linestyle="dashed", linewidth=1, label="noise ceiling")
        draw_intervals(axes, measures, "measure", value="size", label=written)
        axes.set(xlim=(-0.4, 1.05), xlabel="size of the correlation with people's mean likeness")
        style.legend_beside(axes)
        return style.finished(figure, source)
