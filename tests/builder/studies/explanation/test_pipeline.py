"""Batches of small studies: what is compared, what is drawn, what the tables say."""

from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import stats

from builder.runtime import Runtime
from builder.studies.explanation.compare import MEASURES, Source, Stored, compare, couples_of
from builder.studies.explanation.models import Models, load_models
from builder.studies.explanation.pipeline import build_batch
from builder.studies.explanation.schema import KINDS
from builder.studies.explanation.study import ExplanationStudy, explanation
from loading_script.untrusted.png import decode_rgb
from tests.builder.studies.explanation.test_study import COLORS, check_of, explainers, pictures, study


def small(check: str, **changes) -> ExplanationStudy:
    keys = {
        "images_per_batch": 3,
        "items": 6,
        "controls": 2,
        "explainers": explainers("gradient", "grad_cam"),
        "checks": [{"check": check, "classifier": "digits_cnn", "layers": 2}],
    }
    return explanation(study(**keys | changes))


def rows(own: ExplanationStudy, models: Models, batch: int = 0) -> dict[str, list[dict]]:
    return {name: table.to_pylist() for name, table in build_batch(own, models, batch).tables.items()}


@pytest.fixture(scope="module")
def cascading(runtime: Runtime) -> dict[str, list[dict]]:
    own = small("cascading")
    return rows(own, load_models(own, runtime))


def stored(row: dict) -> np.ndarray:
    return np.array(row["map"], np.float64)


def test_maps_are_stored_by_their_largest_value():
    maps = np.array([[[2.0, -8.0], [0.0, 1.0]], [[0.0, 0.0], [0.0, 0.0]]], np.float32)
    made = Stored.of(maps)
    assert made.halves.dtype == np.float16
    assert made.scales.tolist() == [8, 0]
    np.testing.assert_array_equal(made.maps[0], [[0.25, -1], [0, 0.125]])
    np.testing.assert_array_equal(made.maps[1], np.zeros((2, 2)))


def test_every_two_are_compared_once_by_every_measure():
    sources = [Source(name, "trained") for name in ("a", "b", "c")]
    assert [(first.explainer, second.explainer) for first, second in couples_of(sources)] == [
        ("a", "b"),
        ("a", "c"),
        ("b", "c"),
    ]
    maps = Stored.of(np.random.default_rng(0).normal(size=(2, 16, 16)).astype(np.float32))
    (same,) = compare({sources[0]: maps}, [(sources[0], sources[0])])
    assert list(same.values) == [each.name for each in MEASURES]
    for measure in MEASURES:
        np.testing.assert_allclose(same.values[measure.name], 0 if measure.alike == "low" else 1, atol=1e-12)


def test_a_cascade_compares_the_trained_network_with_drawn_ones(cascading):
    """Two explainers, the edge detector, two of four layers, three pictures, eleven measures."""
    assert len(cascading["maps"]) == (2 * 3 + 1) * 3
    assert len(cascading["sanity"]) == 3 * 2 * 11
    of_layers = {(row["layer"], row["place"]) for row in cascading["sanity"]}
    assert of_layers == {("11", 1), ("0", 4)}
    networks = {(row["network"], row["layer"]) for row in cascading["maps"]}
    assert networks == {("none", None), ("trained", None), ("drawn", "11"), ("drawn", "0")}
    edges = [row["mean"] for row in cascading["sanity"] if row["explainer"] == "edges" and row["measure"] == "spearman"]
    assert edges == [1, 1]
    changed = [
        row["mean"] for row in cascading["sanity"] if (row["explainer"], row["measure"]) == ("gradient", "spearman")
    ]
    assert all(abs(value) < 0.5 for value in changed)


def test_comparisons_are_of_the_maps_that_they_name(cascading):
    maps = {row["map_id"]: row for row in cascading["maps"]}
    wanted = {
        "spearman": lambda a, b: stats.spearmanr(a.ravel(), b.ravel()).statistic,
        "pearson_absolute": lambda a, b: stats.pearsonr(np.abs(a).ravel(), np.abs(b).ravel()).statistic,
        "mse": lambda a, b: np.mean((a - b) ** 2),
    }
    seen = 0
    for row in cascading["comparisons"]:
        first, second = maps[row["first_map"]], maps[row["second_map"]]
        assert first["image_id"] == second["image_id"] == row["image_id"]
        assert second["layer"] == (row["layer"] if row["explainer"] != "edges" else None) or row["item_id"]
        if row["measure"] in wanted:
            value = wanted[row["measure"]](stored(first), stored(second))
            assert (row["value"] is None and np.isnan(value)) or row["value"] == pytest.approx(value, abs=1e-9)
            seen += 1
    assert seen >= 3 * 3 * 2 * 3


