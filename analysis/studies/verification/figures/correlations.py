"""Table 2 as a picture: how each distance goes with what people decide."""

import pandas as pd
from matplotlib.figure import Figure

from analysis.figures import style
from analysis.figures.intervals import draw_intervals, height
from analysis.names import written
from analysis.studies.verification.figures import kinds


def correlations(table: pd.DataFrame, *, source: str | None) -> Figure:
    """Pearson's correlation with the identity rate by measure, a marker with its interval per kind.

    Args:
        table: kind, measure, pearson, low, high, as in `analysis.results`.
        source: Whose the ratings are.
    """
    with style.look():
        figure = style.new_figure(7.0, height(table["measure"], table["kind"].nunique()))
        axes = figure.subplots()
        axes.axvline(0, color=style.FAINT, linewidth=0.8)
        draw_intervals(axes, table, "measure", "kind", value="pearson", label=written, marks=kinds.mark)
        axes.set(xlim=(-1.05, 1.05), xlabel="Pearson correlation with the identity rate")
        axes.set_title("Correlation with people's decision, 95 % intervals over batches")
        style.legend_beside(axes)
        return style.finished(figure, source)
