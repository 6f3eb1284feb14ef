"""LIME, KernelSHAP and occlusion, which ask for answers alone: against lime, captum, and sums over all subsets."""

from itertools import permutations

import captum.attr
import numpy as np
import pytest
import torch
from lime.lime_base import LimeBase
from lime.lime_image import LimeImageExplainer
from scipy.stats import spearmanr
from skimage.measure import label
from sklearn.linear_model import LinearRegression

from builder import registry
from builder.errors import StudyError
from builder.explainers import kernel_shap, lime, occlusion, superpixels
from builder.explainers.surrogate import coalitions, shapley, sparse_linear
from tests.builder.explainers.networks import Classifier, convolutions, pictures, tensors

CLASSES = np.array([0, 1, 2, 3, 4])


class Answers:
    """A classifier without a network: a function of each image gives the probability of class 1."""

    network = None
    classes = ("no", "yes")
    micro_batch = 8

    def __init__(self, of_image):
        self.asked, self._of_image = [], of_image

    def probabilities(self, images):
        self.asked.append(len(images))
        yes = np.array([self._of_image(image) for image in images], np.float32)
        return np.stack([1 - yes, yes], axis=1)


def quarters(image):
    """The lightness of the four quarters, 0..1."""
    h, w = image.shape[0] // 2, image.shape[1] // 2
    parts = [image[:h, :w], image[:h, w:], image[h:, :w], image[h:, w:]]
    return np.array([part.mean() / 255 for part in parts])


def white(n=3, side=8):
    return np.full((n, side, side, 3), 255, np.uint8)


@pytest.mark.parametrize("name", ["lime", "kernel_shap", "occlusion"])
def test_of_a_linear_model_the_weights_are_its_own(runtime, name):
    """p = .1 a + .4 b - .2 c + .3 for the lightness of a white image's quarters, black where hidden."""
    classifier = Answers(lambda image: quarters(image) @ [0.1, 0.4, -0.2, 0.0] + 0.3)
    keys = {"grid": 2, "hidden": 0} | ({} if name == "occlusion" else {"superpixels": "grid"})
    module = registry.load("explainers", name)
    explained = module.load(None, module.Settings(**keys), runtime).explain(classifier, white(), np.array([1, 1, 0]))
    assert explained.maps.dtype == np.float32
    assert explained.segments.shape == (3, 8, 8)
    for found, sign in zip(explained.maps, (1, 1, -1), strict=True):
        wanted = np.kron(sign * np.array([[0.1, 0.4], [-0.2, 0.0]]), np.ones((4, 4)))
        np.testing.assert_allclose(found, wanted, atol=1e-6)


def game(image):
    """Neither linear nor symmetric in the quarters."""
    a, b, c, d = quarters(image).round()
    return 0.1 * a + 0.3 * a * b + 0.2 * max(c, d) + 0.25 * b * c * d


def exact_shapley(players, value):
    """The mean, over all orders in which players may come, of what each adds."""
    orders = list(permutations(range(players)))
    shares = np.zeros(players)
    for order in orders:
        present = np.zeros(players, bool)
        for player in order:
            before = value(present)
            present[player] = True
            shares[player] += value(present) - before
    return shares / len(orders)


def test_kernel_shap_is_the_shapley_values_of_a_small_game(runtime):
    own = kernel_shap.Settings(superpixels="grid", grid=2, hidden=0, samples=14)
    maps = kernel_shap.load(None, own, runtime).explain(Answers(game), white(1), np.array([1])).maps

    def value(present):
        return game(np.kron(present.reshape(2, 2), np.ones((4, 4)))[..., None].repeat(3, 2) * 255)

    wanted = exact_shapley(4, value)
    assert wanted.sum() == pytest.approx(0.85)
    np.testing.assert_allclose([maps[0, 0, 0], maps[0, 0, 7], maps[0, 7, 0], maps[0, 7, 7]], wanted, atol=1e-6)


