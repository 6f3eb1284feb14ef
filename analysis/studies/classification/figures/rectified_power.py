"""The figure of the mistakes that a rectified error of a wanted width takes."""

import pandas as pd
from matplotlib.figure import Figure

from analysis.figures import style


def rectified_power(table: pd.DataFrame, *, source: str | None) -> Figure:
    """A panel per classifier: batches needed against mistakes asked of a batch, a line per wanted width.

    Args:
        table: classifier, asked, width, batches (NaN where no number is enough), of one number of raters, as in
            `analysis.results`.
        source: Whose the ratings are that the variance comes from.
    """
    names = list(dict.fromkeys(table["classifier"]))
    with style.look():
        figure = style.new_figure(6.4, 0.4 + 2.6 * len(names))
        grid = figure.subplots(len(names), 1, squeeze=False)[:, 0]
        for axes, name in zip(grid, names, strict=True):
            for place, (width, line) in enumerate(table[table["classifier"] == name].groupby("width")):
                cases = line.dropna(subset="batches").sort_values("asked")
                label = f"width {width:g}"
                axes.plot(
                    cases["asked"], cases["batches"], marker="o", markersize=4, label=label, **style.line_style(place)
                )
            axes.set(xlabel="mistakes asked of a batch", ylabel="batches needed", yscale="log")
            axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
            axes.yaxis.set_minor_formatter(lambda value, _: f"{value:,.0f}" if f"{value:.0e}"[0] in "25" else "")
            axes.tick_params(axis="y", which="minor", labelsize=6)
            axes.set_title(style.plain(name))
        style.legend_beside(grid[0])
        return style.finished(figure, source)