def test_sanity_is_the_mean_of_the_comparisons(cascading):
    for row in cascading["sanity"]:
        values = [
            each["value"]
            for each in cascading["comparisons"]
            if (each["explainer"], each["place"], each["measure"]) == (row["explainer"], row["place"], row["measure"])
        ]
        known = [value for value in values if value is not None]
        assert (row["pictures"], row["defined"]) == (3, len(known))
        assert row["mean"] is None if not known else row["mean"] == pytest.approx(np.mean(known))


def test_maps_are_of_the_stored_pictures_and_views_of_the_stored_maps(cascading, runtime: Runtime):
    """The gradient of the class's logit, by torch alone."""
    own = small("cascading")
    network = load_models(own, runtime).classifiers["digits_cnn"].network
    pictures_of = {row["image_id"]: np.asarray(decode_rgb(row["image"]["bytes"])) for row in cascading["images"]}
    for row in (row for row in cascading["maps"] if (row["explainer"], row["network"]) == ("gradient", "trained")):
        pixels = torch.tensor(pictures_of[row["image_id"]] / np.float32(255)).permute(2, 0, 1)[None].requires_grad_()
        logits = network(pixels)
        slopes = torch.autograd.grad(logits[0, logits.argmax()], pixels)[0].sum(dim=1)[0].numpy()
        np.testing.assert_allclose(stored(row) * row["scale"], slopes, atol=1e-3 * row["scale"])
        gray = np.asarray(decode_rgb(row["absolute"]["bytes"]))
        np.testing.assert_array_equal(gray, np.rint(255 * np.abs(stored(row)))[..., None].repeat(3, axis=2))
        diverging = np.asarray(decode_rgb(row["diverging"]["bytes"])).astype(int)
        clear = np.abs(stored(row)) > 0.05
        np.testing.assert_array_equal((diverging[..., 0] > diverging[..., 2])[clear], (stored(row) > 0)[clear])


def test_items_show_two_maps_of_a_picture_and_controls_one_twice(cascading):
    images = {row["image_id"]: row for row in cascading["images"]}
    maps = {row["map_id"]: row for row in cascading["maps"]}
    items = cascading["items"]
    assert [KINDS[row["kind"]] for row in items] == 6 * ["cascading"] + 2 * ["control"]
    for item in items:
        for side in ("image", "first", "second"):
            assert item[side]["bytes"] == images[item[f"{side}_id"]]["image"]["bytes"]
        first, second = (maps[images[item[f"{side}_id"]]["map_id"]] for side in ("first", "second"))
        assert item["first"]["bytes"] == first["absolute"]["bytes"]
        assert first["network"] == "trained"
        control = KINDS[item["kind"]] == "control"
        assert (item["first_id"] == item["second_id"]) == control
        assert second["network"] == ("trained" if control else "drawn")
        assert second["layer"] == item["layer"]
        assert item["explainer"] == item["other_explainer"] == first["explainer"] != "edges"
        compared = {
            row["measure"]: row["value"] for row in cascading["comparisons"] if row["item_id"] == item["item_id"]
        }
        assert compared == {each.name: item[each.name] for each in MEASURES}
    assert len({item["item_id"] for item in items}) == 8
    shown = {item[f"{side}_id"] for item in items for side in ("image", "first", "second")}
    assert shown <= images.keys()
    assert {row["image_id"] for row in cascading["images"] if row["map_id"] is None} == {
        row["image_id"] for row in maps.values()
    }


