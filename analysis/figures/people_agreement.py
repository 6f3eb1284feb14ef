"""How far people agree with one another."""

import pandas as pd
from matplotlib.figure import Figure

from analysis.figures import style
from analysis.figures.intervals import draw_intervals, height


def people_agreement(agreement: pd.DataFrame, raters: pd.DataFrame, *, source: str | None) -> Figure:
    """Left the statistics of agreement with their intervals; right each rater's agreement with the rest.

    Args:
        agreement: statistic, question, scope, value, low, high, as in `analysis.results`.
        raters: similarity_pearson, identity_agreement, as `analysis.results`' rater_agreement.
        source: Whose the ratings are.
    """
    shown = agreement.assign(
        name=agreement["statistic"] + agreement["scope"].map(lambda scope: "" if scope == "all" else f", {scope}")
    )
    with style.look():
        figure = style.new_figure(8.6, max(height(shown["name"], 2), 3.2))
        left, right = figure.subplots(1, 2, width_ratios=[3, 2])
        draw_intervals(left, shown, "name", "question")
        left.axvline(0, color=style.FAINT, linewidth=0.8)
        left.set(xlim=(min(-0.05, left.get_xlim()[0]), 1.05), xlabel="agreement (1: all alike)")
        left.set_title("Agreement")
        left.legend(loc="lower left", fontsize=7)
        right.plot(
            raters["similarity_pearson"].astype(float),
            raters["identity_agreement"].astype(float),
            "o",
            color=style.PALETTE[0],
            alpha=0.6,
            markersize=5,
        )
        right.set(xlabel="correlation of similarity with the rest", ylabel="same identity as the majority of the rest")
        right.set_title(f"Each rater (n = {len(raters)})")
        return style.finished(figure, source)
