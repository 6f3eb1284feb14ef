"""The packaged study: built twice, rated by programs, published, verified, loaded."""

import dataclasses
import hashlib
import io
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from datasets import load_dataset
from PIL import Image

from builder.classifiers import digits
from builder.images import mnist
from builder.runtime import Runtime
from builder.shards import StudyFolder
from builder.studies.classification.simulate import from_model
from builder.study import default_text
from builder.survey.items import read_items
from tests.conftest import run_builder
from tests.examples import notebooks
from tests.pictures import check_sheet
from tests.studies import set_keys

pytestmark = pytest.mark.slow

Tables = dict[str, list[dict[str, Any]]]

ONE_THREAD = ("--threads-per-worker", 1)


def built(*arguments: object) -> str:
    result = run_builder(*arguments)
    assert result.returncode == 0, result.stderr
    return result.stdout


def text() -> str:
    """The packaged study, with fewer versions of what is explained, and fewer candidates for examples."""
    return (
        default_text("classification-demo")
        .replace("samples = 1000", "samples = 60")
        .replace("candidates = 100", "candidates = 40")
    )


def without_assignments(study: str) -> str:
    """The same without assignments, for which three classes are too few."""
    before, _, after = study.partition("[assignment]")
    return before + after[after.index("[survey]") :]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("classification") / "study"
    (folder.parent / "demo.toml").write_text(text())
    said = built("build", folder.parent / "demo.toml", "--out", folder, "--workers", 2, *ONE_THREAD)
    assert "2 batches, 496 items" in said
    assert re.search(r"4000 predictions, 38\d\d attacks", said)  # other kernels train other networks
    return folder


@pytest.fixture(scope="module")
def published(folder: Path) -> Path:
    built("ratings", "simulate", folder, "--raters", 5)
    dataset = folder.parent / "dataset"
    built("publish", folder, "--to", dataset, "--version", "1.0.0", "--with-simulated")
    return dataset


@pytest.fixture(scope="module")
def tables(published: Path) -> Tables:
    names = (
        "items",
        "images",
        "predictions",
        "attacks",
        "explanations",
        "examples",
        "panels",
        "ratings",
        "participants",
    )
    cache = str(published.parent / "cache")
    return {name: list(load_dataset(str(published), name, split="train", cache_dir=cache)) for name in names}


def test_begun_with_one_batch_and_gone_on_with_two_workers_the_bytes_are_the_same(tmp_path: Path):
    small = without_assignments(text()).replace('# classes = ["3", "5", "8"]', 'classes = ["3", "5", "8"]')
    (tmp_path / "small.toml").write_text(small.replace("classes_per_batch = 6", "classes_per_batch = 2"))
    build = ("build", tmp_path / "small.toml", *ONE_THREAD)
    built(*build, "--out", tmp_path / "whole", "--workers", 1)
    built(*build, "--out", tmp_path / "parts", "--batches", 1)
    built(*build, "--out", tmp_path / "parts", "--batches", 2, "--workers", 2)
    files = {path.relative_to(tmp_path / "whole") for path in (tmp_path / "whole").rglob("*.arrow")}
    assert len(files) == 10
    for file in files:
        assert (tmp_path / "whole" / file).read_bytes() == (tmp_path / "parts" / file).read_bytes(), file


def test_predictions_are_of_every_row_and_no_class_is_in_two_batches(tables: Tables, runtime: Runtime):
    rows = tables["predictions"]
    assert {row["label"] for row in rows if row["batch"] == 0} == set("012345")
    assert {row["label"] for row in rows if row["batch"] == 1} == set("6789")
    pixels, labels = mnist.read()
    by_row = {int(row["row"]): row for row in rows}
    assert len(by_row) == 4000
    asked = sorted(by_row)
    assert [by_row[row]["label"] for row in asked] == [str(label) for label in labels[asked]]
    images = np.repeat(pixels[asked][..., None], 3, axis=3)
    for name, family in (("digits_cnn", digits.CNN), ("digits_weak", digits.WEAK)):
        probabilities = family.load(None, family.Settings(), runtime).probabilities(images)
        assert [by_row[row][f"{name}_classes"][0] for row in asked] == [str(at) for at in probabilities.argmax(axis=1)]
        stored = np.array([by_row[row][f"{name}_probabilities"] for row in asked])
        np.testing.assert_allclose(stored, -np.sort(-probabilities, axis=1)[:, :5], rtol=1e-5)


