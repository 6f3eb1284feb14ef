"""Pictures of a source that may not be redistributed stay in the study folder; all else goes out."""

import base64
import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets import Features, Image, Value, load_dataset

from analysis import load
from analysis.report.make import make_report
from builder.cli import main
from builder.errors import PublishError
from builder.publish.changes import WITHHELD, Change
from builder.publish.pictures import without_pictures
from builder.publish.prepare import Options
from builder.publish.publishing import publish_to_folder
from builder.publish.verify import verify
from builder.runtime import Runtime
from builder.shards import StudyFolder
from builder.studies import load_kind
from builder.survey.items import read_items
from builder.tables import TableSpec
from loading_script.lands_between import PROVENANCE
from loading_script.untrusted.png import decode_rgb
from tests import sources
from tests.studies import set_keys

pytestmark = pytest.mark.slow

KINDS = {"classification": sources.classification, "expression": sources.expression}


@pytest.fixture(scope="module", params=KINDS)
def study(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, runtime: Runtime) -> Path:
    folder = tmp_path_factory.mktemp(request.param)
    return sources.build(KINDS[request.param](folder / "source"), folder / "study", runtime)


@pytest.fixture(scope="module")
def published(study: Path) -> Path:
    assert main(["ratings", "simulate", str(study), "--raters", "5"]) == 0
    assert main(publish(study, study.parent / "dataset", "1.0.0", "--with-simulated")) == 0
    return study.parent / "dataset"


def publish(study: Path, to: Path, version: str, *options: str) -> list[str]:
    return ["publish", str(study), "--to", str(to), "--version", version, *options]


def pictures(study: Path) -> dict[str, bytes]:
    rows = StudyFolder(study).read("images", 0).to_pylist()
    return {row["image_id"]: row["image"]["bytes"] for row in rows}


def told(column: pa.ChunkedArray) -> bytes:
    """All that a column holds, one after another: texts as they are, numbers as bytes."""
    values = column.combine_chunks()
    while pa.types.is_list(values.type):
        values = values.flatten()
    assert not pa.types.is_nested(values.type)
    assert not pa.types.is_binary(values.type)
    if pa.types.is_string(values.type):
        return "\n".join(values.drop_null().to_pylist()).encode()
    if pa.types.is_timestamp(values.type):
        return b""
    return np.nan_to_num(values.cast(pa.float64()).drop_null().to_numpy() % 256).astype(np.uint8).tobytes()


def test_no_byte_of_a_picture_is_published(study: Path, published: Path):
    """Neither PNGs nor their compressed pixels are in a file, nor are they or pixels in a column, in Base64 neither."""
    pngs = list(pictures(study).values())
    assert len(pngs) >= 6
    compressed = [png[png.index(b"IDAT") + 8 :][:48] for png in pngs]
    lines = [max(np.asarray(decode_rgb(png)), key=np.ndarray.std).tobytes()[:48] for png in pngs]
    marks = [b"\x89PNG", base64.b64encode(b"\x89PNG\r\n"), *compressed]
    files = [path for path in published.rglob("*") if path.is_file()]
    tables = [path for path in files if path.suffix == ".parquet"]
    assert len(tables) >= 4
    contents = [path.read_bytes() for path in files] + [told(c) for path in tables for c in pq.read_table(path).columns]
    assert not [mark for mark in marks for content in contents if mark in content]
    assert not [line for line in lines for content in contents if line in content]
    assert not (published / "pictures").exists()


def test_row_ids_and_hashes_lead_back_to_the_source(study: Path, published: Path):
    pngs = pictures(study)
    rows = load_dataset(str(published), "images", split="train", cache_dir=str(published.parent / "cache"))
    assert rows.column_names == ["image_id", "row", "sha256", "batch", "pixels_sha256"]
    assert {row["image_id"] for row in rows} == pngs.keys()
    for row in rows:
        png = pngs[row["image_id"]]
        assert row["sha256"] == hashlib.sha256(png).hexdigest()
        pixels = np.asarray(decode_rgb(png))
        assert row["pixels_sha256"] == hashlib.sha256(pixels.tobytes()).hexdigest()


def test_it_loads_and_streams_with_all_else(study: Path, published: Path):
    built = StudyFolder(study).read("items", 0)
    cache = str(published.parent / "cache")
    items = load_dataset(str(published), split="train", cache_dir=cache)
    streamed = load_dataset(str(published), "items", split="train", streaming=True)
    assert next(iter(streamed)) == items[0]
    assert "image" not in items.column_names
    for name in set(built.column_names) - {"image"}:
        assert items[name] == built[name].to_pylist(), name
    ratings = load_dataset(str(published), "ratings", split="train", cache_dir=cache)
    assert len(ratings) == 5 * len(items)
    assert set(items["n_ratings"]) == {5}
    predictions = load_dataset(str(published), "predictions", split="train", cache_dir=cache)
    assert len(predictions) == StudyFolder(study).read("predictions", 0).num_rows