def test_each_batch_has_other_pictures_and_draws_other_weights(cascading, runtime: Runtime):
    own = small("cascading")
    models = load_models(own, runtime)
    again, other = rows(own, models), rows(own, models, batch=1)
    assert again == cascading
    assert not {row["row"] for row in other["items"]} & {row["row"] for row in cascading["items"]}
    swapped = own.model_copy(update={"items": 9})
    more = {row["item_id"] for row in rows(swapped, models)["items"]}
    assert {row["item_id"] for row in cascading["items"]} < more


def test_alone_drawn_layers_leave_those_before_them(runtime: Runtime):
    """In the last of the chosen layers, the one at the input, all others are as they were trained."""
    own = small("independent", explainers=explainers("gradient"))
    models = load_models(own, runtime)
    made = rows(own, models)
    assert {row["check"] for row in made["comparisons"]} == {"independent"}
    cascade = rows(small("cascading", explainers=explainers("gradient")), models)
    first = {row["map_id"]: row["map"] for row in made["maps"] if row["layer"] == "11"}
    assert first == {row["map_id"]: row["map"] for row in cascade["maps"] if row["layer"] == "11"}
    assert [row["map"] for row in made["maps"] if row["layer"] == "0"] != [
        row["map"] for row in cascade["maps"] if row["layer"] == "0"
    ]


def test_explainers_are_compared_with_one_another_and_with_the_edges(runtime: Runtime):
    own = small("explainers")
    made = rows(own, load_models(own, runtime))
    couples = {(row["explainer"], row["other_explainer"]) for row in made["comparisons"] if row["measure"] == "mse"}
    assert couples - {("gradient", "gradient"), ("grad_cam", "grad_cam")} == {
        ("gradient", "grad_cam"),
        ("gradient", "edges"),
        ("grad_cam", "edges"),
    }
    assert made["sanity"] == []
    assert {KINDS[row["kind"]] for row in made["items"]} == {"explainers", "control"}


def test_photographs_and_their_classifier_are_named_by_keys(runtime: Runtime):
    lite0 = {"name": "lite0", "model": "efficientnet-lite0"}
    keys = {"images": {"model": "imagenet-samples"}, "images_per_batch": 1, "checks": check_of("explainers", "lite0")}
    own = small("explainers", classifiers=[lite0], **keys)
    models = load_models(own, runtime)
    assert models.source.rows() == 20
    made = rows(own, models)
    assert {row["explainer"] for row in made["maps"]} == {"gradient", "grad_cam", "edges"}
    assert all(stored(row).shape == (224, 224) and row["scale"] > 0 for row in made["maps"])
    assert {row["class"] for row in made["items"]} <= set(models.source.classes)


def test_a_network_of_permuted_labels_stands_against_one_that_knows_the_labels(runtime: Runtime):
    own = small("labels", explainers=explainers("gradient"))
    made = rows(own, load_models(own, runtime))
    assert {row["network"] for row in made["maps"]} == {"none", "memorized", "permuted"}
    of_gradient = {row["measure"]: row for row in made["sanity"] if row["explainer"] == "gradient"}
    assert (of_gradient["spearman"]["network"], of_gradient["spearman"]["place"]) == ("permuted", 0)
    assert abs(of_gradient["spearman"]["mean"]) < 0.3
    compared = [row["explainer"] for row in made["comparisons"] if row["measure"] == "mse" and row["item_id"] is None]
    assert compared.count("edges") == 3


def test_a_model_without_a_network_is_explained_by_what_asks_for_answers_alone(tmp_path: Path, runtime: Runtime):
    pytest.importorskip("onnxruntime")
    images = pictures(tmp_path / "noise", 2)
    few = [
        {"name": "lime", "model": "lime", "samples": 50, "superpixels": "grid", "grid": 4},
        {"name": "kernel_shap", "model": "kernel_shap", "samples": 50, "superpixels": "grid", "grid": 4},
        {"name": "occlusion", "model": "occlusion", "grid": 4},
    ]
    own = small("explainers", explainers=few, classifiers=[COLORS], checks=check_of("explainers"), images=images)
    models = load_models(own, runtime)
    assert models.micro_batches().keys() == {"colors"}
    made = rows(own, models)
    assert len(made["maps"]) == (3 + 1) * 2
    assert all(row["scale"] > 0 for row in made["maps"])
    assert {row["class"] for row in made["items"]} <= {"red", "green", "blue"}
