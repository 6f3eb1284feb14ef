"""Explainers of rows against closed forms, `lime`, and Shapley values summed over all orders."""

import numpy as np
import pytest
import torch
from lime.lime_tabular import LimeTabularExplainer
from scipy.stats import spearmanr
from torch import nn

from builder.errors import StudyError
from builder.explainers.tables.gradient import TableGradient
from builder.explainers.tables.kernel_shap import Settings as KernelShapSettings
from builder.explainers.tables.kernel_shap import TableKernelShap
from builder.explainers.tables.lime import Settings as LimeSettings
from builder.explainers.tables.lime import TableLime
from tests.builder.explainers.test_superpixels import exact_shapley

CLASSES = np.array([1, 1, 0])


class Rule:
    """A classifier of rows without a network: a function of rows gives the probability of class 1."""

    network = None

    def __init__(self, of_rows):
        self._of_rows = of_rows

    def probabilities(self, rows):
        yes = self._of_rows(rows).astype(np.float32)
        return np.stack([1 - yes, yes], axis=1)


@pytest.fixture
def background():
    rng = np.random.default_rng(1)
    numbers = rng.normal([1, 2, 3, 4], [0.5, 1, 2, 4], (60, 4))
    return np.column_stack([numbers, rng.integers(0, 3, 60)]).astype(np.float32)


def test_of_a_linear_rule_limes_weights_are_its_slopes_times_the_deviations(background):
    slopes = np.array([0.02, -0.05, 0.01, 0.03])
    rule = Rule(lambda rows: 0.3 + rows[:, :4].astype(np.float64) @ slopes + 0.1 * (rows[:, 4] == 2))
    rows = np.array([[1, 2, 3, 4, 2], [0, 0, 0, 0, 2], [2, 1, 2, 1, 2]], np.float32)
    weights = TableLime(LimeSettings(samples=500), background, categorical=[4]).explain(rule, rows, CLASSES)
    wanted = np.append(slopes * background[:, :4].std(axis=0), 0.1)
    np.testing.assert_allclose(weights, np.outer([1, 1, -1], wanted), atol=1e-5)


def test_lime_comes_near_the_package(background):
    rng = np.random.default_rng(5)
    pull = rng.normal(size=5)
    rule = Rule(lambda rows: 1 / (1 + np.exp(-(np.tanh(rows - [1, 2, 3, 4, 1]) @ pull))))
    package = LimeTabularExplainer(
        background,
        discretize_continuous=False,
        categorical_features=[4],
        kernel=lambda d, kernel_width: np.exp(-(d**2) / kernel_width**2),
        kernel_width=0.75 * np.sqrt(5),
        random_state=3,
    )
    method = TableLime(LimeSettings(samples=20_000), background, categorical=[4])
    (weights,) = method.explain(rule, background[:1], np.array([1]))
    local = package.explain_instance(background[0], rule.probabilities, num_samples=20_000).local_exp[1]
    wanted = np.zeros(5)
    for column, weight in local:
        wanted[column] = weight
    assert spearmanr(weights, wanted).statistic > 0.95
    np.testing.assert_allclose(weights, wanted, atol=0.02)


def test_kernel_shap_is_the_shapley_values(background):
    rule = Rule(lambda rows: 1 / (1 + np.exp(-(rows[:, 0] * rows[:, 1] - rows[:, 2] + (rows[:, 4] == 1)))))
    rows, background = background[:2], background[2:22]
    weights = TableKernelShap(KernelShapSettings(), background).explain(rule, rows, np.array([1, 0]))

    def value(present):
        return float(rule.probabilities(np.where(present, rows[0], background))[:, 1].mean())

    np.testing.assert_allclose(weights[0], exact_shapley(5, value), atol=1e-6)
    assert weights[0][3] == pytest.approx(0, abs=1e-6)  # the column that the rule does not read
    whole = rule.probabilities(rows)[1, 0] - rule.probabilities(background)[:, 0].mean()
    assert weights[1].sum() == pytest.approx(whole, abs=1e-6)


def test_kernel_shap_of_many_columns_is_drawn_and_right_for_a_linear_rule():
    rng = np.random.default_rng(2)
    slopes, background = rng.normal(size=30) / 100, rng.normal(size=(10, 30)).astype(np.float32)
    rule = Rule(lambda rows: 0.5 + rows.astype(np.float64) @ slopes)
    row = rng.normal(size=(1, 30)).astype(np.float32)
    weights = TableKernelShap(KernelShapSettings(samples=300), background).explain(rule, row, np.array([1]))
    np.testing.assert_allclose(weights[0], slopes * (row[0] - background.mean(axis=0)), atol=1e-5)


def test_the_gradient_is_the_slope_of_the_logit():
    network = nn.Linear(3, 2)
    network.weight.data.copy_(torch.tensor([[1.0, 2.0, 3.0], [-1.0, 0.0, 4.0]]))
    rule = Rule(None)
    rule.network = network
    rows = np.zeros((3, 3), np.float32)
    assert TableGradient().explain(rule, rows, CLASSES).tolist() == [[-1, 0, 4], [-1, 0, 4], [1, 2, 3]]
    with pytest.raises(StudyError, match="has none"):
        TableGradient().explain(Rule(None), rows, CLASSES)


@pytest.mark.parametrize("method", [TableLime, TableKernelShap])
def test_a_rows_weights_are_its_own(background, method):
    rule = Rule(lambda rows: 1 / (1 + np.exp(-np.tanh(rows).sum(axis=1))))
    own = LimeSettings(samples=100, features=3) if method is TableLime else KernelShapSettings(samples=20)
    explainer, classes = method(own, background), np.arange(10) % 2
    weights = explainer.explain(rule, background[:10], classes)
    assert weights.dtype == np.float32
    np.testing.assert_array_equal(explainer.explain(rule, background[9:4:-1], classes[9:4:-1]), weights[9:4:-1])
    if method is TableLime:
        assert set((weights != 0).sum(axis=1)) <= {1, 2, 3}
