"""Batches that manipulate pictures: what is kept, what it stands beside, what people are shown of it."""

import json
from collections import Counter

import numpy as np
import pytest

from builder.classifiers import digits
from builder.errors import BuildError
from builder.explainers.measures.maps import pearson
from builder.runtime import Runtime
from builder.studies.explanation.models import load_models
from builder.studies.explanation.pipeline import build_batch
from builder.studies.explanation.schema import KINDS
from builder.studies.explanation.study import explanation
from loading_script.untrusted.png import decode_rgb
from tests.builder.studies.explanation.test_pipeline import small
from tests.builder.studies.explanation.test_study import manipulation

TARGET_MAP = manipulation("target_map", radius=[0.05, 0.2], steps=6)


def rows(own, models, batch=0):
    return {name: table.to_pylist() for name, table in build_batch(own, models, batch).tables.items()}


def many(**keys):
    return explanation(small("explainers", items=24, controls=4, checks=[TARGET_MAP], **keys))


@pytest.fixture(scope="module")
def made(runtime: Runtime) -> dict[str, list[dict]]:
    own = many()
    return rows(own, load_models(own, runtime))


def pixels(row: dict, name: str = "image") -> np.ndarray:
    return np.asarray(decode_rgb(row[name]["bytes"]))


def test_pictures_keep_class_and_radius_and_noise_stands_beside(made, runtime: Runtime):
    classifier = digits.CNN.load(None, digits.CNN.Settings(), runtime)
    images = {row["image_id"]: row for row in made["images"]}
    assert len(made["manipulations"]) == 2 * 2 * 3
    for row in made["manipulations"]:
        both = np.stack([pixels(images[row[name]]) for name in ("image_id", "changed_id")])
        assert images[row["changed_id"]]["row"] == images[row["image_id"]]["row"]
        said = classifier.probabilities(both).astype(np.float64)
        assert row["same_class"] == (said[0].argmax() == said[1].argmax())
        assert row["probability_change"] == pytest.approx(np.abs(said[0] - said[1]).max(), abs=1e-5)
        apart = np.abs(both[0].astype(float) - both[1]) / 255
        assert row["l_inf"] == pytest.approx(apart.max())
        assert row["l_2"] == pytest.approx(np.sqrt((apart**2).sum()))
        assert row["lpips"] is None
        assert row["l_inf"] <= (0.05, 0.2)[row["run"] - 1]
        if row["version"] == "manipulated":
            assert row["same_class"]
            assert (row["steps"] > 0) == row["reached"]
    sizes = {(row["run"], row["image_id"], row["version"]): row["l_inf"] for row in made["manipulations"]}
    for (run, image, version), size in sizes.items():
        assert version == "manipulated" or size == pytest.approx(sizes[run, image, "manipulated"])


def test_the_goal_is_the_correlation_with_the_next_pictures_map(made):
    maps = {row["map_id"]: np.array(row["map"], np.float32)[None] for row in made["maps"]}
    images = [row["image_id"] for row in made["images"] if row["map_id"] is None and "-row" in row["image_id"]][:3]
    following = dict(zip(images, [*images[1:], images[0]], strict=True))
    for row in made["manipulations"]:
        target = maps[f"{following[row['image_id']]}-gradient-trained"]
        before = maps[f"{row['image_id']}-gradient-trained"]
        after = maps[f"{row['image_id']}-gradient-{row['version']}{row['run']}"]
        assert row["goal_before"] == pytest.approx(pearson(before, target)[0], abs=1e-4)
        assert row["goal_after"] == pytest.approx(pearson(after, target)[0], abs=1e-4)
    gains = {
        version: np.mean(
            [row["goal_after"] - row["goal_before"] for row in made["manipulations"] if row["version"] == version]
        )
        for version in ("manipulated", "no_op")
    }
    assert gains["manipulated"] > gains["no_op"] + 0.05


