"""Figure 5: distances by kind, split by what people decided, and its detail by interpolation level."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from analysis.figures import style
from analysis.studies.verification.figures import kinds

WIDEST = 0.9
"""Full width of the violin of the largest half, in units of the axis; the others' widths go with their counts."""


def distance_violins(pairs: pd.DataFrame, recognizer: str, threshold: float | None, *, source: str | None) -> Figure:
    """A split violin per kind: distances as often as people answered "same" (left) and "different" (right).

    Every rating counts once; the width of a half grows with its number of ratings.

    Args:
        pairs: kind, `<recognizer>_distance`, identity_rate, n_identity.
        recognizer: Name of the recognizer.
        threshold: Its decision distance, drawn as a line; None where it is not known.
        source: Whose the ratings are.
    """
    groups = [(kind, pairs[pairs["kind"] == kind]) for kind in kinds.kinds_of(pairs)]
    return _violins(groups, recognizer, threshold, "Distance by kind, split by people's decision", "kind", source)


def interpolation_violins(
    pairs: pd.DataFrame, recognizer: str, threshold: float | None, *, source: str | None
) -> Figure:
    """The figure of `distance_violins` of the interpolations alone, one violin per level: the share of the way."""
    ways = pairs[pairs["kind"] == "interpolation"]
    groups = [(f"{level:.0%}", ways[ways["level"] == level]) for level in sorted(ways["level"].dropna().unique())]
    title = "Distance by level of interpolation, split by people's decision"
    return _violins(groups, recognizer, threshold, title, "share of the way from the base", source)


def decisions(pairs: pd.DataFrame, recognizer: str) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """The distance of each pair, as often as people answered "same" and as often as they answered "different"."""
    with_answers = pairs.dropna(subset=[f"{recognizer}_distance", "identity_rate"])
    distances = with_answers[f"{recognizer}_distance"].to_numpy(np.float64)
    same = (with_answers["identity_rate"] * with_answers["n_identity"]).round().to_numpy(np.int64)
    different = with_answers["n_identity"].to_numpy(np.int64) - same
    return np.repeat(distances, same), np.repeat(distances, different)


def _violins(
    groups: Sequence[tuple[str, pd.DataFrame]],
    recognizer: str,
    threshold: float | None,
    title: str,
    label: str,
    source: str | None,
) -> Figure:
    split = [decisions(pairs, recognizer) for _, pairs in groups]
    most = max((len(half) for halves in split for half in halves), default=0)
    with style.look():
        figure = style.new_figure(7.0, 3.8)
        axes = figure.subplots()
        for place, (same, different) in enumerate(split):
            _half(axes, same, place, WIDEST * len(same) / max(most, 1), "low", kinds.SAME_COLOR)
            _half(axes, different, place, WIDEST * len(different) / max(most, 1), "high", kinds.DIFFERENT_COLOR)
        ticks = [
            f"{style.plain(name)}\n{len(same)} | {len(different)}"
            for (name, _), (same, different) in zip(groups, split, strict=True)
        ]
        axes.set_xticks(range(len(groups)), ticks)
        axes.set(xlabel=f"{label}; ratings: same | different", ylabel=f"distance ({style.plain(recognizer)})")
        axes.set_title(title)
        style.draw_threshold(axes, threshold)
        sides = [
            Patch(facecolor=kinds.SAME_COLOR, alpha=0.7, label="people: same (left half)"),
            Patch(facecolor=kinds.DIFFERENT_COLOR, alpha=0.7, hatch="///", label="people: different (right half)"),
        ]
        axes.legend(handles=[*sides, *axes.get_lines()], loc="upper left", bbox_to_anchor=(1, 1))
        return style.finished(figure, source)


def _half(axes: Axes, values: npt.NDArray[np.float64], place: int, width: float, side: str, color: str) -> None:
    """One half of a violin; values that are all the same, of which there is no density, are a short thick line."""
    if not len(values):
        return
    if np.ptp(values) == 0:
        ends = (place - width / 2, place) if side == "low" else (place, place + width / 2)
        axes.hlines(values[0], *ends, color=color, linewidth=3)
        return
    parts = axes.violinplot(
        [values],
        positions=[place],
        widths=[width],
        side="low" if side == "low" else "high",
        showextrema=False,
    )
    for body in parts["bodies"]:  # type: ignore[attr-defined]  # its stubs call every part one Collection
        body.set(facecolor=color, edgecolor="black", alpha=0.7, linewidth=0.5, hatch="///" if side == "high" else None)
