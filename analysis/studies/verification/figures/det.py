"""Detection error tradeoff: false rejects against false accepts, both on the scale of normal deviates."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.stats import norm

from analysis.figures import style
from analysis.studies.verification.figures.roc import at_threshold

TICKS = [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95]
LEAST = 0.002
"""Smaller rates, and those as close to 1, are drawn here: zero has no normal deviate."""


def det(curves: pd.DataFrame, thresholds: Mapping[str, float], *, source: str | None) -> Figure:
    """A line per recognizer, a marker where its default threshold is; the diagonal is where both rates are equal.

    Args:
        curves: recognizer, threshold, false_accept_rate, false_reject_rate (both 0 to 1), and where there are bands
            false_reject_low, false_reject_high, n_same, n_different, as `analysis.results`' roc.
        thresholds: The default threshold by recognizer; NaN where it is not known.
        source: Whose the ratings are.
    """
    with style.look():
        figure = style.new_figure(7.4, 4.0)
        axes = figure.subplots()
        ends = deviate(pd.Series([0.0, 1.0]))
        axes.plot(ends, ends, color=style.FAINT, linewidth=0.8, label="equal error rate")
        for index, (name, curve) in enumerate(curves.groupby("recognizer", sort=False)):
            ordered = curve.sort_values("threshold")
            look = style.line_style(index)
            rates = [deviate(ordered[rate]) for rate in ("false_accept_rate", "false_reject_rate")]
            label = style.plain(name)
            if "false_reject_low" in ordered:
                label += f" ({ordered['n_same'].iloc[0]} same, {ordered['n_different'].iloc[0]} different)"
                low, high = (deviate(ordered[end]) for end in ("false_reject_low", "false_reject_high"))
                axes.fill_between(rates[0], low, high, color=look["color"], alpha=0.12, linewidth=0)
            axes.plot(*rates, label=label, **look)
            at = at_threshold(ordered, thresholds.get(str(name)))
            if at is not None:
                dot = deviate(at[["false_accept_rate", "false_reject_rate"]])
                axes.plot(dot[:1], dot[1:], "o", color=look["color"], markersize=7)
        _percent(axes)
        axes.set(xlabel="false accept rate (%)", ylabel="false reject rate (%)", aspect="equal")
        axes.set_title("DET, axes in normal deviates; dots are the default thresholds")
        style.legend_beside(axes)
        return style.finished(figure, source)


def deviate(rates: "pd.Series[float]") -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """The standard normal quantile of each rate, those at the ends kept LEAST away from 0 and 1."""
    deviates: np.ndarray[tuple[int], np.dtype[np.float64]] = norm.ppf(
        np.clip(rates.to_numpy(np.float64), LEAST, 1 - LEAST)
    )
    return deviates


def _percent(axes: Axes) -> None:
    places = deviate(pd.Series(TICKS))
    names = [f"{tick * 100:g}" for tick in TICKS]
    limits = deviate(pd.Series([0.0, 1.0])) * 1.03
    axes.set_xticks(places, names, fontsize=7)
    axes.set_yticks(places, names, fontsize=7)
    axes.set(xlim=limits, ylim=limits)
