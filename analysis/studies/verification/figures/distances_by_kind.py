"""The figure of a model's distances, kind by kind and level by level; it needs no ratings."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from analysis.figures import style
from analysis.studies.verification.figures import kinds

JITTER = 0.28
"""Markers of a cell are spread over twice this width, in the order of their rows."""


def distances_by_kind(pairs: pd.DataFrame, recognizer: str, threshold: float | None, *, source: str | None) -> Figure:
    """A marker per pair, a column per kind and level, a bar at the median of each, the threshold as a line.

    Args:
        pairs: kind, level (missing where the kind has none), `<recognizer>_distance`.
        recognizer: Name of the recognizer.
        threshold: Its decision distance; None where it is not known.
        source: Whose the ratings of the dataset are; this figure shows none of them.
    """
    scored = pairs.dropna(subset=f"{recognizer}_distance")
    cells = [
        (kind, level, of_kind.loc[of_kind["level"].fillna(-1) == level, f"{recognizer}_distance"].to_numpy(float))
        for kind in kinds.kinds_of(scored)
        for of_kind in [scored[scored["kind"] == kind]]
        for level in sorted(of_kind["level"].fillna(-1).unique())
    ]
    with style.look():
        figure = style.new_figure(max(5.5, 0.45 * len(cells) + 2.0), 4.0)
        axes = figure.subplots()
        for place, (kind, _, values) in enumerate(cells):
            spread = np.linspace(-JITTER, JITTER, len(values)) if len(values) > 1 else np.zeros(1)
            axes.scatter(
                place + spread,
                values,
                s=14,
                color=kinds.kind_color(kind),
                marker=kinds.kind_marker(kind),
                alpha=0.75,
                linewidths=0,
                rasterized=len(scored) > style.MANY,
            )
            axes.hlines(np.median(values), place - 0.4, place + 0.4, color="black", linewidth=1.5)
        names = [style.plain(kind) + ("" if level < 0 else f" {level:g}") for kind, level, _ in cells]
        axes.set_xticks(range(len(cells)), names, fontsize=8, rotation=40, ha="right", rotation_mode="anchor")
        axes.set_ylabel(f"distance ({style.plain(recognizer)})")
        axes.set_title("Distance by kind and level; bars are medians")
        style.draw_threshold(axes, threshold)
        if axes.get_lines():
            axes.legend(handles=axes.get_lines(), loc="upper left", bbox_to_anchor=(1, 1))
        return style.finished(figure, source)
