"""Colors and marker shapes of the sample kinds, and of people's two decisions."""

import pandas as pd

KIND_COLORS = {
    "genuine": "#000000",
    "positive": "#0072B2",
    "negative": "#D55E00",
    "interpolation": "#009E73",
    "optimized": "#CC79A7",
    "controversial": "#7A4B00",
}
"""Colors of the kinds, the same as in the pictures of a dataset's card."""

KIND_MARKERS = {
    "genuine": "*",
    "positive": "o",
    "negative": "X",
    "interpolation": "s",
    "optimized": "^",
    "controversial": "v",
    "all with genuine": "P",
}
"""Shapes of the kinds, and of all together, beside the diamond of all but genuine ones."""

OTHER_COLOR, OTHER_MARKER = "#595959", "D"
"""The look of kinds that a plugin adds."""

SAME_COLOR, DIFFERENT_COLOR = "#D55E00", "#0072B2"
"""People's decision: the same person, different persons (blue, as in the paper)."""


def kind_color(kind: str) -> str:
    """The color of a sample kind."""
    return KIND_COLORS.get(kind, OTHER_COLOR)


def kind_marker(kind: str) -> str:
    """The marker shape of a sample kind, so that color is never all that tells kinds apart."""
    return KIND_MARKERS.get(kind, OTHER_MARKER)


def kinds_of(frame: pd.DataFrame) -> list[str]:
    """The kinds that occur in the column `kind`, in the order of the schema, those of plugins last."""
    present = frame["kind"].dropna().astype(str).unique()
    cases = [kind for kind in KIND_COLORS if kind in present]
    return cases + sorted(set(present) - set(cases))


def mark(kind: str) -> tuple[str, str]:
    """The color and the marker shape of a sample kind, as `analysis.figures.intervals.draw_intervals` takes them."""
    return kind_color(kind), kind_marker(kind)
