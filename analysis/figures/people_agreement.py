"""How far people agree with one another."""

import pandas as pd
from matplotlib.figure import Figure

from analysis.figures import style
from analysis.figures.intervals import draw_intervals, height


def people_agreement(agreement: pd.DataFrame, raters: pd.DataFrame, *, source: str | None) -> Figure:
    """Left the statistics of agreement with their intervals, alpha above and ICC(2,k), which is of means, below; right
    each rater's agreement with the rest.

    Args:
        agreement: statistic, question, scope, value, low, high, as in `analysis.results`.
        raters: similarity_pearson, identity_agreement, as `analysis.results`' rater_agreement.
        source: Whose the ratings are.
    """
    shown = agreement.assign(
        name=agreement["statistic"] + agreement["scope"].map(lambda scope: "" if scope == "all" else f", {scope}")
    )
    of_one, of_many = (shown[shown["statistic"].str.startswith("ICC") == many] for many in (False, True))
    with style.look():
        inches = max(height(shown["name"], 2) + 1.0, 4.2)
        figure = style.new_figure(8.6, inches)
        parts = figure.add_gridspec(1, 2, width_ratios=[3, 2])
        heights = [max(part["name"].nunique(), 1) + 1 for part in (of_one, of_many)]
        rows = parts[0, 0].subgridspec(2, 1, height_ratios=heights)
        above, below = figure.add_subplot(rows[0]), figure.add_subplot(rows[1])
        for axes, part, title, label in (
            (above, of_one, "Single answers", "alpha (1: all alike)"),
            (below, of_many, "The mean of k raters", "ICC(2,k) (1: the same means again)"),
        ):
            draw_intervals(axes, part, "name", "question")
            axes.axvline(0, color=style.FAINT, linewidth=0.8)
            axes.set(xlim=(min(-0.05, axes.get_xlim()[0]), 1.05), xlabel=label)
            axes.set_title(title)
        above.legend(loc="lower left", fontsize=7)
        right = figure.add_subplot(parts[0, 1])
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
