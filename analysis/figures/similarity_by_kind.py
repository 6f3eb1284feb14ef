"""Figure 4a: how similar people find the pairs of each kind."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from analysis.figures import style

BIN = 10
"""Width of a bin, in points of similarity."""


def similarity_by_kind(pairs: pd.DataFrame, ratings: pd.DataFrame, *, source: str | None) -> Figure:
    """A line per kind: the share of its ratings in each tenth of the scale of similarity.

    Args:
        pairs: pair_id, kind.
        ratings: pair_id, similarity (0 to 100, missing where it was not asked).
        source: Whose the ratings are.
    """
    rated = ratings.merge(pairs[["pair_id", "kind"]], on="pair_id").dropna(subset="similarity")
    edges = np.arange(0, 100 + BIN, BIN)
    with style.look():
        figure = style.new_figure(5.5, 3.6)
        axes = figure.subplots()
        for kind in style.kinds_of(rated):
            values = rated.loc[rated["kind"] == kind, "similarity"].to_numpy(float)
            share = np.histogram(values, edges)[0] / len(values) * 100
            axes.plot(
                edges[:-1] + BIN / 2,
                share,
                color=style.kind_color(kind),
                marker=style.kind_marker(kind),
                markersize=5,
                label=f"{kind} (n = {len(values)})",
            )
        axes.set(xlim=(0, 100), ylim=(0, None), xlabel="similarity", ylabel=f"ratings in {BIN} points of similarity (%)")
        axes.set_title("Similarity by kind")
        axes.legend()
        return style.finished(figure, source)
