"""A visible patch that fools the class and hides from Grad-CAM."""

import numpy as np
import pytest
import torch

from builder.errors import StudyError
from builder.explainers import grad_cam
from builder.manipulations import patch


@pytest.fixture(scope="module")
def explainer(runtime):
    return grad_cam.load(None, grad_cam.Settings(), runtime)


@pytest.fixture(scope="module")
def digits(labeled):
    return labeled("audit", 8).images


@pytest.fixture(scope="module")
def classes(classifier, digits):
    return classifier.probabilities(digits).argmax(axis=1)


@pytest.fixture(scope="module")
def patched(classifier, explainer, digits, classes, runtime):
    """With a patch, hidden or not."""
    return {
        hide: patch.manipulate(
            classifier, explainer, digits, classes, patch.Settings(steps=50, side=0.45, hide=hide), runtime
        )
        for hide in (0.0, 10.0)
    }


def test_the_share_on_the_patch_by_hand():
    maps = torch.tensor([[[1.0, 2, 0, 0], [0, -1, 0, 0], [0, 0, 0, 4], [0, 0, 0, 0]]])
    assert patch.on_patch(maps, 0.5).item() == pytest.approx(4 / 8)
    assert patch.on_patch(maps, 0.25).item() == pytest.approx(1 / 8)


@pytest.mark.parametrize("hide", [0.0, 10.0])
def test_a_patch_changes_the_class_and_nothing_outside_it(classifier, digits, classes, patched, hide):
    found = patched[hide]
    assert found.images.dtype == np.uint8
    assert found.reached.mean() >= 0.5
    said = classifier.probabilities(found.images).argmax(axis=1)
    assert ((said != classes) == found.reached).all()
    side = round(0.45 * 28)
    np.testing.assert_array_equal(found.images[:, side:], digits[:, side:])
    np.testing.assert_array_equal(found.images[:, :, side:], digits[:, :, side:])
    assert (found.images[~found.reached] == digits[~found.reached]).all()


def test_a_hidden_patch_has_less_of_the_map(classifier, explainer, patched):
    both = patched[0.0].reached & patched[10.0].reached

    def share(found):
        images = found.images[both]
        maps = explainer.explain(classifier, images, classifier.probabilities(images).argmax(axis=1)).maps
        assert (maps.max(axis=(1, 2)) > 0).all()
        return patch.on_patch(torch.from_numpy(maps), 0.45).numpy()

    plain, hidden = (share(patched[hide]) for hide in (0.0, 10.0))
    assert len(plain) >= 4
    assert hidden.mean() < 0.8 * plain.mean()
    assert (hidden < plain).mean() > 0.7


def test_a_target_is_the_class_that_is_reached(classifier, explainer, digits, classes, runtime):
    own = patch.Settings(steps=25, side=0.6, hide=1.0, target="8")
    found = patch.manipulate(classifier, explainer, digits, classes, own, runtime)
    said = classifier.probabilities(found.images).argmax(axis=1)
    assert found.reached.any()
    assert (said[found.reached] == 8).all()
    assert (found.images[classes == 8] == digits[classes == 8]).all()
    with pytest.raises(StudyError, match="no class '12'; it has: 0, 1"):
        patch.manipulate(classifier, explainer, digits, classes, patch.Settings(target="12"), runtime)