def test_weighted_mistakes_are_all_mistakes(tables: Tables):
    """Every pair of a row and a class that is wrong, counted from `predictions`."""
    pairs: dict[int, set[tuple[str, str]]] = {0: set(), 1: set()}
    for row in tables["predictions"]:
        firsts = {row["digits_cnn_classes"][0], row["digits_weak_classes"][0]}
        pairs[row["batch"]] |= {(row["row"], first) for first in firsts - {row["label"]}}
    for batch, wrong in pairs.items():
        drawn = [item for item in tables["items"] if item["batch"] == batch and item["kind"] == 0]
        assert len(drawn) == 60
        assert {(item["row"], item["shown_class"]) for item in drawn} <= wrong
        assert sum(item["weight"] for item in drawn) == pytest.approx(len(wrong))


def test_items_are_what_their_kind_says(tables: Tables):
    predictions = {row["row"]: row for row in tables["predictions"]}
    for item in (item for item in tables["items"] if item["kind"] != 3 and item["arm"] == "whole"):
        tops = [predictions[item["row"]][f"{name}_classes"][0] for name in ("digits_cnn", "digits_weak")]
        assert tops == [item["digits_cnn_top1"], item["digits_weak_top1"]]
        kind = ("mistake", "agreed", "foil")[item["kind"]]
        if kind == "mistake":
            assert item["shown_class"] in tops
            assert item["shown_class"] != item["label"]
        else:
            assert set(tops) == {item["label"]}
            assert (item["shown_class"] == item["label"]) == (kind == "agreed")
    assert [sum(item["kind"] == kind for item in tables["items"]) for kind in range(7)] == [
        *(120, 40, 40, 64, 0, 64, 2 * 12 * 7),
    ]


def test_images_are_those_of_the_source_and_have_their_hashes(published: Path, tables: Tables):
    pixels, _ = mnist.read()
    cache = str(published.parent / "cache")
    stored = load_dataset(str(published), "images", split="train", cache_dir=cache).with_format("arrow")[:]
    for row in stored.to_pylist():
        png = row["image"]["bytes"]
        assert hashlib.sha256(png).hexdigest() == row["sha256"]
        if row["image_id"].endswith(("-attacked", "-explained")):
            continue
        decoded = np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))
        np.testing.assert_array_equal(decoded, np.repeat(pixels[int(row["row"])][..., None], 3, axis=2))


def test_attacks_are_of_all_that_is_right_and_hold_on_the_stored_pictures(tables: Tables, runtime: Runtime):
    right = {row["row"] for row in tables["predictions"] if row["digits_cnn_classes"][0] == row["label"]}
    attacks = {row["row"]: row for row in tables["attacks"]}
    assert attacks.keys() == right
    assert all(row["success"] == (row["class"] != row["label"]) for row in attacks.values())
    assert all(row["linf"] <= row["steps"] * 0.01 + 0.5 / 255 + 1e-6 for row in attacks.values() if row["success"])
    items = [item for item in tables["items"] if item["kind"] == 3]
    images = np.stack([np.asarray(item["image"].convert("RGB")) for item in items])
    for name, family in (("digits_cnn", digits.CNN), ("digits_weak", digits.WEAK)):
        says = family.load(None, family.Settings(), runtime).probabilities(images).argmax(axis=1)
        assert [item[f"{name}_top1"] for item in items] == [str(at) for at in says]
        assert [item[f"{name}_mistake"] for item in items] == [
            str(at) == item["shown_class"] for at, item in zip(says, items, strict=True)
        ]
    assert [item["shown_class"] for item in items] == [attacks[item["row"]]["class"] for item in items]
    pixels, _ = mnist.read()
    for item, image in zip(items, images, strict=True):
        change = (image.astype(int) - pixels[int(item["row"])][..., None]) / 255
        assert np.abs(change).max() == pytest.approx(attacks[item["row"]]["linf"], abs=1e-6)
        assert np.sqrt((change**2).sum()) == pytest.approx(attacks[item["row"]]["l2"], rel=1e-5)


