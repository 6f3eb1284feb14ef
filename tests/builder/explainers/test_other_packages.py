"""Explainers, measures and sanity checks against shap and quantus, where they do what their papers say."""

import copy

import numpy as np
import pytest
import quantus
import shap
import torch
from quantus.functions.similarity_func import correlation_pearson, correlation_spearman
from torch import nn

from builder.explainers import sanity
from builder.explainers.measures.faithfulness import aopc
from builder.explainers.measures.maps import MAP_MEASURES, absolute
from builder.explainers.tables.gradient import TableGradient
from builder.explainers.tables.kernel_shap import Settings, TableKernelShap
from tests.builder.explainers.test_sanity import same
from tests.builder.explainers.test_superpixels import Answers
from tests.builder.explainers.test_tables import Rule

MEASURES = {measure.name: measure for measure in MAP_MEASURES}


@pytest.mark.parametrize("columns", [5, 9])
def test_kernel_shap_agrees_with_the_package(columns):
    """All coalitions are seen, by ours and by the package, without its choice of columns."""
    rng = np.random.default_rng(columns)
    pull, pairs = rng.normal(size=columns), rng.normal(size=(columns, columns)) / columns
    rule = Rule(lambda rows: 1 / (1 + np.exp(-(rows @ pull + np.einsum("ni,ij,nj->n", rows, pairs, rows)))))
    background, rows = (rng.normal(size=(count, columns)).astype(np.float32) for count in (15, 3))
    classes = np.array([0, 1, 1])
    package = shap.KernelExplainer(lambda each: rule.probabilities(each.astype(np.float32)), background)
    values = package.shap_values(rows, nsamples=2**columns, l1_reg=False, silent=True)
    weights = TableKernelShap(Settings(), background).explain(rule, rows, classes)
    np.testing.assert_allclose(weights, values[np.arange(3), :, classes], atol=1e-5)
    assert np.abs(weights).max() > 0.1


def test_correlations_agree_with_quantus():
    rng = np.random.default_rng(0)
    first = rng.normal(size=(5, 9, 7)).round(1).astype(np.float32)  # with equal values
    second = (first + rng.normal(size=first.shape)).round(1).astype(np.float32)
    flat = [each.reshape(5, -1) for each in (first, second)]
    for name, theirs in (("spearman", correlation_spearman), ("pearson", correlation_pearson)):
        values = MEASURES[name].between(first, second)
        np.testing.assert_allclose(values, theirs(*flat, batched=True), atol=1e-6)
        assert values.max() < 0.9


def test_aopc_agrees_with_the_region_perturbation_of_quantus():
    """Of a linear network, whose answer is its first logit; quantus leaves out the first step, which perturbs
    nothing.
    """
    rng = np.random.default_rng(3)
    images = rng.integers(0, 256, (3, 8, 8, 3), np.uint8)
    weights = rng.normal(size=images.shape[1:]) / 1000
    maps = rng.normal(size=(3, 8, 8)).astype(np.float32)
    noise = np.random.default_rng(7).integers(0, 256, images.shape[1:], np.uint8)  # of the seed below

    def covered(arr, indices, **keys):
        changed, flat = arr.copy(), noise.transpose(2, 0, 1).reshape(-1).astype(np.float32)
        rows = np.arange(len(arr))[:, None]
        for channel in range(3):  # quantus knows a patch's pixels by their place in one channel, or in all
            places = indices % 64 + 64 * channel
            changed[rows, places] = flat[places]
        return changed

    network = nn.Sequential(nn.Flatten(), nn.Linear(192, 2, bias=False))
    with torch.no_grad():
        network[1].weight.copy_(torch.from_numpy(np.stack([weights.transpose(2, 0, 1).ravel(), 0 * weights.ravel()])))
    perturbation = quantus.RegionPerturbation(
        patch_size=2, regions_evaluation=15, normalise=False, perturb_func=covered, disable_warnings=True
    )
    drops = perturbation(
        model=network.eval(),
        x_batch=images.transpose(0, 3, 1, 2).astype(np.float32),
        y_batch=np.zeros(3, np.int64),
        a_batch=maps[:, None],
        softmax=False,
    )
    own = aopc(
        Answers(lambda image: float((image * weights).sum())), images, np.ones(3, np.int64), maps, cells=4, seed=7
    )
    np.testing.assert_allclose(own, np.sum(drops, axis=1) / 16, atol=1e-5)
    assert np.abs(own).max() > 0.01


@pytest.mark.parametrize(("mode", "order"), [("cascading", "top_down"), ("independent", "independent")])
def test_sanity_checks_agree_with_quantus(monkeypatch, mode, order):
    """The same layers have other weights, and of the same networks the same likeness is found."""
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 3)).eval()
    rows, classes = torch.randn(8, 6).numpy(), np.array([0, 1, 2, 0, 1, 2, 0, 1])
    explain, seen = sanity.of_rows(TableGradient(), rows, classes), []

    def explained(model, inputs, targets, **keys):
        seen.append(copy.deepcopy(model))
        return explain(model)

    check = quantus.MPRT(layer_order=order, normalise=False, abs=True, disable_warnings=True)
    scores = check(
        network, rows[:, None], classes, a_batch=explain(network), explain_func=explained, channel_first=True
    )
    # The first one is the network as it is; the others go from the output on, or where they are independent to it.
    theirs = iter(seen[1:] if mode == "cascading" else seen[:0:-1])
    layers = []

    def randomized(own, names, seed):
        other = next(theirs)
        changed = [name for name, equal in zip(sanity.layers(own), same(own, other), strict=True) if not equal]
        layers.append((list(names), changed))
        return other

    monkeypatch.setattr(sanity, "randomized", randomized)
    curve = sanity.model_randomization(explain, network, absolute(MEASURES["spearman"]), mode)
    assert {*curve} == {*scores} - {"original"} == {"4", "2", "0"}
    for name, values in curve.items():
        np.testing.assert_allclose(values, scores[name], atol=1e-6)
    assert all(own == other for own, other in layers)
    assert next(theirs, None) is None
