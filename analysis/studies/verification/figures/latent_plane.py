"""Figure 1: the samples of one base on two dimensions of the latent space."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.offsetbox import AnnotationBbox, OffsetImage
from PIL import Image

from analysis.figures import style
from analysis.studies.verification.figures import kinds

PICTURE = 38
"""Points of a picture's longer side."""

GAP = 7
"""Points at least between two pictures, frames included."""

RINGS = 24
"""The farthest that a picture may stand off its marker, in half pictures, before it is left out."""


def latent_plane(
    pairs: pd.DataFrame,
    latents: Mapping[str, npt.ArrayLike],
    picture: Callable[[str], Image.Image],
    base_id: str,
    *,
    source: str | None,
) -> Figure:
    """A marker and a picture per sample of one base, on the plane of `project`.

    Pictures stand beside their marker where there is room; where there is none the marker stands alone.

    Args:
        pairs: base_id, sample_id, kind.
        latents: A latent, (d,), per image id.
        picture: Gives the picture of an image id.
        base_id: Whose samples; one of pairs' `base_id`.
        source: Whose the ratings of the dataset are; this figure shows none of them.
    """
    samples = plane(pairs, latents, base_id)
    with style.look():
        figure = style.new_figure(8.0, 6.2)
        axes = figure.subplots()
        for kind in kinds.kinds_of(samples):
            of_kind = samples[samples["kind"] == kind]
            axes.scatter(
                of_kind["x"],
                of_kind["y"],
                s=130 if kind == "genuine" else 36,
                color=kinds.kind_color(kind),
                marker=kinds.kind_marker(kind),
                label=f"{style.plain(kind)} (n = {len(of_kind)})",
                zorder=3,
            )
        axes.margins(0.15)
        axes.set(xlabel=axis_label(samples, "x"), ylabel=axis_label(samples, "y"))
        axes.set_title("Samples of one base on the two main directions of their latents, the base at the origin")
        axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
        figure.draw_without_rendering()  # lays out, so that pixels are known
        _place_pictures(axes, samples, picture)
        return style.finished(figure, source)


def plane(pairs: pd.DataFrame, latents: Mapping[str, npt.ArrayLike], base_id: str) -> pd.DataFrame:
    """The samples of a base on the plane that keeps most of the variance of their latents (PCA).

    A latent of several layers or channels is one long vector here. The plane is moved so that the base is its origin;
    the largest part of each direction is positive, or the same samples could come out mirrored.

    Returns:
        The base's rows of `pairs` with x and y, in units of the latent space; `attrs["explained"]` has the two
        directions' shares of the variance.
    """
    samples = pairs[pairs["base_id"] == base_id].reset_index(drop=True)
    ids = [base_id, *samples["sample_id"]]
    points = np.stack([np.asarray(latents[name], np.float64).ravel() for name in ids])
    _, spread, directions = np.linalg.svd(points[1:] - points[1:].mean(axis=0), full_matrices=False)
    directions *= np.sign(directions[np.arange(len(directions)), np.abs(directions).argmax(axis=1)])[:, None]
    placed = (points[1:] - points[0]) @ directions[:2].T
    samples["x"], samples["y"] = placed[:, 0], placed[:, 1] if placed.shape[1] > 1 else 0.0
    total = np.sum(spread**2) or 1.0
    samples.attrs["explained"] = [*(spread**2 / total), 0.0][:2]
    return samples


def axis_label(samples: pd.DataFrame, axis: str) -> str:
    """The label of an axis of `plane`."""
    share = samples.attrs["explained"]["xy".index(axis)]
    return f"{'first' if axis == 'x' else 'second'} principal component ({100 * share:.0f} %)"


def _place_pictures(axes: Axes, samples: pd.DataFrame, picture: Callable[[str], Image.Image]) -> None:
    """Kind after kind, each picture in the free place nearest to its marker."""
    markers = axes.transData.transform(samples[["x", "y"]].to_numpy(float))
    pixels = style.LAYOUT_DPI / 72
    taken: list[npt.NDArray[np.float64]] = []
    for marker, row in zip(markers, style.rows(samples), strict=True):
        place = _free_place(axes, marker, (PICTURE + GAP) * pixels, taken, markers)
        if place is None:
            continue
        taken.append(place)
        thumbnail = picture(row.sample_id).convert("RGB")
        thumbnail.thumbnail((PICTURE * 3, PICTURE * 3))
        box = AnnotationBbox(
            OffsetImage(np.asarray(thumbnail), zoom=PICTURE / max(thumbnail.size), resample=True),
            (row.x, row.y),
            xybox=tuple((place - marker) / pixels),
            boxcoords="offset points",
            pad=0.1,
            frameon=True,
            bboxprops={"edgecolor": kinds.kind_color(row.kind), "linewidth": 1.2},
            arrowprops={"arrowstyle": "-", "color": kinds.kind_color(row.kind), "linewidth": 0.6},
            gid=f"picture {row.Index}",
        )
        axes.add_artist(box)


def _free_place(
    axes: Axes,
    marker: npt.NDArray[np.float64],
    size: float,
    taken: Sequence[npt.NDArray[np.float64]],
    markers: npt.NDArray[np.float64],
) -> npt.NDArray[np.float64] | None:
    """The center, in pixels, of a square of `size` that covers no other square and no marker, nearest to `marker`."""
    frame = axes.bbox
    for ring in range(1, RINGS + 1):
        for turn in range(16):
            angle = turn * np.pi / 8
            place = marker + (ring + 1) * size / 4 * np.array([np.cos(angle), np.sin(angle)])
            inside = frame.contains(*(place - size / 2)) and frame.contains(*(place + size / 2))
            apart = all(np.abs(place - other).max() >= size for other in taken)
            if inside and apart and np.abs(markers - place).max(axis=1).min() > size / 2:
                return place
    return None
