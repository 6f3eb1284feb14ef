"""The packaged study of photographs: built, and published without them."""

import hashlib
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from builder.classifiers import efficientnet
from builder.errors import StudyError
from builder.images import imagenet_samples
from builder.runtime import Runtime
from builder.shards import StudyFolder
from builder.studies.classification import KIND
from builder.study import default_text, parse_study
from loading_script.untrusted.png import decode_rgb
from tests.conftest import run_builder
from tests.studies import set_keys

pytestmark = pytest.mark.slow

NAME = "efficientnet_lite0"


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("natural") / "study"
    result = run_builder("build", "classification-natural", "--out", folder, "--workers", 1)
    assert result.returncode == 0, result.stderr
    return folder


def rows(folder: Path, table: str) -> list[dict[str, Any]]:
    return [row for batch in range(4) for row in StudyFolder(folder).read(table, batch).to_pylist()]


def test_its_pictures_are_too_few_for_assignments(runtime: Runtime):
    keys = tomllib.loads(default_text("classification-natural")) | {"assignment": {"classifier": NAME}}
    wanted = (
        r"assignment: 6 pictures are shown of each class, and 19 classes have fewer, .* with 1; .* \[assignment\] out"
    )
    with pytest.raises(StudyError, match=wanted):
        KIND.load(parse_study(keys, "natural.toml"), runtime)


def test_18_of_20_pictures_are_named_and_19_within_five(folder: Path):
    predictions = rows(folder, "predictions")
    assert len(predictions) == 20
    assert sum(row["label"] == row[f"{NAME}_classes"][0] for row in predictions) == 18
    assert sum(row["label"] in row[f"{NAME}_classes"] for row in predictions) == 19


def test_all_five_classes_of_both_mistakes_are_asked(folder: Path):
    asked: dict[str, set[str]] = {}
    for item in rows(folder, "items"):
        if item["top5_weight"] is not None:
            asked.setdefault(item["row"], set()).add(item["shown_class"])
    wrong = [row for row in rows(folder, "predictions") if row["label"] != row[f"{NAME}_classes"][0]]
    assert asked == {row["row"]: set(row[f"{NAME}_classes"]) for row in wrong}
    assert sorted(row[f"{NAME}_label_in_top5"] for row in wrong) == [False, True]


def test_attacks_hold_on_the_stored_pictures(folder: Path, runtime: Runtime):
    """A step of .001 is a quarter of a gray level, so that two are the fewest."""
    attacks = rows(folder, "attacks")
    assert len(attacks) == 18
    assert all(row["success"] and 2 <= row["steps"] <= 10 and row["linf"] <= 0.0131 for row in attacks)
    items = [row for row in rows(folder, "items") if row["kind"] == 3]
    images = np.stack([np.asarray(decode_rgb(item["image"]["bytes"])) for item in items])
    classifier = efficientnet.load(None, efficientnet.Settings(), runtime)
    said = classifier.probabilities(images).argmax(axis=1)
    assert [classifier.classes[at] for at in said] == [item["shown_class"] for item in items]
    assert all(item["shown_class"] != item["label"] for item in items)


def test_it_is_published_without_its_pictures(folder: Path, tmp_path: Path):
    set_keys(folder, publish={"license": "cc0-1.0", "authors": ["Jane Doe"]})
    result = run_builder("publish", folder, "--to", tmp_path / "dataset", "--version", "1.0.0")
    assert "left out: all pictures, which may not be redistributed (ImageNet's terms" in result.stdout
    assert run_builder("verify", tmp_path / "dataset").returncode == 0
    files = [path for path in (tmp_path / "dataset").rglob("*") if path.is_file()]
    assert not [path for path in files if b"\x89PNG" in path.read_bytes() or path.suffix == ".png"]
    columns = ["image_id", "row", "pixels_sha256"]
    shown = pq.read_table(tmp_path / "dataset" / "data" / "images" / "train-000000.parquet", columns=columns)
    source = imagenet_samples.Samples()
    for row in shown.to_pylist():
        if not row["image_id"].endswith("-attacked"):
            assert hashlib.sha256(source.image(int(row["row"])).tobytes()).hexdigest() == row["pixels_sha256"]
