"""The figure of the distances of images to the nearest training image."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from analysis.figures import style
from analysis.studies.counterfeits.data import HELD_OUT, MEASURES
from analysis.studies.counterfeits.figures.shares import named
from analysis.studies.counterfeits.tables.distance import FAR


def distances(images: pd.DataFrame, *, source: str | None) -> Figure:
    """A panel per measure: a box per kind and round, whiskers at 5 and 95 %, and where 95 % of held-out images end.

    Args:
        images: kind, round, and `<measure>_distance`.
        source: Whose the ratings are.
    """
    names = named(images)
    order = list(dict.fromkeys(names))
    with style.look():
        figure = style.new_figure(7.4, 0.9 + 0.3 * len(order))
        panels = figure.subplots(1, len(MEASURES), sharey=True)
        for axes, measure in zip(panels, MEASURES, strict=True):
            values = images[f"{measure}_distance"]
            boxes = [values[names == name].to_numpy(np.float64) for name in order]
            axes.boxplot(boxes, orientation="horizontal", whis=(5, 95), showfliers=False, widths=0.6)
            world = values[images["kind"] == HELD_OUT].to_numpy(np.float64)
            if len(world):
                axes.axvline(float(np.quantile(world, FAR)), color="black", linestyle="dashed", linewidth=1)
            axes.set(xlabel=f"distance, {measure}")
        panels[0].set_yticks(range(1, len(order) + 1), [style.plain(name) for name in order])
        panels[0].invert_yaxis()
        return style.finished(figure, source)