def test_runs_say_what_was_tried_and_what_came_of_it(made):
    assert [(row["run"], row["version"]) for row in made["runs"]] == [
        (1, "manipulated"),
        (1, "no_op"),
        (2, "manipulated"),
        (2, "no_op"),
    ]
    assert [json.loads(row["settings"])["radius"] for row in made["runs"]] == [0.05, 0.05, 0.2, 0.2]
    for row in made["runs"]:
        of_run = [
            each for each in made["manipulations"] if (each["run"], each["version"]) == (row["run"], row["version"])
        ]
        assert row["goal_after"] == pytest.approx(np.mean([each["goal_after"] for each in of_run]))
        assert row["reached"] == sum(each["reached"] for each in of_run)
        assert (row["goal"], row["wanted"]) == ("Pearson's correlation with another picture's map", "high")
        assert (row["level"], row["parameters_changed"], row["losses"]) == ("input", 0, [])
        assert row["trained_goal_after"] is None
        assert (row["lpips_side"], row["lpips_filter"]) == (None, None)  # nobody asked for LPIPS
        assert row["fooled"] == sum(each["fooled"] for each in of_run)
        assert (row["fooled_below"], row["steps"]) == (0.67, 6 * (row["version"] == "manipulated"))
    alike = {
        (row["image_id"], row["network"], row["place"]): row["value"]
        for row in made["comparisons"]
        if (row["measure"], row["explainer"]) == ("spearman_absolute", "gradient")
    }
    for row in made["manipulations"]:
        likeness = alike[row["image_id"], row["version"], row["run"]]
        assert row["fooled"] == (row["same_class"] and likeness <= 0.67)
    assert {row["fooled"] for row in made["manipulations"]} == {True, False}
    assert made["sanity"] == []


def test_every_explainer_is_held_against_the_picture_as_it_was(made):
    couples = Counter(
        (row["explainer"], row["network"], row["place"]) for row in made["comparisons"] if row["measure"] == "mse"
    )
    changed = {(name, of, run): 3 for name in ("gradient", "grad_cam") for of in KINDS[5:7] for run in (1, 2)}
    assert {key: count for key, count in couples.items() if key[1] != "trained"} == changed
    maps = {row["map_id"]: row for row in made["maps"]}
    for row in made["comparisons"]:
        assert maps[row["first_map"]]["network"] == "trained"
        assert maps[row["first_map"]]["image_id"] == row["image_id"]
        if row["network"] != "trained":
            assert maps[row["second_map"]]["image_id"] == f"{row['image_id']}-{row['network']}{row['place']}"


def test_items_ask_three_questions_and_sides_are_turned(made):
    images = {row["image_id"]: row["image"] for row in made["images"]}
    counted = Counter((row["task"], KINDS[row["kind"]] in ("manipulated", "no_op")) for row in made["items"])
    assert counted == {
        ("likeness", True): 8,
        ("difference", True): 8,
        ("trust", True): 8,
        ("likeness", False): 2,
        ("difference", False): 2,
    }
    for row in made["items"]:
        kind = KINDS[row["kind"]]
        assert all(row[name]["bytes"] == images[row[f"{name}_id"]]["bytes"] for name in ("changed", "first", "second"))
        assert (row["changed_id"] == row["image_id"]) == (kind in ("control", "same_picture"))
        assert (row["l_inf"] > 0) == (kind in ("manipulated", "no_op"))
        assert row["explainer"] == "gradient"
        left = "-trained-" in row["first_id"]
        assert row["side"] == {"trust": "right" if left else "left"}.get(row["task"])
        assert row["task"] == "trust" or left
    assert {row["side"] for row in made["items"]} == {"left", "right", None}
    assert len({row["item_id"] for row in made["items"]}) == 28


def test_a_picture_alone_has_no_other_to_look_like(runtime: Runtime):
    own = many(images_per_batch=1)
    with pytest.raises(BuildError, match="target_map makes each map that of another picture, and the batch has one"):
        build_batch(own, load_models(own, runtime), 0)


@pytest.fixture(scope="module")
def tuned(runtime: Runtime) -> dict[str, list[dict]]:
    checks = [manipulation("location", "grad_cam", weights=[10.0], epochs=1, learning_rate=2e-3)]
    own = explanation(small("explainers", items=8, controls=2, checks=checks))
    return rows(own, load_models(own, runtime))


