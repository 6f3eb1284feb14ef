"""Batches of sanity checks of explainers of rows."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from builder.errors import BuildError
from builder.explainers.tables.network import NetworkRows
from builder.manipulations import conceal
from builder.manipulations.table import synthetic
from builder.runtime import Runtime
from builder.studies.explanation import row_checks
from builder.studies.explanation.models import load_models
from builder.studies.explanation.pipeline import build_batch
from builder.studies.explanation.publish import outcomes
from builder.studies.explanation.row_checks import memorizing
from builder.studies.explanation.study import explanation
from tests.builder.studies.explanation.test_pipeline import small
from tests.builder.studies.explanation.test_study import check_of, explainers

EXPLAINERS = ["gradient", "lime", "kernel_shap"]


@pytest.fixture(scope="module")
def tables(runtime: Runtime) -> list[dict]:
    """A batch of the cascade and one of permuted labels of rows, and one of the cascade of digits."""
    checks = [
        *check_of("cascading", "row_model"),
        *check_of("labels", "row_model"),
        *check_of("cascading", "digits_cnn"),
    ]
    own = explanation(small("explainers", explainers=explainers("gradient"), checks=checks))
    models = load_models(own, runtime)
    return [build_batch(own, models, batch).tables for batch in range(3)]


def mean(tables: dict, explainer: str, place: int) -> float:
    (row,) = [
        row
        for row in tables["sanity"].to_pylist()
        if (row["explainer"], row["place"], row["measure"]) == (explainer, place, "spearman")
    ]
    return row["mean"]


def test_the_cascade_of_a_table_has_a_row_per_layer_explainer_and_measure(tables):
    rows = tables[0]["sanity"].to_pylist()
    assert {(row["place"], row["layer"], row["network"]) for row in rows} == {
        (1, "4", "drawn"),
        (2, "2", "drawn"),
        (3, "0", "drawn"),
    }
    assert list(dict.fromkeys(row["explainer"] for row in rows)) == EXPLAINERS
    assert {row["classifier"] for row in rows} == {"row_model"}
    assert {row["pictures"] for row in rows} == {3}
    assert {row["measure"] for row in rows} == {
        *("spearman", "pearson", "mse"),
        *("spearman_absolute", "pearson_absolute", "mse_absolute"),
    }
    for name in EXPLAINERS:
        assert mean(tables[0], name, 3) < 0.9


def test_means_are_of_the_published_weights(tables):
    """By scipy, of the weights in the table `maps`."""
    by_network: dict[tuple, dict[str, np.ndarray]] = {}
    for row in tables[0]["maps"].to_pylist():
        if row["explainer"] == "kernel_shap":
            by_network.setdefault((row["network"], row["layer"]), {})[row["image_id"]] = np.array(row["map"][0])
    trained, replaced = by_network["trained", None], by_network["drawn", "0"]
    assert len(trained) == 3
    values = [spearmanr(trained[key], replaced[key]).statistic for key in trained]
    assert mean(tables[0], "kernel_shap", 3) == pytest.approx(np.mean(values), abs=1e-6)


def test_permuted_labels_take_the_place_of_a_network_that_knows_rows_by_heart(tables):
    rows = tables[1]["sanity"].to_pylist()
    assert {(row["network"], row["place"], row["layer"]) for row in rows} == {("permuted", 0, None)}
    assert {row["network"] for row in tables[1]["maps"].to_pylist()} == {"memorized", "permuted"}
    assert all(mean(tables[1], name, 0) < 0.9 for name in EXPLAINERS)
    assert {row["task"] for row in tables[1]["items"].to_pylist()} == {"likeness"}


def test_the_card_tells_classifiers_apart(tables):
    """Rows have three layers and digits four: each has a last one of its own."""
    both = tables[0]["sanity"].to_pylist() + tables[2]["sanity"].to_pylist()
    told = outcomes(tables[0]["sanity"].from_pylist(both))
    assert [(each.classifier, each.explainer) for each in told] == [
        *(("row_model", name) for name in EXPLAINERS),
        ("digits_cnn", "gradient"),
        ("digits_cnn", "edges"),
    ]
    assert told[0].means[0] == pytest.approx(mean(tables[0], "gradient", 3))
    assert told[-1].means == [1, 1]


def test_equal_rows_are_known_once_and_what_cannot_be_known_is_an_error(monkeypatch):
    table = synthetic(0, 300)
    twice = table.split(0, 0.5)[0]
    own = conceal.Settings()
    network = memorizing(twice, own, 1)
    assert sum(each.numel() for each in network.parameters()) == (8 + 1) * 128 + 129 * 128 + 129 * 2
    labels = np.random.default_rng(1).permutation(
        twice.labels[np.sort(np.unique(twice.rows, axis=0, return_index=True)[1])]
    )
    known = NetworkRows(network).probabilities(twice.rows).argmax(axis=1)
    assert (known == labels).mean() >= 0.95
    monkeypatch.setitem(row_checks.LEARNING, "epochs", 1)
    with pytest.raises(BuildError, match="by heart, which takes 95%; name columns"):
        memorizing(twice, own, 1)
