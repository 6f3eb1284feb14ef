"""Detectors' curves: the share of images that each catches, by the share of held-out images that it takes for them."""

import pandas as pd
from matplotlib.figure import Figure

from analysis.figures import style
from analysis.studies.counterfeits.figures.shares import named

_COLUMNS = 3


def roc(table: pd.DataFrame, *, source: str | None) -> Figure:
    """A panel per kind and round, a line per detector.

    Args:
        table: kind, round, detector, alarms, caught.
        source: Whose the ratings are.
    """
    names = named(table)
    order = list(dict.fromkeys(names))
    lines = -(-len(order) // _COLUMNS)
    with style.look():
        figure = style.new_figure(7.4, 2.3 * lines + 0.3)
        panels = figure.subplots(lines, _COLUMNS, sharex=True, sharey=True, squeeze=False).ravel()
        for axes, name in zip(panels, order, strict=False):
            axes.plot([0, 1], [0, 1], color=style.FAINT, linewidth=0.8)
            for index, (detector, rows) in enumerate(table[names == name].groupby("detector", sort=False)):
                axes.plot(rows["alarms"], rows["caught"], label=style.plain(detector), **style.line_style(index))
            axes.set(aspect="equal", title=style.plain(name))
        for axes in panels[len(order) :]:
            axes.set_axis_off()
        panels[0].set_ylabel("share caught")
        panels[0].set_xlabel("held-out images taken for one")
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=5)
        return style.finished(figure, source)
