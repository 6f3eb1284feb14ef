"""The packaged study, with fewer pictures: killed and gone on with, rated by programs, published, verified, loaded."""

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from datasets import load_dataset
from PIL import Image

from builder.shards import StudyFolder
from builder.studies.explanation.compare import MEASURES
from builder.studies.explanation.simulate import from_model
from builder.study import default_text
from builder.survey.items import read_items
from tests.conftest import run_builder
from tests.examples import notebooks
from tests.studies import set_keys

pytestmark = pytest.mark.slow

Tables = dict[str, list[dict[str, Any]]]

BUILT = ("items", "images", "maps", "comparisons", "sanity", "manipulations", "runs")

TABLES = (*BUILT, "ratings", "participants")

ONE_THREAD = ("--threads-per-worker", 1)

FEWER = {
    "batches = 51": "batches = 6",
    "images_per_batch = 8": "images_per_batch = 2",
    "items = 40": "items = 12",
    "steps = 60": "steps = 4",
    "epochs = 3": "epochs = 1",
}


def built(*arguments: object) -> str:
    result = run_builder(*arguments)
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> Path:
    text = default_text("explanation-demo")
    for default, fewer in FEWER.items():
        assert default in text
        text = text.replace(default, fewer)
    path = tmp_path_factory.mktemp("explanation") / "small.toml"
    path.write_text(text)
    return path


@pytest.fixture(scope="module")
def folder(small: Path) -> Path:
    folder = small.parent / "study"
    said = built("build", small, "--out", folder, "--workers", 1, *ONE_THREAD)
    assert "6 batches, 90 items" in said
    return folder


@pytest.fixture(scope="module")
def published(folder: Path) -> Path:
    built("ratings", "simulate", folder, "--raters", 5)
    dataset = folder.parent / "dataset"
    built("publish", folder, "--to", dataset, "--version", "1.0.0", "--with-simulated")
    return dataset


@pytest.fixture(scope="module")
def tables(published: Path) -> Tables:
    cache = str(published.parent / "cache")
    return {name: list(load_dataset(str(published), name, split="train", cache_dir=cache)) for name in TABLES}


def test_killed_and_gone_on_with_by_two_workers_the_bytes_are_the_same(small: Path, folder: Path):
    parts = small.parent / "parts"
    command = [sys.executable, "-m", "builder", "build", small, "--out", parts, "--workers", "1", *map(str, ONE_THREAD)]
    first = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    until = time.monotonic() + 600
    while not (parts / "manifest" / "batch-00000.json").exists():
        assert first.poll() is None
        assert time.monotonic() < until
        time.sleep(0.05)
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert len(StudyFolder(parts).finished()) < 6
    built("build", small, "--out", parts, "--workers", 2, *ONE_THREAD)
    files = {path.relative_to(folder) for path in folder.rglob("*.arrow") if "shards" in path.parts}
    assert len(files) == 6 * 7
    for file in files:
        assert (folder / file).read_bytes() == (parts / file).read_bytes(), file


def test_all_that_was_built_is_published(folder: Path, tables: Tables):
    for name in BUILT:
        built_rows = sum(StudyFolder(folder).read(name, batch).num_rows for batch in range(6))
        assert len(tables[name]) == built_rows, name
    assert [
        sum(row["check"] == each for row in tables["sanity"]) for each in ("cascading", "independent", "labels")
    ] == [
        12 * 4 * 11,
        12 * 4 * 11,
        12 * 11,
    ]
    assert len(tables["ratings"]) == 90 * 5
    enlarged = {(row["level"], row["lpips_side"], row["lpips_filter"]) for row in tables["runs"]}
    assert enlarged == {("input", 64, "bicubic"), ("model", None, None)}


def test_published_maps_give_the_published_views_and_comparisons(tables: Tables):
    maps = {row["map_id"]: row for row in tables["maps"]}
    for row in tables["maps"][::29]:
        gray = np.asarray(row["absolute"].convert("RGB"))
        np.testing.assert_array_equal(gray[..., 0], np.rint(255 * np.abs(np.array(row["map"], np.float32))))
    measures = {each.name: each for each in MEASURES}
    for row in tables["comparisons"][::97]:
        pair = (np.array(maps[row[name]]["map"], np.float32)[None] for name in ("first_map", "second_map"))
        (value,) = measures[row["measure"]].between(*pair)
        assert row["value"] == (pytest.approx(value, abs=1e-12) if np.isfinite(value) else None)


def test_controls_are_found_most_alike(tables: Tables):
    by_item = {row["item_id"]: row for row in tables["items"]}
    of_likeness = [row for row in tables["ratings"] if by_item[row["item_id"]]["task"] == "likeness"]
    controls = [row["likeness"] for row in of_likeness if by_item[row["item_id"]]["kind"] == 4]
    others = [row["likeness"] for row in of_likeness if by_item[row["item_id"]]["kind"] != 4]
    assert np.mean(controls) > 90 > np.mean(others)
    assert {row["source"] for row in tables["ratings"]} == {"simulated"}
    for row in tables["ratings"]:
        answered = [name for name in ("likeness", "difference", "trust") if row[name] is not None]
        assert answered == [by_item[row["item_id"]]["task"]]


