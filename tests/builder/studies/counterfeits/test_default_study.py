"""The packaged study with two small batches: built twice, rated by programs, published, loaded."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from datasets import load_dataset
from PIL import Image

from builder.classifiers import digits
from builder.runtime import Runtime
from builder.shards import StudyFolder
from builder.studies.counterfeits.simulate import from_model
from builder.study import default_text
from tests.conftest import run_builder
from tests.examples import notebooks
from tests.pictures import check_sheet

pytestmark = pytest.mark.slow

Tables = dict[str, list[dict[str, Any]]]

ONE_THREAD = ("--threads-per-worker", 1)

SMALLER = {
    "batches": (4, 2),
    "classes": ('["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]', '["3", "5", "8"]'),
    "images_per_class": (40, 6),
    "items_per_class": (2, 1),
    "controls": (20, 6),
    "steps": (700, 30),
    "iterations": (30, 8),
}


def built(*arguments: object) -> str:
    result = run_builder(*arguments)
    assert result.returncode == 0, result.stderr
    return result.stdout + result.stderr


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> Path:
    text = default_text("counterfeits-demo")
    for key, (before, after) in SMALLER.items():
        assert f"\n{key} = {before}\n" in text, key
        text = text.replace(f"\n{key} = {before}\n", f"\n{key} = {after}\n", 1)
    file = tmp_path_factory.mktemp("counterfeits") / "small.toml"
    file.write_text(text)
    return file


@pytest.fixture(scope="module")
def folder(small: Path) -> Path:
    said = built("build", small, "--out", small.parent / "study", "--workers", 1, *ONE_THREAD)
    assert "2 batches, 48 items" in said
    return small.parent / "study"


@pytest.fixture(scope="module")
def published(folder: Path) -> Path:
    built("ratings", "simulate", folder, "--raters", 4)
    dataset = folder.parent / "dataset"
    built("publish", folder, "--to", dataset, "--version", "1.0.0", "--with-simulated")
    return dataset


@pytest.fixture(scope="module")
def tables(published: Path) -> Tables:
    names = ("items", "images", "predictions", "runs", "neighbors", "spreads", "ratings")
    cache = str(published.parent / "cache")
    return {name: list(load_dataset(str(published), name, split="train", cache_dir=cache)) for name in names}


def test_begun_with_one_batch_and_gone_on_with_two_workers_the_bytes_are_the_same(
    small: Path, folder: Path, tmp_path: Path
):
    study = ("build", small, "--out", tmp_path / "out", *ONE_THREAD)
    built(*study, "--batches", 1)
    built(*study, "--batches", 2, "--workers", 2)
    files = {path.relative_to(folder) for path in folder.rglob("*.arrow") if "ratings" not in path.parts}
    assert len(files) == 12
    for file in files:
        assert (folder / file).read_bytes() == (tmp_path / "out" / file).read_bytes(), file


def test_class_and_confidence_are_those_of_the_stored_picture(tables: Tables, runtime: Runtime):
    shown = [row for row in tables["images"] if row["confidence"] is not None and row["round"] == 0]
    pixels = np.stack([np.asarray(row["image"].convert("RGB")) for row in shown])
    probabilities = digits.CNN.load(None, digits.CNN.Settings(), runtime).probabilities(pixels)
    assert [row["class"] for row in shown] == [str(at) for at in probabilities.argmax(axis=1)]
    np.testing.assert_allclose([row["confidence"] for row in shown], probabilities.max(axis=1), atol=1e-5)


def test_conditionings_share_their_seeds_and_rounds_lie_in_one_batch(tables: Tables):
    of_first = [row for row in tables["runs"] if row["batch"] == 0]
    assert [(row["kind"], row["round"]) for row in of_first] == [(0, 0), (1, 0), (2, 0), (0, 1), (1, 1), (2, 1)]
    assert len({row["seed"] for row in of_first}) == 2
    assert {row["seed"] for row in of_first} & {row["seed"] for row in tables["runs"] if row["batch"] == 1} == set()
    for row in of_first:
        assert [len(row[f"curve_{name}"]) for name in ("kl", "cosine", "orthogonality", "pixels")] == [30] * 4
        assert len(row["curve_cross_entropy"]) == (30 if row["kind"] == 0 else 0)
    made = {(row["batch"], row["kind"]): row["z"] for row in tables["images"] if row["image_id"].endswith("-0-4")}
    assert made[0, 0] == made[0, 1] == made[0, 2] != made[1, 0]


def test_a_generator_that_does_not_converge_is_said(tables: Tables, published: Path, folder: Path):
    failed = [row for row in tables["runs"] if not row["converged"]]
    assert all(row["least_accuracy"] < 0.75 for row in failed)
    assert failed, "30 steps are too few for some generator"
    kinds = ("soft", "one_hot", "hot_matrix")
    known = {(row["batch"], kinds[row["kind"]], row["round"]): row["converged"] for row in tables["runs"]}
    for row in tables["items"]:
        if row["kind"] < 3:
            assert row["converged"] == known[row["batch"], kinds[row["kind"]], row["round"]]
    assert f"**{len(failed)} generators did not converge**" in (published / "README.md").read_text()


def test_images_have_their_hashes_and_neighbors_of_items_are_there(published: Path, tables: Tables):
    stored = load_dataset(str(published), "images", split="train", cache_dir=str(published.parent / "cache"))
    images = {row["image_id"]: row for row in stored.with_format("arrow")[:].to_pylist()}
    assert all(hashlib.sha256(row["image"]["bytes"]).hexdigest() == row["sha256"] for row in images.values())
    shown = {row["image_id"] for row in tables["items"]}
    for row in tables["neighbors"]:
        assert (row["neighbor_id"] is not None) == (row["image_id"] in shown)
        if row["neighbor_id"]:
            assert images[row["neighbor_id"]]["row"] == row["row"]
        assert row["distance"] == pytest.approx(images[row["image_id"]][f"{row['measure']}_distance"])


def test_rounds_of_the_defense_are_predicted_with_one_more_class(tables: Tables):
    rounds = {number: [row for row in tables["predictions"] if row["round"] == number] for number in (0, 1)}
    assert len(rounds[0]) == len(rounds[1]) == sum(row["kind"] != 7 for row in tables["images"])
    assert not any("nothing" in row["classes"] for row in rounds[0])
    assert any("nothing" in row["classes"] for row in rounds[1])


def test_the_version_verifies_and_has_a_picture(published: Path, folder: Path, tmp_path: Path):
    assert "everything is as it should be" in built("verify", published)
    check_sheet(published / "pictures" / "counterfeits.png", captions=3)
    built("picture", folder, tmp_path / "item.png", "--batch", 1, "--index", 2)
    with Image.open(tmp_path / "item.png") as picture:
        assert picture.size == (128, 167)


def test_the_classifier_answers_as_it_decides(folder: Path):
    ratings, participants, without = from_model(folder, "digits_cnn")
    items = [row for batch in (0, 1) for row in StudyFolder(folder).read("items", batch).to_pylist()]
    assert (ratings.num_rows, participants["participant_id"].to_pylist(), without) == (48, ["model-digits_cnn"], 0)
    wanted = [row["class"] if row["class"] in ("3", "5", "8") else "nothing" for row in items]
    assert ratings["choice"].to_pylist() == wanted
    assert ratings["certainty"].to_pylist() == pytest.approx([100 * row["confidence"] for row in items])


def test_the_notebook_runs_and_draws(published: Path):
    outputs = notebooks.run("counterfeits", published)
    assert [type(each).__name__ for each in outputs] == [
        "DataFrame",
        "PngImageFile",
        "DataFrame",
        "DataFrame",
        "Figure",
    ]