def test_explained_images_show_the_superpixels_that_speak_for_their_class(tables: Tables, runtime: Runtime):
    pictures = {row["image_id"]: np.asarray(row["image"].convert("RGB")) for row in tables["images"]}
    classifier = digits.CNN.load(None, digits.CNN.Settings(), runtime)
    parts: dict[str, list[dict[str, Any]]] = {}
    for row in tables["explanations"]:
        parts.setdefault(row["image_id"], []).append(row)
    items = [item for item in tables["items"] if item["arm"] == "explained"]
    assert {item["image_id"] for item in items} <= parts.keys()
    assert 2 * 64 < len(parts) <= 2 * 64 + 40  # attacked images, the same before, and controls, maybe among these
    said = classifier.probabilities(np.stack([pictures[image_id] for image_id in parts]))
    for (image_id, of_image), answer in zip(parts.items(), said, strict=True):
        first, *ranked = sorted(of_image, key=lambda row: row["rank"])
        assert [row["weight"] for row in ranked] == sorted((row["weight"] for row in ranked), reverse=True)
        assert len(ranked) <= 8
        assert [row["shown"] for row in ranked] == [row["weight"] > 0 for row in ranked]
        shown = sum(row["pixels"] for row in ranked if row["shown"])
        assert (pictures[image_id] == 127).all(axis=2).sum() >= 28 * 28 - shown
        whole = pictures.get(first["explained_id"])
        if whole is not None:
            hidden = (pictures[image_id] != whole).any(axis=2)
            assert (pictures[image_id][hidden] == 127).all()
        stated = [first, *ranked][first["n_shown"]]["probability"]
        assert stated == pytest.approx(answer[int(first["class"])], abs=1e-5)


def test_panels_show_examples_and_never_the_image_itself(tables: Tables):
    labels = {row["row"]: row["label"] for row in tables["predictions"]}
    right = {row["row"] for row in tables["predictions"] if row["digits_cnn_classes"][0] == row["label"]}
    examples = {(row["class"], row["method"], row["role"], row["rank"]): row for row in tables["examples"]}
    assert {row["row"] for row in examples.values()} <= right
    items = {item["item_id"]: item for item in tables["items"] if item["task"] == "assignment"}
    of_item: dict[str, list[dict[str, Any]]] = {}
    for panel in tables["panels"]:
        of_item.setdefault(panel["item_id"], []).append(panel)
    assert of_item.keys() == items.keys()
    for item_id, panels in of_item.items():
        item = items[item_id]
        method, _, rest = item["condition"].partition(", ")
        assert [panel["panel"] for panel in panels if panel["class"] == item["label"]] == [item["right_panel"]]
        assert [each for panel in panels for each in panel["image_ids"]] == item["panel_ids"]
        assert item["row"] not in {row for panel in panels for row in panel["rows"]}
        roles = ["prototype"] * 3 + ["criticism"] * 3 if rest.endswith("criticisms") else ["prototype"] * 6
        ranks = [1, 2, 3, 1, 2, 3] if rest.endswith("criticisms") else range(1, 7)
        for panel in panels:
            assert panel["roles"] == roles
            assert {labels[row] for row in panel["rows"]} == {panel["class"]}
            keys = [(panel["class"], method, role, rank) for role, rank in zip(roles, ranks, strict=True)]
            assert [examples[key]["row"] for key in keys] == panel["rows"]  # whichever batch shows the class
    conditions: dict[str, list[str]] = {}
    for item in items.values():
        conditions.setdefault(item["image_id"], []).append(item["condition"])
    assert {len(set(each)) for each in conditions.values()} == {7}
    assert len(conditions) == 24