def test_the_version_verifies_and_its_card_says_what_is_left(published: Path, tables: Tables):
    said = built("verify", published, "--predictions")
    assert "everything is as it should be" in said
    shown = {row["image_id"] for row in tables["items"] if row["check"] != "labels"}
    kept = [row for row in tables["manipulations"] if row["same_class"] and row["changed_id"] != row["image_id"]]
    of_shown = sum(row["image_id"] in shown for row in kept)
    assert len(shown) == 10
    assert f"predictions of digits_cnn: {10 + of_shown} repeated, to within 1e-05" in said
    card = (published / "README.md").read_text()
    gradient = [
        row["mean"]
        for row in tables["sanity"]
        if (row["check"], row["explainer"], row["place"]) == ("cascading", "gradient", 4)
        and row["measure"] in ("spearman", "spearman_absolute")
    ]
    assert f"| cascading | digits\\_cnn | gradient | 2 | {gradient[0]:.3g} | {gradient[1]:.3g} |" in card
    assert "| cascading | digits\\_cnn | edges | 2 | 1 | 1 |" in card
    rows = [row for row in tables["manipulations"] if (row["manipulation"], row["version"]) == ("top_k", "no_op")]
    fooled = np.mean([row["fooled"] for row in rows])
    assert f"| top_k | gradient | no_op | 4 | 1 | {fooled:.3g} | share of the importance" in card
    with Image.open(published / "pictures" / "maps.png") as picture:
        assert picture.size[0] == 8 + 6 * 120


def test_the_report_has_curves_a_matrix_what_people_see_and_strips(published: Path):
    report = published.parent / "report"
    command = [sys.executable, "-m", "analysis", "report", published, "--out", report]
    made = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert made.returncode == 0, made.stderr
    drawn = {path.stem for path in (report / "figures").glob("*.svg")}
    assert {"curves-cascading-digits-cnn", "curves-independent-digits-cnn", "explainer-agreement-digits-cnn"} <= drawn
    assert {"likeness", "strip-most-alike", "strip-least-alike"} <= drawn
    assert {"transfer-digits-cnn", "room", "strip-top-k"} <= drawn
    lies = pd.read_csv(report / "tables" / "beyond-noise.csv")
    assert lies["setting"].tolist() == ["radius 0.03", "radius 0.1", "one setting"]
    assert len(pd.read_csv(report / "tables" / "transfer.csv")) == 3 * 11 * 11
    took = pd.read_csv(report / "tables" / "properties.csv")
    assert took["fsr"].between(0, 1).all()
    assert took.set_index(["explainer", "version"])["fooled_below"].to_dict() == {
        **dict.fromkeys((("gradient", "manipulated"), ("gradient", "no_op")), 0.67),
        **dict.fromkeys((("grad_cam", "manipulated"), ("grad_cam", "no_op")), 0.56),
    }
    assert took["steps"].tolist() == [4, 0, 4, 0, 31, 31]
    assert took["parameters_changed"].gt(200_000).tolist() == 4 * [False] + 2 * [True]
    curves = pd.read_csv(report / "tables" / "curves.csv")
    assert len(curves) == 12 * 11 * (4 + 4 + 1)
    assert set(curves["interval"]) <= {"too few batches for an interval", "no picture"}
    ceiling = pd.read_csv(report / "tables" / "noise-ceiling.csv")
    of_all = ceiling[ceiling["condition"] == "all"].set_index("measure")["correlation"].drop("people")
    assert list(of_all.index) == [each.name for each in MEASURES]
    assert of_all.abs().idxmax() in ("pearson_absolute", "top_k")  # what the simulated raters go by


def test_the_survey_shows_two_maps_of_every_item(folder: Path):
    set_keys(folder, survey={"consent": "I take part.", "contact": "Jane Doe"})
    items = read_items(folder)
    assert {len(each) for each in items.sittings.values()} == {16, 10}
    for item in items.sittings[0]:
        assert len(item.pictures) == 2
        assert all(items.png(each).startswith(b"\x89PNG") for each in item.pictures)


def test_a_measure_answers_as_it_measures(folder: Path):
    ratings, participants, without = from_model(folder, "spearman")
    items = [row for batch in range(6) for row in StudyFolder(folder).read("items", batch).to_pylist()]
    items = [row for row in items if row["task"] == "likeness"]
    known = [row["spearman"] for row in items if row["spearman"] is not None]
    assert (ratings.num_rows, without) == (len(known), len(items) - len(known))
    assert ratings["likeness"].to_pylist() == pytest.approx([50 * (value + 1) for value in known])
    assert participants["participant_id"].to_pylist() == ["model-spearman"]


def test_a_picture_is_drawn_of_an_item(folder: Path, tmp_path: Path):
    built("picture", folder, tmp_path / "item.png", "--batch", 1, "--index", 2)
    with Image.open(tmp_path / "item.png") as picture:
        assert picture.size == (8 + 3 * 120, 8 + 112 + 2 * 13 + 8)


def test_the_notebook_runs_and_draws(published: Path):
    outputs = notebooks.run("explanation", published)
    assert [type(each).__name__ for each in outputs] == [
        "DataFrame",
        "PngImageFile",
        "DataFrame",
        "DataFrame",
        "Figure",
    ]
