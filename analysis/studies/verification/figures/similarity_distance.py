"""Figure 4b: where the similarity that people see and the distance that a model measures part ways."""

import numpy as np
import pandas as pd
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure

from analysis.figures import style
from analysis.studies.verification.figures import kinds

SMALLEST, LARGEST = 24.0, 90.0
"""Area of a marker in square points, at a latent distance of 0 and at the largest."""


def similarity_distance(pairs: pd.DataFrame, recognizer: str, threshold: float | None, *, source: str | None) -> Figure:
    """A marker per pair: mean similarity against distance, color and shape by kind, area by latent distance.

    Args:
        pairs: kind, `<recognizer>_distance`, similarity_mean, latent_l2 (where there is one).
        recognizer: Name of the recognizer.
        threshold: Its decision distance, drawn as a line; None where it is not known.
        source: Whose the ratings are.
    """
    distance = f"{recognizer}_distance"
    points = pairs.dropna(subset=[distance, "similarity_mean"])
    with style.look():
        figure = style.new_figure(5.5, 4.2)
        axes = figure.subplots()
        for kind in kinds.kinds_of(points):
            of_kind = points[points["kind"] == kind]
            axes.scatter(
                of_kind[distance],
                of_kind["similarity_mean"],
                s=areas(points).loc[of_kind.index],
                color=kinds.kind_color(kind),
                marker=kinds.kind_marker(kind),
                alpha=0.75,
                linewidths=0,
                label=f"{style.plain(kind)} (n = {len(of_kind)})",
                rasterized=len(points) > style.MANY,
            )
        style.draw_threshold(axes, threshold, vertical=True)
        axes.set(xlabel=f"distance ({style.plain(recognizer)})", ylabel="mean similarity", ylim=(-2, 102))
        axes.set_title("Similarity against distance; marker area grows with latent distance")
        legend = axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
        for handle in legend.legend_handles:
            if isinstance(handle, PathCollection):
                handle.set_sizes([36])
        return style.finished(figure, source)


def areas(pairs: pd.DataFrame) -> pd.Series:
    """Area of each pair's marker, linear in `latent_l2`; all SMALLEST where there is none."""
    latent = pairs.get("latent_l2", pd.Series(0.0, pairs.index)).fillna(0).astype(float)
    largest = latent.max() if len(latent) and latent.max() > 0 else np.inf
    return SMALLEST + (LARGEST - SMALLEST) * latent / largest
