"""The two pictures in which hovering shows a pair's images, as plotly's data; the static figures say the same."""

import html
import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go

from analysis.figures import style
from analysis.figures.style import rows
from analysis.report.tables import number
from analysis.studies.verification.figures import kinds
from analysis.studies.verification.figures.latent_plane import axis_label, plane
from analysis.studies.verification.figures.similarity_distance import areas

MOST = 2000
"""Pairs with images at most, or the file grows too large for a browser; more are drawn by chance, always the same."""

_SYMBOLS = {
    "*": "star",
    "o": "circle",
    "X": "x",
    "s": "square",
    "^": "triangle-up",
    "v": "triangle-down",
    "D": "diamond",
}


def similarity_distance_plot(
    pairs: pd.DataFrame, recognizer: str, threshold: float | None, *, source: str | None
) -> dict[str, Any]:
    """Figure 4b: see `analysis.studies.verification.figures.similarity_distance`."""
    points = pairs.dropna(subset=[f"{recognizer}_distance", "similarity_mean"])
    points = points.assign(
        x=points[f"{recognizer}_distance"], y=points["similarity_mean"], size=np.sqrt(areas(points)) * 1.3
    )
    points = points.sample(min(len(points), MOST), random_state=0).sort_index()
    figure = _scatter(points, lambda row: f"distance {number(row.x)}\nmean similarity {number(row.y)}")
    figure.update_layout(xaxis_title=f"distance ({recognizer})", yaxis_title="mean similarity", yaxis_range=[-4, 104])
    if threshold is not None:
        figure.add_vline(
            threshold,
            line_dash="dash",
            line_color="black",
            line_width=1.5,
            opacity=1,
            annotation_text=f"threshold {threshold:g}",
        )
    return _plain(figure, source)


def latent_plane_plot(
    pairs: pd.DataFrame, latents: Mapping[str, npt.ArrayLike], base_id: str, *, source: str | None
) -> dict[str, Any]:
    """Figure 1: see `analysis.studies.verification.figures.latent_plane`."""
    samples = plane(pairs, latents, base_id).assign(size=11.0)
    figure = _scatter(samples, lambda row: "")
    figure.update_layout(xaxis_title=axis_label(samples, "x"), yaxis_title=axis_label(samples, "y"))
    return _plain(figure, source)


def _scatter(points: pd.DataFrame, scores: Callable[[Any], str]) -> go.Figure:
    """A trace per kind of the columns x, y and size; `customdata` is base, sample and the text of the card."""
    figure = go.Figure()
    for kind in kinds.kinds_of(points):
        of_kind = points[points["kind"] == kind]
        figure.add_trace(
            go.Scatter(
                x=of_kind["x"].tolist(),
                y=of_kind["y"].tolist(),
                customdata=[[row.base_id, row.sample_id, f"{what(row)}\n{scores(row)}"] for row in rows(of_kind)],
                mode="markers",
                name=html.escape(kind),
                hoverinfo="none",
                marker={
                    "color": kinds.kind_color(kind),
                    "symbol": _SYMBOLS[kinds.kind_marker(kind)],
                    "size": of_kind["size"].tolist(),
                    "opacity": 0.75,
                },
            )
        )
    figure.update_layout(
        template="simple_white",
        font={"family": "system-ui, sans-serif", "size": 12},
        margin={"l": 55, "r": 10, "t": 35, "b": 50},
        legend={"orientation": "h", "y": -0.2},
        dragmode=False,
        hovermode="closest",
    )
    return figure


def what(row: Any) -> str:
    """A pair's kind and level in words, for example `interpolation 0.25`."""
    level = getattr(row, "level", None)
    missed = " (missed)" if getattr(row, "reached", None) is False else ""
    return f"{row.kind}{'' if level is None or pd.isna(level) else f' {level:g}'}{missed}"


def _plain(figure: go.Figure, source: str | None) -> dict[str, Any]:
    """The figure as plotly's script takes it; with whose ratings it shows, where they are not people's."""
    if source not in {None, "human"}:
        font = {"color": style.WARNING_COLOR, "size": 13, "weight": "bold"}
        figure.update_layout(title={"text": f"{source} ratings", "font": font, "x": 0.99, "xanchor": "right"})
    plot: dict[str, Any] = json.loads(figure.to_json())
    return plot