def test_the_card_says_what_is_missing_and_how_to_get_it(published: Path):
    card = (published / "README.md").read_text()
    license = "Jane's own" if "digits" in card else "FER-2013's terms \\(research use\\); not redistributed"
    assert "The pictures are not in this version, for they may not be redistributed; nor are those" in card
    assert f": {license}. Whoever may use it finds each by the `row` that `images` and `items` have" in card
    assert "pictures/" not in card
    assert "cc0-1.0, which is of what is in this version; the pictures are not." in card


def test_it_verifies_and_a_picture_that_is_there_is_named(published: Path, tmp_path: Path):
    assert verify(published) == []
    folder = Path(shutil.copytree(published, tmp_path / "dataset"))
    provenance = json.loads((folder / PROVENANCE).read_text())
    assert provenance["pictures"]["withheld"] is True
    (folder / "pictures").mkdir()
    (folder / "pictures" / "faces.png").write_bytes(b"a")
    file = {"bytes": 1, "sha256": hashlib.sha256(b"a").hexdigest(), "rows": None}
    provenance["files"]["pictures/faces.png"] = file
    (folder / PROVENANCE).write_text(json.dumps(provenance))
    assert verify(folder) == ["pictures/faces.png: is a picture, which provenance.json says are withheld"]


def test_a_table_with_pictures_is_none_of_such_a_version(study: Path, published: Path, tmp_path: Path):
    folder = Path(shutil.copytree(published, tmp_path / "dataset"))
    path = folder / "data" / "images" / "train-000000.parquet"
    kind = load_kind(StudyFolder(study).study().study)
    rows = StudyFolder(study).read("images", 0)
    features = kind.features("images", rows.schema)
    pq.write_table(rows.cast(features.arrow_schema), path)
    provenance = json.loads((folder / PROVENANCE).read_text())
    content = path.read_bytes()
    file = provenance["files"]["data/images/train-000000.parquet"]
    file.update(bytes=len(content), sha256=hashlib.sha256(content).hexdigest())
    (folder / PROVENANCE).write_text(json.dumps(provenance))
    wrong = "data/images/train-000000.parquet: images: not the columns of such a table: image, pixels_sha256"
    assert wrong in verify(folder)


def test_the_report_leaves_pictures_out_and_says_so(published: Path, tmp_path: Path):
    dataset = load(str(published))
    assert dataset.withheld
    assert len(dataset.pictures) == 0
    page = make_report(str(published), tmp_path / "report").read_text()
    assert page.count("The dataset is published without its pictures, which may not be redistributed") == 1


def test_the_survey_shows_them_here(study: Path, tmp_path: Path):
    root = Path(shutil.copytree(study, tmp_path / "study"))
    set_keys(root, survey={"consent": "I take part.", "contact": "jane.doe@example.org"})
    survey = read_items(root)
    assert {name: survey.png(name) for item in survey.sittings[0] for name in item.pictures} == pictures(study)


def test_a_study_that_may_show_its_pictures_after_all_is_another_major(tmp_path: Path, runtime: Runtime):
    """And so is one that may no more, whose earlier versions are to be withdrawn."""
    withheld = sources.build(sources.classification(tmp_path / "a", 4), tmp_path / "withheld", runtime)
    rights = {"redistributable": True, "license": "CC0"}
    study = sources.classification(tmp_path / "a", 4, **rights)
    keys = study.publish.model_copy(update={"licenses": {}})
    shown = sources.build(study.model_copy(update={"publish": keys}), tmp_path / "shown", runtime)
    to = tmp_path / "dataset"
    publish_to_folder(withheld, to, "1.0.0", Options())
    with pytest.raises(PublishError, match=r"the lowest that can be published is 2\.0\.0"):
        publish_to_folder(shown, to, "1.1.0", Options())
    found = publish_to_folder(shown, to, "2.0.0", Options()).prepared
    assert Change("minor", "items: columns added: image") in found.changes
    assert Change("major", "images: columns removed: pixels_sha256") in found.changes
    assert found.left_out == ()
    assert verify(to) == []
    assert (to / "pictures" / "mistakes.png").exists()
    again = publish_to_folder(withheld, to, "3.0.0", Options()).prepared
    assert Change("major", WITHHELD) in again.changes
    assert Change("major", "items: columns removed: image") in again.changes
    assert again.left_out == (
        "all pictures, which may not be redistributed (Jane's own): row ids and SHA-256 take their place; where "
        "they are yours to publish, build with redistributable = true and license in [images]",
    )
    assert verify(to) == []
    assert not (to / "pictures").exists()


def test_a_column_of_pictures_that_a_kind_does_not_declare_is_not_published():
    rows = pa.table({"item_id": ["a"], "sketch": [{"bytes": b"", "path": None}]})
    features = Features({"item_id": Value("string"), "sketch": Image()})
    with pytest.raises(PublishError, match="items: sketch has pictures, which `large` of its TableSpec does not say"):
        without_pictures(TableSpec("items", key=("item_id",), large=("image",)), rows, features)