def test_aggregates_are_the_shares_of_yes(tables: Tables):
    for item in tables["items"]:
        answers = [row for row in tables["ratings"] if row["item_id"] == item["item_id"]]
        assert len(answers) == item["n_ratings"] == 5
        relevant = item["task"] == "relevance"
        assert [row["relevant"] is not None for row in answers] == [relevant] * 5
        assert [row["assigned"] in (item["panels"] or [None]) for row in answers] == [True] * 5
        if relevant:
            assert item["relevant_rate"] == pytest.approx(np.mean([row["relevant"] for row in answers]))


def test_the_version_verifies_and_its_card_counts_errors(published: Path, tables: Tables):
    assert "everything is as it should be" in built("verify", published)
    card = (published / "README.md").read_text()
    wrong = sum(row["digits_cnn_classes"][0] != row["label"] for row in tables["predictions"])
    assert len(tables["attacks"]) == 4000 - wrong
    assert f"| digits\\_cnn | 4000 | 0 | {wrong} |  |" in card
    assert "120 mistake, 40 agreed, 40 foil, 64 adversarial, 64 explained, 168 assignment." in card
    check_sheet(published / "pictures" / "mistakes.png", captions=3)


def test_a_picture_is_drawn_of_an_item(folder: Path, tmp_path: Path):
    built("picture", folder, tmp_path / "item.png", "--batch", 1, "--index", 2)
    with Image.open(tmp_path / "item.png") as picture:
        assert picture.size == (128, 167)


def test_a_classifier_answers_as_it_decides(folder: Path):
    ratings, participants, without = from_model(folder, "digits_weak")
    items = [row for batch in (0, 1) for row in StudyFolder(folder).read("items", batch).to_pylist()]
    items = [row for row in items if row["arm"] == "whole"]
    assert (ratings.num_rows, participants["participant_id"].to_pylist(), without) == (224, ["model-digits_weak"], 272)
    said = dict(zip(ratings["item_id"].to_pylist(), ratings["relevant"].to_pylist(), strict=True))
    assert said == {row["item_id"]: row["digits_weak_top1"] == row["shown_class"] for row in items}


def test_the_survey_shows_one_image_and_asks_about_its_class(folder: Path, tmp_path: Path):
    copy = shutil.copytree(folder, tmp_path / "study")
    set_keys(copy, survey={"consent": "I take part.", "contact": "jane.doe@example.org"})
    survey = read_items(copy)
    rows = StudyFolder(copy).read("items", 1).to_pylist()
    for sitting, arm in ((9, "whole"), (10, "explained")):
        assert [dataclasses.astuple(item)[2:4] for item in survey.sittings[sitting]] == [
            ((row["image_id"],), {"shown_class": row["shown_class"]}) for row in rows if row["arm"] == arm
        ]
    for sitting in range(11, 18):
        panels = [item for item in survey.sittings[sitting] if item.task == "assignment"]
        assert len(panels) == len(survey.sittings[sitting]) == 12
        assert {(len(item.pictures), item.options["assigned"]) for item in panels} == {(37, tuple("ABCDEF"))}
    assert (len(survey.sittings), survey.asks.days_apart) == (18, 3.0)


def test_who_answers_controls_wrong_is_flagged(folder: Path, tmp_path: Path):
    copy = shutil.copytree(folder, tmp_path / "study", ignore=shutil.ignore_patterns("ratings"))
    ids = [row["item_id"] for row in StudyFolder(copy).read("items", 0).to_pylist()]
    lines = [["participant", "item_id", "relevant"]]
    lines += [
        [who, each, "yes" if who == "always" or "agreed" in each else "no"]
        for each in ids
        for who in ("always", "looks")
    ]
    (tmp_path / "answers.csv").write_text("".join(",".join(line) + "\n" for line in lines))
    built("ratings", "import", copy, tmp_path / "answers.csv")
    status = built("ratings", "status", copy)
    assert "attention 1," in status


def test_the_notebook_runs_and_draws(published: Path):
    outputs = notebooks.run("classification", published)
    assert [type(each).__name__ for each in outputs] == [
        "DataFrame",
        "PngImageFile",
        "DataFrame",
        "DataFrame",
        "Figure",
    ]