def test_drawn_coalitions_come_near_the_shapley_values_and_add_up():
    rng = np.random.default_rng(0)
    pull = rng.normal(size=7)

    def value(present):
        return float(np.tanh(present @ pull) + present[0] * present[3])

    wanted = exact_shapley(7, value)
    shown, weights = coalitions(7, 120, np.random.default_rng(1))  # of the 126 there are
    assert shown.shape == (120, 7)
    assert (shown[:60] == ~shown[60:]).all()
    assert (shown.sum(axis=1) > 0).all()
    assert (shown.sum(axis=1) < 7).all()
    none, everything = value(np.zeros(7, bool)), value(np.ones(7, bool))
    found = shapley(shown, np.array([value(row) for row in shown]), weights, none, everything)
    assert found.sum() == pytest.approx(everything - none)
    np.testing.assert_allclose(found, wanted, atol=0.1)
    shown, weights = coalitions(7, 126, np.random.default_rng(1))
    found = shapley(shown, np.array([value(row) for row in shown]), weights, none, everything)
    np.testing.assert_allclose(found, wanted, atol=1e-9)
    # Many draws of many players: here of an additive game, which any draw gets right, with noise that none does.
    pull = rng.normal(size=40)
    shown, weights = coalitions(40, 2000, np.random.default_rng(2))
    noisy = shown @ pull + rng.normal(scale=0.1, size=2000)
    np.testing.assert_allclose(shapley(shown, noisy, weights, 0.0, pull.sum()), pull, atol=0.03)


def test_one_superpixel_has_all_of_the_difference(runtime):
    shown, weights = coalitions(1, 10, np.random.default_rng(0))
    assert shapley(shown, np.zeros(0), weights, 0.25, 1.0).tolist() == [0.75]


def test_a_sparse_linear_model_is_that_of_lime():
    rng = np.random.default_rng(4)
    shown = lime.versions(30, 400, 5)
    answers = shown @ rng.normal(size=30) + rng.normal(size=400)
    distances = 1 - np.sqrt(shown.mean(axis=1))
    base = LimeBase(lambda d: np.exp(-(d**2) / 0.25**2))
    _, wanted, _, _ = base.explain_instance_with_data(
        shown.astype(float), answers[:, None], distances, 0, 6, "lasso_path", LinearRegression()
    )
    weights = sparse_linear(shown.astype(float), answers, lime.kernel(shown, 0.25), 6)
    assert len(wanted) == 6
    assert np.flatnonzero(weights).tolist() == sorted(int(each) for each, _ in wanted)
    for each, weight in wanted:
        assert weights[each] == pytest.approx(weight, abs=1e-9)


def test_the_kernel_by_hand():
    """Of 4 superpixels: all shown, d = 0; one, 1 - sqrt(1/4) = 1/2; none, 1."""
    shown = np.array([[1, 1, 1, 1], [0, 1, 0, 0], [0, 0, 0, 0]], bool)
    assert lime.kernel(shown, 0.25).tolist() == pytest.approx([1, np.exp(-4), np.exp(-16)])


def test_limes_weights_come_near_those_of_the_package(runtime):
    """Other draws, the same segments and kernel: at 5,000 versions the ranks agree."""
    classifier, image = Classifier(convolutions()), pictures(1)
    own = lime.Settings(segments=20, samples=5000, features=2000)
    explained = lime.load(None, own, runtime).explain(classifier, image, np.array([0]))
    segments = explained.segments[0]
    package = LimeImageExplainer(kernel=lambda d, kernel_width: np.exp(-(d**2) / kernel_width**2), random_state=1)
    wanted = package.explain_instance(
        image[0],
        classifier.probabilities,
        labels=(0,),
        top_labels=None,
        hide_color=127,
        num_samples=5000,
        batch_size=500,
        segmentation_fn=lambda image: segments,
        random_seed=1,
    ).local_exp[0]
    weights = [explained.maps[0][segments == each][0] for each, _ in wanted]
    assert len(weights) == segments.max() + 1 >= 10
    assert spearmanr(weights, [weight for _, weight in wanted]).statistic > 0.95


