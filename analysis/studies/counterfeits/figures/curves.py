"""The figure of the terms of the loss while generators are trained."""

import pandas as pd
from matplotlib.figure import Figure

from analysis.figures import style


def curves(table: pd.DataFrame, *, source: str | None) -> Figure:
    """A panel per term, a line per kind and round: the mean over the batches, in a band from the least to the most.

    Args:
        table: kind, round, term, step, mean, least, most.
        source: Whose the ratings are.
    """
    terms = list(dict.fromkeys(table["term"]))
    with style.look():
        figure = style.new_figure(7.4, 1.9 * len(terms) + 0.4)
        panels = figure.subplots(len(terms), 1, sharex=True, squeeze=False)[:, 0]
        names = list(dict.fromkeys(zip(table["kind"].astype(str), table["round"], strict=True)))
        for axes, term in zip(panels, terms, strict=True):
            for index, (kind, number) in enumerate(names):
                of = (table["term"] == term) & (table["kind"].astype(str) == kind) & (table["round"] == number)
                rows, look = table[of], style.line_style(index)
                if len(rows):
                    axes.plot(rows["step"], rows["mean"], label=style.plain(f"{kind}, round {number}"), **look)
                    axes.fill_between(rows["step"], rows["least"], rows["most"], color=look["color"], alpha=0.12)
            axes.set_title(style.plain(term))
            if term == "kl":
                axes.set_yscale("log")
        panels[-1].set(xlabel="step")
        style.legend_beside(panels[0])
        return style.finished(figure, source)
