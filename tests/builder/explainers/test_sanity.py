"""Sanity checks: of networks by hand, of the trained network of digits, of a table."""

import numpy as np
import pytest
import torch
from skimage.filters import sobel
from torch import nn

from builder import registry
from builder.classifiers import digits
from builder.errors import StudyError
from builder.explainers import Explanations, sanity
from builder.explainers.measures.maps import MAP_MEASURES
from builder.explainers.tables.gradient import TableGradient
from builder.explainers.tables.kernel_shap import Settings as KernelShapSettings
from builder.explainers.tables.kernel_shap import TableKernelShap
from builder.explainers.tables.lime import Settings as LimeSettings
from builder.explainers.tables.lime import TableLime

MEASURES = {measure.name: measure for measure in MAP_MEASURES}
SPEARMAN = MEASURES["spearman"]


@pytest.fixture(scope="module")
def classifier(runtime):
    return digits.CNN.load(None, digits.CNN.Settings(), runtime)


@pytest.fixture(scope="module")
def hundred(runtime):
    """100 digits that the classifier has not seen."""
    module = registry.load("images", "mnist-5k")
    source = module.load("audit", module.Settings(), runtime)
    return np.stack([source.image(row) for row in range(0, source.rows(), source.rows() // 100)])


def small():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Sequential(nn.Linear(4, 4), nn.ReLU()), nn.Linear(4, 2))


def same(network, other):
    """Of each layer, whether its weights are those of the other network."""
    return [
        torch.equal(network.get_submodule(name).weight, other.get_submodule(name).weight)
        for name in sanity.layers(network)
    ]


def test_layers_go_from_the_output_to_the_input():
    assert sanity.layers(small()) == ["3", "2.0", "0"]


def test_drawn_layers_leave_the_others_and_the_network_as_they_are():
    network, before = small(), torch.random.get_rng_state()
    drawn = sanity.randomized(network, ["2.0"], 1)
    assert same(network, drawn) == [True, False, True]
    assert same(drawn, sanity.randomized(network, ["2.0", "3"], 1)) == [False, True, True]
    assert same(drawn, sanity.randomized(network, ["2.0"], 2)) == [True, False, True]
    assert torch.equal(torch.random.get_rng_state(), before)
    assert drawn.get_submodule("2.0").weight.abs().max() <= 0.5  # torch draws from +-1/sqrt(4)
    network.weight = nn.Parameter(torch.ones(1))
    with pytest.raises(StudyError, match="does not know how its weights are drawn"):
        sanity.randomized(network, [""], 1)


@pytest.mark.parametrize(
    ("mode", "wanted"),
    [
        ("cascading", [[False, True, True], [False, False, True], [False, False, False]]),
        ("independent", [[False, True, True], [True, False, True], [True, True, False]]),
    ],
)
def test_the_two_ways_to_draw_layers(mode, wanted):
    network, seen = small(), []

    def explain(other):
        seen.append(same(network, other))
        return np.random.default_rng(len(seen)).normal(size=(5, 4, 4)).astype(np.float32)

    curve = sanity.model_randomization(explain, network, SPEARMAN, mode)
    assert seen == [[True, True, True], *wanted]
    assert list(curve) == ["3", "2.0", "0"]
    assert [len(values) for values in curve.values()] == [5, 5, 5]


class Edges:
    """What an edge detector would be as an explainer."""

    micro_batch = None

    def explain(self, classifier, images, classes):
        return Explanations(sanity.edges(images))


def curve(explainer, classifier, images, classes, runtime, measure=SPEARMAN):
    explain = sanity.of_images(explainer, classifier, images, classes, runtime)
    values = sanity.model_randomization(explain, classifier.network, measure)
    return [float(np.nanmean(each)) for each in values.values()]


def load(name, runtime):
    module = registry.load("explainers", name)
    return module.load(None, module.Settings(), runtime)


def test_an_edge_detector_does_not_see_the_network(classifier, hundred, runtime):
    classes = classifier.probabilities(hundred).argmax(axis=1)
    assert curve(Edges(), classifier, hundred, classes, runtime) == pytest.approx([1, 1, 1, 1])
    np.testing.assert_allclose(sanity.edges(hundred)[0], sobel(hundred[0, :, :, 0] / 255), atol=1e-6)


def test_the_gradient_falls_over_the_cascade_and_guided_backpropagation_lags_behind(classifier, hundred, runtime):
    """Of each network's own answer: .51 to .01 with the gradient (seed 0)."""
    gradient, guided = (
        curve(load(name, runtime), classifier, hundred, None, runtime)
        for name in ("gradient", "guided_backpropagation")
    )
    assert gradient[0] > 0.3
    assert abs(gradient[-1]) < 0.1
    assert all(slow > fast + 0.2 for slow, fast in zip(guided, gradient, strict=True))
    assert guided[0] > 0.8
    # Of one and the same class, the sign is gone as soon as the output's weights are drawn.
    classes = classifier.probabilities(hundred).argmax(axis=1)
    assert max(map(abs, curve(load("gradient", runtime), classifier, hundred, classes, runtime))) < 0.1


def test_explainers_that_ask_for_answers_alone_are_checked_too(classifier, hundred, runtime):
    classes = classifier.probabilities(hundred).argmax(axis=1)
    assert abs(curve(load("occlusion", runtime), classifier, hundred[::4], classes[::4], runtime)[-1]) < 0.1


@pytest.mark.slow
def test_maps_of_a_network_that_was_trained_on_permuted_labels_are_others(classifier, hundred, runtime):
    recipe = digits.Recipe(per_class=5, steps=200, dropout=0.0, weight_decay=0.0, shift=0)
    images, labels = digits._first_digits(5)
    networks = []
    for seed in (None, 1):
        network = digits.untrained(0.0).eval()
        network.load_state_dict(digits.train(recipe, seed))
        known = labels if seed is None else torch.from_numpy(np.random.default_rng(seed).permutation(labels.numpy()))
        assert (network(images).argmax(dim=1) == known).float().mean() > 0.95
        networks.append(digits.for_rgb(network))
    classes = classifier.probabilities(hundred).argmax(axis=1)
    explain = sanity.of_images(load("gradient", runtime), classifier, hundred, classes, runtime)
    assert abs(np.nanmean(sanity.label_randomization(explain, *networks, SPEARMAN))) < 0.1
    assert np.nanmean(sanity.label_randomization(explain, networks[0], networks[0], SPEARMAN)) == pytest.approx(1)


def trained_on(rows, labels):
    """A small network that knows the labels of the rows."""
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(rows.shape[1], 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2))
    optimizer = torch.optim.Adam(network.parameters(), 3e-3)
    for _ in range(300):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(network(torch.from_numpy(rows)), torch.from_numpy(labels))
        loss.backward()
        optimizer.step()
    assert (network(torch.from_numpy(rows)).argmax(dim=1).numpy() == labels).mean() > 0.95
    return network.eval()


def test_explainers_of_rows_pass_both_checks():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(200, 12)).astype(np.float32)
    labels = (rows[:, 0] + rows[:, 1] - rows[:, 2] > 0).astype(np.int64)
    trained, permuted = trained_on(rows, labels), trained_on(rows, rng.permutation(labels))
    explained, classes = rows[:12], labels[:12]
    explainers = (
        TableGradient(),
        TableLime(LimeSettings(samples=150, features=12), rows),
        TableKernelShap(KernelShapSettings(samples=150), rows[:20]),
    )
    for explainer in explainers:
        explain = sanity.of_rows(explainer, explained, classes)
        values = list(sanity.model_randomization(explain, trained, MEASURES["pearson"]).values())
        assert abs(values[-1].mean()) < 0.4
        assert abs(sanity.label_randomization(explain, trained, permuted, MEASURES["pearson"]).mean()) < 0.4
        again = sanity.label_randomization(explain, trained, trained, MEASURES["pearson"])
        assert again.mean() == pytest.approx(1)


def test_layers_that_are_looked_at_are_spread_from_the_output_to_the_input():
    network = nn.Sequential(*(nn.Linear(2, 2) for _ in range(9)))
    assert sanity.spread(network, 3) == ["8", "4", "0"]
    assert sanity.spread(network, 1) == ["8"]
    assert sanity.spread(network, 99) == sanity.layers(network)
