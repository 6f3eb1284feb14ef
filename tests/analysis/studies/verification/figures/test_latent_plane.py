import numpy as np
import pytest
from matplotlib.collections import PathCollection
from matplotlib.offsetbox import AnnotationBbox

from analysis.studies.verification.figures.latent_plane import latent_plane, plane


@pytest.fixture
def latents(pairs):
    """Points of a plane in ten dimensions, the base away from its center."""
    rng = np.random.default_rng(5)
    directions = np.linalg.qr(rng.normal(size=(10, 2)))[0].T
    flat = rng.normal(size=(len(pairs), 2)) * [5, 1]
    flat[0] = 2, 3
    return dict(zip(pairs["sample_id"], flat @ directions, strict=True))


def test_a_plane_keeps_all_distances_between_points_that_lie_in_one(pairs, latents):
    placed = plane(pairs, latents, "b")
    shown = placed[["x", "y"]].to_numpy()
    true = np.stack([latents[name] for name in placed["sample_id"]])
    between = lambda points: np.linalg.norm(points[:, None] - points[None], axis=-1)  # noqa: E731
    np.testing.assert_allclose(between(shown), between(true), atol=1e-9)
    assert sum(placed.attrs["explained"]) == pytest.approx(1)
    assert placed.attrs["explained"][0] > placed.attrs["explained"][1]


def test_the_base_is_the_origin(pairs, latents):
    placed = plane(pairs, latents, "b")
    assert placed.loc[placed["kind"] == "genuine", ["x", "y"]].to_numpy() == pytest.approx(np.zeros((1, 2)))


def test_only_the_base_asked_for(pairs, latents):
    others = pairs.assign(base_id=["b"] * 5 + ["c"] * 4)
    assert len(plane(others, {**latents, "c": latents["b"]}, "b")) == 5


def test_a_marker_and_a_picture_per_sample(pairs, latents, picture):
    figure = latent_plane(pairs, latents, picture, "b", source="simulated")
    axes = figure.axes[0]
    placed = plane(pairs, latents, "b")
    for each, kind in zip(
        [each for each in axes.collections if isinstance(each, PathCollection)],
        ["genuine", "positive", "negative", "interpolation", "optimized"],
        strict=True,
    ):
        np.testing.assert_allclose(each.get_offsets(), placed.loc[placed["kind"] == kind, ["x", "y"]])
    boxes = [each for each in axes.get_children() if isinstance(each, AnnotationBbox)]
    assert sorted(map(tuple, [each.xy for each in boxes])) == sorted(map(tuple, placed[["x", "y"]].to_numpy()))
    assert figure.get_suptitle() == "simulated ratings"
    assert axes.get_xlabel().startswith("first principal component (")


def test_no_two_pictures_overlap(pairs, latents, picture):
    figure = latent_plane(pairs, latents, picture, "b", source=None)
    frames = [
        each.offsetbox.get_window_extent() for each in figure.axes[0].get_children() if isinstance(each, AnnotationBbox)
    ]
    assert not [(a, b) for place, a in enumerate(frames) for b in frames[:place] if a.overlaps(b)]


def test_one_sample_alone_has_a_place(pairs, latents, picture):
    placed = plane(pairs.head(1), latents, "b")
    assert placed[["x", "y"]].to_numpy().tolist() == [[0, 0]]
    latent_plane(pairs.head(1), latents, picture, "b", source=None)