def test_occlusion_agrees_with_captum(runtime):
    network, images = convolutions(), pictures()
    captums = captum.attr.Occlusion(lambda inputs: network(inputs).softmax(dim=1)).attribute(
        tensors(images), (3, 2, 2), (3, 2, 2), 127 / 255, torch.from_numpy(CLASSES)
    )
    found = occlusion.load(None, occlusion.Settings(), runtime).explain(Classifier(network), images, CLASSES)
    np.testing.assert_allclose(found.maps, captums[:, 0].detach().numpy(), atol=1e-6)
    assert np.abs(found.maps).max() > 0.01


@pytest.mark.parametrize("method", ["slic", "quickshift", "grid"])
def test_superpixels_are_numbered_from_0_and_each_is_in_one_piece(images, method):
    own = superpixels.Settings(superpixels=method)
    segments = superpixels.segment(images[0], own)
    assert segments.shape == (64, 64)
    assert segments.dtype == np.int32
    numbers = np.unique(segments)
    assert numbers.tolist() == list(range(len(numbers)))
    assert 3 < len(numbers) < 800
    assert label(segments, background=-1, connectivity=2).max() == len(numbers)
    np.testing.assert_array_equal(superpixels.segment(images[0], own), segments)


def test_a_grid_has_square_cells():
    assert superpixels.grid(4, 6, 3).tolist() == [
        [0, 0, 1, 1, 2, 2],
        [0, 0, 1, 1, 2, 2],
        [3, 3, 4, 4, 5, 5],
        [3, 3, 4, 4, 5, 5],
    ]
    assert superpixels.grid(3, 5, 2).tolist() == [[0, 0, 0, 1, 1]] * 3


@pytest.mark.parametrize("name", ["lime", "kernel_shap", "occlusion"])
def test_versions_of_all_images_fill_the_micro_batches(runtime, monkeypatch, name):
    classifier, images = Answers(lambda image: image.mean() / 255), pictures(3)
    monkeypatch.setattr(superpixels, "MOST_BYTES", 20 * images[0].nbytes)
    module = registry.load("explainers", name)
    own = module.Settings(**({} if name == "occlusion" else {"samples": 50}))
    module.load(None, own, runtime).explain(classifier, images, np.array([0, 1, 0]))
    *full, last = classifier.asked
    assert set(full) == {16}
    assert 0 < last <= 16
    assert sum(full) + last == {"lime": 3 * 50, "kernel_shap": 3 * 52, "occlusion": 3 * 50}[name]


@pytest.mark.parametrize("name", ["lime", "kernel_shap", "occlusion"])
def test_an_images_map_is_its_own(runtime, name):
    module = registry.load("explainers", name)
    own = module.Settings(**({} if name == "occlusion" else {"samples": 40, "segments": 12}))
    method, classifier, images = module.load(None, own, runtime), Classifier(convolutions()), pictures()
    together = method.explain(classifier, images, CLASSES)
    reverse = method.explain(classifier, images[::-1], CLASSES[::-1])
    np.testing.assert_array_equal(reverse.maps[::-1], together.maps)
    np.testing.assert_array_equal(reverse.segments[::-1], together.segments)
    assert together.maps.any(axis=(1, 2)).all()
    for segments, found in zip(together.segments, together.maps, strict=True):
        assert all(len(np.unique(found[segments == each])) == 1 for each in range(segments.max() + 1))


def test_lime_weighs_no_more_superpixels_than_asked(runtime):
    own = lime.Settings(samples=200, features=3)
    explained = lime.load(None, own, runtime).explain(Classifier(convolutions()), pictures(), CLASSES)
    for segments, found in zip(explained.segments, explained.maps, strict=True):
        assert 1 <= len(np.unique(segments[found != 0])) <= 3


@pytest.mark.parametrize("name", ["lime", "kernel_shap", "occlusion"])
def test_an_argument_is_refused(runtime, name):
    module = registry.load("explainers", name)
    with pytest.raises(StudyError, match=f"{name} takes no argument"):
        module.load("something", module.Settings(), runtime)
