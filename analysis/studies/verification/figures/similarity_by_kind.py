"""Figure 4a: how similar people find the pairs of each kind."""

import pandas as pd
from matplotlib.figure import Figure

from analysis.figures import style
from analysis.studies.verification.figures import kinds


def similarity_by_kind(similarity_distribution: pd.DataFrame, *, source: str | None) -> Figure:
    """A line per kind: the share of its ratings in each bin of similarity.

    Args:
        similarity_distribution: kind, from, to, n, share (0 to 1), as in `analysis.results`.
        source: Whose the ratings are.
    """
    with style.look():
        figure = style.new_figure(6.2, 3.6)
        axes = figure.subplots()
        for kind in kinds.kinds_of(similarity_distribution):
            bins = similarity_distribution[similarity_distribution["kind"] == kind]
            axes.plot(
                (bins["from"] + bins["to"]) / 2,
                bins["share"] * 100,
                color=kinds.kind_color(kind),
                marker=kinds.kind_marker(kind),
                markersize=5,
                label=f"{style.plain(kind)} (n = {bins['n'].sum()})",
            )
        axes.set(xlim=(0, 100), ylim=(0, None), xlabel="similarity", ylabel="ratings of the kind in the bin (%)")
        axes.set_title("Similarity by kind")
        style.legend_beside(axes)
        return style.finished(figure, source)
