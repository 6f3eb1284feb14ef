"""Manipulations of pictures: their objectives by hand, what every search keeps to, and what they reach on digits."""

import numpy as np
import pytest
import torch

from builder.errors import StudyError
from builder.explainers import grad_cam, gradient
from builder.explainers.measures.maps import pearson
from builder.manipulations import mass_center, sign_noise, target_map, top_k
from builder.manipulations.outcome import no_op, outcome
from tests.builder.explainers.networks import Classifier


@pytest.fixture(scope="module")
def pictures(labeled):
    """8 digits that the classifier has not seen."""
    return labeled("audit", 8).images


@pytest.fixture(scope="module")
def classes(classifier, pictures):
    return classifier.probabilities(pictures).argmax(axis=1)


@pytest.fixture(scope="module")
def explainer(runtime):
    return gradient.load(None, gradient.Settings(), runtime)


def maps(*rows):
    return torch.tensor([rows], dtype=torch.float32)


def test_objectives_by_hand():
    a = maps([1.0, 2.0, 3.0], [0.0, 0.0, 0.0])
    assert target_map.likeness(a, 2 * a + 1).item() == pytest.approx(1)
    assert target_map.likeness(a, -a).item() == pytest.approx(-1)
    assert target_map.likeness(a, 0 * a).item() == 0
    # Shares by absolute value: 1/6 and 2/6 in the first column's rows, 3/6 in the second column.
    b = maps([1.0, 0.0], [-2.0, 3.0])
    assert top_k.importance(b).flatten().tolist() == pytest.approx([1 / 6, 0, 2 / 6, 3 / 6])
    assert mass_center.center(b)[0].tolist() == pytest.approx([5 / 6, 3 / 6])
    # All in the upper left, then in the lower right of 3 x 4.
    corner = torch.zeros(1, 3, 4)
    corner[0, 0, 0] = 5
    assert mass_center.moved(corner, corner.flip(1, 2)).item() == pytest.approx(np.hypot(2, 3))


def test_noise_has_its_size_and_leaves_gray_gray():
    gray = np.repeat(np.random.default_rng(0).integers(20, 200, (2, 8, 8, 1), np.uint8), 3, axis=3)
    colored = np.random.default_rng(0).integers(20, 200, (1, 8, 8, 3), np.uint8)
    images = np.concatenate([gray, colored])
    noisy = sign_noise.manipulate(images, np.array([3, 10, 20]), 1)
    difference = noisy.astype(int) - images
    assert [sorted(set(np.abs(each).ravel())) for each in difference] == [[3], [10], [20]]
    assert 0.3 < (difference > 0).mean() < 0.7
    assert (noisy[:2] == noisy[:2, :, :, :1]).all()
    assert not (difference[2] == difference[2, :, :, :1]).all()
    np.testing.assert_array_equal(sign_noise.manipulate(images[1:], np.array([10, 20]), 1), noisy[1:])
    ends = np.array([[[[0, 0, 0], [255, 255, 255]]]], np.uint8)
    assert set(np.abs(sign_noise.manipulate(ends, np.array([9]), 4).astype(int) - ends).ravel()) <= {0, 9}


def search(method, classifier, explainer, images, classes, runtime, **keys):
    own = method.Settings(**({"steps": 20, "radius": 0.15} | keys))
    if method is target_map:
        targets = np.roll(explainer.explain(classifier, images, classes).maps, 1, axis=0)
        return method.manipulate(classifier, explainer, images, classes, targets, own, runtime), targets
    return method.manipulate(classifier, explainer, images, classes, own, runtime), None


METHODS = (target_map, top_k, mass_center)


@pytest.fixture(scope="module")
def searched(classifier, explainer, pictures, classes, runtime):
    """What each method found, and its targets."""
    return {method: search(method, classifier, explainer, pictures, classes, runtime) for method in METHODS}