def test_a_model_is_manipulated_and_the_pictures_are_as_they_were(tuned):
    manipulated, no_op = tuned["runs"]
    assert (manipulated["version"], manipulated["level"], manipulated["wanted"]) == ("manipulated", "model", "high")
    assert json.loads(manipulated["settings"])["weights"] == [10.0]
    assert manipulated["goal_after"] > 2 * max(no_op["goal_after"], manipulated["goal_before"])
    for run in (manipulated, no_op):
        assert run["steps"] == 31
        assert len(run["losses"]) == len(run["penalties"]) == 1
        assert 200_000 < run["parameters_changed"] < 230_000
        assert run["accuracy_before"] > 0.9
    assert manipulated["trained_goal_after"] > 2 * max(no_op["trained_goal_after"], manipulated["trained_goal_before"])
    assert manipulated["penalties"] < no_op["penalties"]
    for row in tuned["manipulations"]:
        assert row["changed_id"] == row["image_id"]
        assert (row["l_inf"], row["l_2"], row["lpips"]) == (None, None, None)
        better = row["goal_after"] > row["goal_before"]
        assert row["reached"] == (row["same_class"] and better)
        assert row["distance"] > 0
    assert {row["explainer"] for row in tuned["comparisons"] if row["network"] != "trained"} == {"gradient", "grad_cam"}


def test_nobody_is_asked_whether_a_picture_differs_that_is_as_it_was(tuned):
    counted = Counter((row["task"], KINDS[row["kind"]] == "control") for row in tuned["items"])
    assert counted == {("likeness", False): 4, ("trust", False): 4, ("likeness", True): 1}
    assert all(row["changed_id"] == row["image_id"] for row in tuned["items"])


def test_what_trains_a_model_is_none_of_its_batch(runtime: Runtime):
    checks = [manipulation("location", "grad_cam")]
    models = load_models(explanation(small("explainers", checks=checks)), runtime)
    rows = models.order[-3:]
    training, held_out = models.to_train("digits_cnn", rows)
    assert len(training.images) == 1000
    assert len(held_out.images) == 400
    batch = models.pictures(rows)
    assert not (held_out.images[:, None] == batch[None]).all(axis=(2, 3, 4)).any()
    said = models.classifiers["digits_cnn"].probabilities(held_out.images).argmax(axis=1)
    assert (said == held_out.classes).mean() > 0.9


def test_a_patch_changes_the_class_and_its_maps_are_of_the_new_one(runtime: Runtime):
    checks = [manipulation("patch", "grad_cam", steps=8, hide=5.0)]
    own = explanation(small("explainers", checks=checks))
    models = load_models(own, runtime)
    made = rows(own, models)
    images, maps = ({row[key]: row for row in made[name]} for name, key in (("images", "image_id"), ("maps", "map_id")))
    classifier, explainer = models.classifiers["digits_cnn"], models.explainers["grad_cam"]
    assert any(not row["same_class"] for row in made["manipulations"])
    for row in made["manipulations"]:
        picture = pixels(images[row["changed_id"]])[None]
        said = classifier.probabilities(picture).argmax(axis=1)
        wanted = explainer.explain(classifier, picture, said).maps[0]
        found = maps[f"{row['image_id']}-grad_cam-{row['version']}1"]
        np.testing.assert_allclose(np.array(found["map"]) * found["scale"], wanted, atol=2e-3 * found["scale"])
        on_patch = np.abs(wanted)[:11, :11].sum() / np.abs(wanted).sum()
        assert row["goal_before"] == 0
        assert row["goal_after"] == pytest.approx((1 - on_patch) * (not row["same_class"]), abs=2e-3)
        assert row["reached"] == (not row["same_class"])
        assert row["fooled"] is None
    assert {(row["steps"], row["fooled"], row["fooled_below"]) for row in made["runs"]} == {(8, None, None)}
    hidden = [row for row in made["comparisons"] if row["measure"] == "hidden"]
    assert {row["explainer"] for row in hidden} == {"gradient", "grad_cam"}
    goals = {(row["image_id"], row["version"]): row["goal_after"] for row in made["manipulations"]}
    assert {
        (row["image_id"], row["network"]): row["value"] for row in hidden if row["explainer"] == "grad_cam"
    } == pytest.approx(goals)


def test_a_black_box_needs_no_gradient(runtime: Runtime):
    occlusion = [{"name": "occlusion", "model": "occlusion", "grid": 4}]
    checks = [manipulation("black_box", "occlusion", rounds=2, candidates=4)]
    own = explanation(small("explainers", images_per_batch=2, explainers=occlusion, checks=checks))
    made = rows(own, load_models(own, runtime))
    assert {row["version"] for row in made["manipulations"]} == {"manipulated", "no_op"}
    for row in made["manipulations"]:
        assert row["l_inf"] <= 0.15
        if row["version"] == "manipulated":
            assert row["goal_after"] >= row["goal_before"] - 1e-3
