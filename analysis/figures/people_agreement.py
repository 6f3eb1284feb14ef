"""The figure of people's agreement with one another."""

import pandas as pd
from matplotlib.figure import Figure

from analysis.figures import style
from analysis.figures.intervals import draw_intervals, height


def people_agreement(agreement: pd.DataFrame, raters: pd.DataFrame, *, source: str | None) -> Figure:
    """Two plots: left the statistics of agreement with their intervals, alpha above and ICC(2,k), which is of means,
    below; right each rater's agreement with the rest.

    Args:
        agreement: statistic, question, scope, value, low, high, as in `analysis.results`.
        raters: `<question>_pearson` and `<question>_agreement`, as `analysis.results`' rater_agreement; the first of
            each are drawn against one another, or, where there is but one, it in its order.
        source: Whose the ratings are.
    """
    points = agreement.assign(
        name=agreement["statistic"] + agreement["scope"].map(lambda scope: "" if scope == "all" else f", {scope}")
    )
    of_one, of_many = (points[points["statistic"].str.startswith("ICC") == many] for many in (False, True))
    with style.look():
        inches = max(height(points["name"], 2) + 1.0, 4.2)
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
        first, *more = _drawn(raters)
        across = raters[first[0]].astype(float)
        up = raters[more[0][0]].astype(float) if more else across.rank(method="first")
        right.plot(across, up, "o", color=style.PALETTE[0], alpha=0.6, markersize=5)
        right.set(xlabel=first[1], ylabel=more[0][1] if more else "raters, in this order")
        right.set_title(f"Each rater (n = {len(raters)})")
        return style.finished(figure, source)


def _drawn(raters: pd.DataFrame) -> list[tuple[str, str]]:
    """The columns that are drawn, with their labels: a correlation, and an agreement with the majority."""
    intervals = []
    for end, words in (
        ("_pearson", "correlation of {} with the rest"),
        ("_agreement", "same {} as the majority of the rest"),
    ):
        columns = [str(name) for name in raters.columns if str(name).endswith(end)]
        intervals += [(name, words.format(style.plain(name.removesuffix(end)))) for name in columns[:1]]
    return intervals
