"""Receiver operating characteristic: a model's decisions at every threshold, against the majority of people."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure

from analysis.figures import style


def roc(curves: pd.DataFrame, thresholds: Mapping[str, float], *, source: str | None) -> Figure:
    """A line per recognizer, a marker where its default threshold is, a band of the true accept rate.

    Args:
        curves: recognizer, threshold, false_accept_rate, false_reject_rate (both 0 to 1), and where there are bands
            false_reject_low, false_reject_high, n_same, n_different, as `analysis.results`' roc.
        thresholds: The default threshold by recognizer; NaN where it is not known.
        source: Whose the ratings are.
    """
    with style.look():
        figure = style.new_figure(7.4, 4.0)
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], color=style.FAINT, linewidth=0.8, label="chance")
        for index, (name, curve) in enumerate(curves.groupby("recognizer", sort=False)):
            ordered = curve.sort_values("threshold")
            look = style.line_style(index)
            label = style.plain(name)
            if "false_reject_low" in ordered:
                label += f" ({ordered['n_same'].iloc[0]} same, {ordered['n_different'].iloc[0]} different)"
                band = 1 - ordered["false_reject_high"], 1 - ordered["false_reject_low"]
                axes.fill_between(ordered["false_accept_rate"], *band, color=look["color"], alpha=0.12, linewidth=0)
            axes.plot(ordered["false_accept_rate"], 1 - ordered["false_reject_rate"], label=label, **look)
            at = at_threshold(ordered, thresholds.get(str(name)))
            if at is not None:
                axes.plot(at["false_accept_rate"], 1 - at["false_reject_rate"], "o", color=look["color"], markersize=7)
        axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")
        axes.set(xlabel="false accept rate", ylabel="true accept rate")
        axes.set_title("ROC; dots are the default thresholds")
        style.legend_beside(axes)
        return style.finished(figure, source)


def at_threshold(curve: pd.DataFrame, threshold: float | None) -> "pd.Series[float] | None":
    """The rates where everything up to `threshold` is accepted: the row of the largest threshold that is no larger."""
    if threshold is None or pd.isna(threshold):
        return None
    below = curve[curve["threshold"] <= threshold + 1e-6]  # a distance in float32 and a threshold in float64
    return below.sort_values("threshold").iloc[-1] if len(below) else None
