"""The room in which one can be lied to unseen: what is left of an explanation before people see the change."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.figures import style
from analysis.studies.explanation.words import written
from analysis.tables.psychometric import Curve

GONE = 0.5
"""The likeness below which more of an explanation has gone than is left."""


def room(left: pd.DataFrame, seen: pd.DataFrame | None, curve: pd.Series | None, *, source: str | None) -> Figure:
    """Above, the share of people who see a difference by L-inf; below, the likeness of the explanation that is left.

    Args:
        left: manipulation, explainer, setting, version, l_inf, likeness, as `analysis.studies.explanation.makers` says.
        seen: l_inf, share, n_answers; None where nobody was asked.
        curve: threshold, slope and lapse of the psychometric function; None where there is none.
        source: Whose the ratings are.
    """
    with style.look():
        figure = style.new_figure(7.4, 5.4 if seen is not None else 3.4)
        if seen is None:
            _draw_left(figure.subplots(), left)
        else:
            above, below = figure.subplots(2, 1, sharex=True, height_ratios=[1, 1.4])
            _draw_seen(above, seen, curve)
            _draw_left(below, left)
            if curve is not None:
                for axes in (above, below):
                    axes.axvline(curve["threshold"], color="black", linestyle="dashed", linewidth=1)
        return style.finished(figure, source)


def _draw_seen(axes: Axes, seen: pd.DataFrame, curve: pd.Series | None) -> None:
    axes.axhline(0.5, color=style.FAINT, linewidth=0.8)
    by_size = seen.groupby("l_inf").apply(lambda cell: np.average(cell["share"], weights=cell["n_answers"]))
    axes.plot(by_size.index, by_size, "o", color=style.PALETTE[0], markersize=4, label="answers at this L-inf")
    if curve is not None:
        score = np.linspace(0, max(seen["l_inf"].max(), curve["threshold"]), 200)
        share = Curve(curve["threshold"], curve["slope"], curve["lapse"]).share(score)
        axes.plot(score, share, color=style.PALETTE[0], label=f"half see it at {curve['threshold']:.3f}")
    axes.set(ylim=(-0.03, 1.03), ylabel="share who see\na difference")
    style.legend_beside(axes)


def _draw_left(axes: Axes, left: pd.DataFrame) -> None:
    axes.axhline(GONE, color=style.FAINT, linewidth=0.8)
    for index, (key, cell) in enumerate(left.groupby(["manipulation", "explainer"], sort=False)):
        color = style.PALETTE[index % len(style.PALETTE)]
        for version, line, marker in (("manipulated", "solid", "o"), ("no_op", "dotted", "x")):
            part = cell[cell["version"] == version].sort_values("l_inf")
            words = style.plain(" of ".join(written(str(name)) for name in key)) if version == "manipulated" else None
            axes.plot(part["l_inf"], part["likeness"], linestyle=line, marker=marker, color=color, label=words)
    axes.plot([], [], linestyle="dotted", marker="x", color=style.FAINT, label="noise of the same L-inf")
    axes.set(xlabel="largest change of a value (L-inf)", ylabel="likeness of the explanation\nwith the one before")
    axes.set_xlim(left=0)
    style.legend_beside(axes)
