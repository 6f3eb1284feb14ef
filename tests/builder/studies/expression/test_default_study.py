"""The packaged study with two batches of eight faces: built twice, rated by programs, published, loaded."""

import hashlib
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from datasets import load_dataset
from PIL import Image

from builder.classifiers import fer
from builder.classifiers.age_and_gender import GENDER
from builder.runtime import Runtime
from builder.shards import StudyFolder
from builder.studies.expression.simulate import from_model
from builder.studies.expression.tasks import EMOTIONS, GENDERS, OPTIONS
from builder.study import default_text
from tests.conftest import run_builder
from tests.examples import notebooks
from tests.pictures import check_sheet

pytest.importorskip("h5py")
pytestmark = pytest.mark.slow

Tables = dict[str, list[dict[str, Any]]]

ONE_THREAD = ("--threads-per-worker", 1)


def built(*arguments: object) -> str:
    result = run_builder(*arguments)
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> Path:
    text = default_text("expression-demo")
    for key, wanted, value in (("batches", 8, 2), ("faces_per_batch", 112, 8)):
        assert f"\n{key} = {wanted}\n" in text
        text = text.replace(f"\n{key} = {wanted}\n", f"\n{key} = {value}\n")
    file = tmp_path_factory.mktemp("expression") / "small.toml"
    file.write_text(text)
    return file


@pytest.fixture(scope="module")
def folder(small: Path) -> Path:
    said = built("build", small, "--out", small.parent / "study", "--workers", 1, *ONE_THREAD)
    assert "2 batches, 16 items, 16 images" in said
    return small.parent / "study"


@pytest.fixture(scope="module")
def published(folder: Path) -> Path:
    built("ratings", "simulate", folder, "--raters", 5)
    dataset = folder.parent / "dataset"
    built("publish", folder, "--to", dataset, "--version", "1.0.0", "--with-simulated")
    return dataset


@pytest.fixture(scope="module")
def tables(published: Path) -> Tables:
    names = ("items", "images", "predictions", "ratings", "participants")
    cache = str(published.parent / "cache")
    return {name: list(load_dataset(str(published), name, split="train", cache_dir=cache)) for name in names}


@pytest.fixture(scope="module")
def faces(tables: Tables) -> np.ndarray:
    return np.stack([np.asarray(row["image"].convert("RGB")) for row in tables["images"]])


def test_begun_with_one_batch_and_gone_on_with_two_workers_the_bytes_are_the_same(
    small: Path, folder: Path, tmp_path: Path
):
    study = ("build", small, "--out", tmp_path / "out", *ONE_THREAD)
    built(*study, "--batches", 1)
    built(*study, "--batches", 2, "--workers", 2)
    files = {path.relative_to(folder) for path in folder.rglob("*.arrow") if "ratings" not in path.parts}
    assert len(files) == 6
    for file in files:
        assert (folder / file).read_bytes() == (tmp_path / "out" / file).read_bytes(), file


def test_what_fer_says_is_what_it_says_of_the_stored_pictures(tables: Tables, faces: np.ndarray, runtime: Runtime):
    probabilities = fer.load(None, fer.Settings(), runtime).probabilities(faces)
    assert [row["fer_class"] for row in tables["items"]] == [EMOTIONS[at] for at in probabilities.argmax(axis=1)]
    stored = [row["probability"] for row in tables["predictions"] if row["classifier"] == "fer"]
    np.testing.assert_allclose(np.reshape(stored, (16, 7)), probabilities, atol=1e-6)
    assert all(row["fer_found"] and row["label"] is None and row["kind"] == 0 for row in tables["items"])


def test_a_predicted_group_is_unsure_below_the_bound_and_null_where_no_face_is_found(
    tables: Tables, faces: np.ndarray, runtime: Runtime
):
    wanted = []
    for row in GENDER.load(None, GENDER.Settings(), runtime).probabilities(faces):
        sure = None if np.isnan(row[0]) else ("female", "male")[int(row.argmax())]
        wanted.append("unsure" if sure and row.max() < 0.8 else sure)
    assert [row["predicted_gender"] for row in tables["items"]] == wanted
    assert {"female", "male", None} <= set(wanted)


def test_images_have_their_hashes_and_are_those_of_the_items(published: Path, tables: Tables):
    stored = load_dataset(str(published), "images", split="train", cache_dir=str(published.parent / "cache"))
    for row, item in zip(stored.with_format("arrow")[:].to_pylist(), tables["items"], strict=True):
        assert hashlib.sha256(row["image"]["bytes"]).hexdigest() == row["sha256"]
        assert (row["image_id"], row["row"]) == (item["image_id"], item["row"])
        decoded = np.asarray(Image.open(io.BytesIO(row["image"]["bytes"])).convert("RGB"))
        np.testing.assert_array_equal(decoded, np.asarray(item["image"].convert("RGB")))


def test_answers_are_options_and_simulated(tables: Tables):
    assert len(tables["ratings"]) == 80
    assert {row["emotion"] for row in tables["ratings"]} <= set(OPTIONS)
    assert {row["perceived_gender"] for row in tables["ratings"]} <= set(GENDERS)
    assert {row["source"] for row in tables["ratings"]} == {"simulated"}
    for item in tables["items"]:
        answers = [row["emotion"] for row in tables["ratings"] if row["item_id"] == item["item_id"]]
        assert item["emotion_share"] == pytest.approx(answers.count(item["emotion_mode"]) / 5)


def test_the_version_verifies_and_its_card_says_that_faces_are_generated(published: Path, tables: Tables):
    assert "everything is as it should be" in built("verify", published)
    card = (published / "README.md").read_text()
    assert "The faces are generated: they show nobody, and nobody labeled them." in card
    said = [row["fer_class"] for row in tables["items"]]
    assert f"| fer | {' | '.join(str(said.count(each)) for each in EMOTIONS)} | 0 | 0 |" in card
    check_sheet(published / "pictures" / "faces.png", captions=1)


def test_a_picture_is_drawn_of_an_item(folder: Path, tmp_path: Path):
    built("picture", folder, tmp_path / "item.png", "--batch", 1, "--index", 2)
    with Image.open(tmp_path / "item.png") as picture:
        assert picture.size == (128, 141)


def test_a_classifier_answers_as_it_decides(folder: Path):
    ratings, participants, without = from_model(folder, "fer")
    items = [row for batch in (0, 1) for row in StudyFolder(folder).read("items", batch).to_pylist()]
    assert (ratings.num_rows, participants["participant_id"].to_pylist(), without) == (16, ["model-fer"], 0)
    assert ratings["emotion"].to_pylist() == [row["fer_class"] for row in items]
    assert set(ratings["strength"].to_pylist()) == {None}


def test_the_notebook_runs_and_draws(published: Path):
    outputs = notebooks.run("expression", published)
    assert [type(each).__name__ for each in outputs] == [
        "DataFrame",
        "PngImageFile",
        "DataFrame",
        "DataFrame",
        "Figure",
    ]
