"""The figure of how often people say "same" at each distance that a model measures."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure

from analysis.figures import style

COLUMNS = 2


def calibration(bins: pd.DataFrame, thresholds: Mapping[str, float], *, source: str | None) -> Figure:
    """A panel per model: identity rate by bin of its distance with intervals, the logistic fit, the threshold.

    Args:
        bins: model, score_mean, rate, low, high, logistic (rates 0 to 1), as in `analysis.results`.
        thresholds: The default threshold by model; NaN where it is not known.
        source: Whose the ratings are.
    """
    panels = list(bins.groupby("model", sort=False))
    rows = max(-(-len(panels) // COLUMNS), 1)
    with style.look():
        figure = style.new_figure(3.8 * min(len(panels), COLUMNS) if len(panels) > 1 else 5.2, 3.2 * rows)
        grid = figure.subplots(rows, min(max(len(panels), 1), COLUMNS), squeeze=False)
        for axes in grid.flat[len(panels) :]:
            axes.set_axis_off()
        for axes, (name, of_model) in zip(grid.flat, panels, strict=False):
            points = of_model.dropna(subset=["score_mean", "rate"]).sort_values("score_mean")
            axes.vlines(points["score_mean"], points["low"], points["high"], color=style.PALETTE[0], linewidth=1.2)
            axes.plot(points["score_mean"], points["rate"], "o", color=style.PALETTE[0], label="people")
            fit = points.dropna(subset="logistic")
            axes.plot(fit["score_mean"], fit["logistic"], color=style.PALETTE[1], label="logistic fit")
            style.draw_threshold(axes, thresholds.get(str(name)), vertical=True)
            axes.set(ylim=(-0.03, 1.03), xlabel=f"distance ({style.plain(name)})", ylabel="identity rate")
            axes.set_title(style.plain(name))
            axes.legend(fontsize=7)
        return style.finished(figure, source)