@pytest.mark.parametrize("method", METHODS)
def test_a_manipulated_picture_has_its_class_and_keeps_to_the_radius(
    classifier, explainer, pictures, classes, searched, method
):
    found, _ = searched[method]
    assert found.images.shape == pictures.shape
    assert found.images.dtype == np.uint8
    assert found.reached.mean() > 0.8
    assert (found.steps[found.reached] >= 1).all()
    assert (found.images[~found.reached] == pictures[~found.reached]).all()
    seen = outcome(classifier, explainer, pictures, found.images, classes)
    assert seen.same_class.all()
    assert seen.l_inf.max() <= 38 / 255 + 1e-9
    assert (seen.l_inf[found.reached] > 0).all()
    assert (found.images == found.images[..., :1]).all()  # gray stays gray
    noise = outcome(classifier, explainer, pictures, no_op(pictures, found.images, 0), classes)
    np.testing.assert_allclose(noise.l_inf, seen.l_inf, atol=1e-9)
    for measure in ("pearson", "top_k"):
        assert seen.maps[measure].mean() < noise.maps[measure].mean() - 0.05


def test_target_map_comes_near_the_target_and_noise_does_not(classifier, explainer, pictures, classes, searched):
    found, targets = searched[target_map]
    before, after, noise = (
        pearson(explainer.explain(classifier, each, classes).maps, targets)
        for each in (pictures, found.images, no_op(pictures, found.images, 0))
    )
    assert (after >= before - 1e-6).all()
    assert np.median(after - before) > 0.15
    assert np.median(noise - before) < 0.05


def test_top_k_and_mass_center_do_what_they_are_after(classifier, explainer, pictures, classes, searched):
    before = torch.from_numpy(explainer.explain(classifier, pictures, classes).maps)
    count = round(0.05 * 784)
    top = before.flatten(1).abs().topk(count, dim=1).indices

    def left(images):
        after = torch.from_numpy(explainer.explain(classifier, images, classes).maps)
        return top_k.importance(after).flatten(1).gather(1, top).sum(dim=1), mass_center.moved(after, before)

    for method, at in ((top_k, 0), (mass_center, 1)):
        found, _ = searched[method]
        reached, noise = left(found.images)[at], left(no_op(pictures, found.images, 0))[at]
        better = reached < noise if method is top_k else reached > noise
        assert better.float().mean() > 0.8


def test_a_pictures_manipulation_is_its_own(classifier, explainer, pictures, classes, runtime):
    found, _ = search(top_k, classifier, explainer, pictures[:5], classes[:5], runtime, steps=4)
    alone, _ = search(top_k, classifier, explainer, pictures[3:4], classes[3:4], runtime, steps=4)
    np.testing.assert_array_equal(alone.images, found.images[3:4])
    again, _ = search(top_k, classifier, explainer, pictures[4::-1], classes[4::-1], runtime, steps=4)
    np.testing.assert_array_equal(again.images[::-1], found.images)


def test_the_logits_can_be_kept(classifier, explainer, pictures, classes, runtime, searched):
    free, _ = searched[target_map]
    kept, _ = search(target_map, classifier, explainer, pictures, classes, runtime, keep=10.0)
    moved = [
        outcome(classifier, explainer, pictures, found.images, classes).probability_change.mean()
        for found in (free, kept)
    ]
    assert moved[1] < moved[0] / 2


def test_a_classifier_without_a_network_is_refused(explainer, pictures, classes, runtime):
    targets = np.zeros(pictures.shape[:3], np.float32)
    with pytest.raises(StudyError, match="this classifier has none"):
        target_map.manipulate(Classifier(None), explainer, pictures, classes, targets, target_map.Settings(), runtime)


def test_grad_cam_can_be_manipulated_too(classifier, pictures, classes, runtime):
    explainer = grad_cam.load(None, grad_cam.Settings(), runtime)
    found, targets = search(target_map, classifier, explainer, pictures[:4], classes[:4], runtime)
    before, after = (
        pearson(explainer.explain(classifier, each, classes[:4]).maps, targets) for each in (pictures[:4], found.images)
    )
    assert (after >= before - 1e-6).all()
    assert np.median(after - before) > 0.05
