import json
import re
import xml.etree.ElementTree

import pandas as pd
import pytest
import yaml
from PIL import Image

from analysis.dataset import load
from analysis.errors import AnalysisError
from analysis.report.make import make_report, read_attributes, report_files
from analysis.results import results
from tests.analysis.report.rated import write_published

pytestmark = pytest.mark.slow

FIGURES = {
    *("latent-plane", "distances-dlib", "correlations", "similarity-by-kind", "similarity-distance-dlib"),
    *("violins-dlib", "violins-interpolation-dlib", "strip-model-closer-dlib", "strip-people-closer-dlib"),
    *("strip-ordered-model-closer-dlib", "strip-ordered-people-closer-dlib"),
    *("strip-people-similarity", "strip-people-identity", "roc", "det", "error-rates", "calibration"),
    *("error-consistency", "psychometric", "transfer", "people-agreement", "power", "strategies"),
}
"""A study of one batch and eight people has neither groups nor a forest."""
TABLES = {
    *(
        "participants",
        "overview",
        "table-1",
        "means",
        "table-2",
        "scores-by-kind",
        "correlations",
        "similarity-distribution",
    ),
    *("disagreement", "people-disagreement", "verification", "roc", "error-rates", "calibration", "calibration-fit"),
    *(
        "error-consistency",
        "psychometric",
        "confusion",
        "accuracy-difference",
        "noise-ceiling",
        "drift",
        "response-time",
        "transfer",
        "agreement",
        "rater-agreement",
        "strategies",
        "quotes",
    ),
    *("variance-components", "power", "limits", "image-attributes", "deepface", "identity-model"),
}


def names(folder, ending):
    return {path.stem for path in folder.rglob(f"*.{ending}")}


def test_every_figure_is_there_as_svg_and_png_every_table_as_csv_and_latex(simulated_report):
    assert names(simulated_report, "svg") == FIGURES
    assert names(simulated_report, "csv") == TABLES
    assert names(simulated_report, "svg") == names(simulated_report, "png")
    assert names(simulated_report, "csv") == names(simulated_report, "tex")


def test_the_files_are_what_their_names_say(simulated_report):
    for path in simulated_report.rglob("*.svg"):
        xml.etree.ElementTree.parse(path)  # noqa: S314 - our own output
    for path in simulated_report.rglob("*.png"):
        with Image.open(path) as image:
            image.load()
    for path in simulated_report.rglob("*.csv"):
        assert len(pd.read_csv(path)) > 0
    for path in simulated_report.rglob("*.tex"):
        assert r"\toprule" in path.read_text()


def test_the_listing_names_the_dataset_and_every_file(simulated_report, simulated_dataset):
    listing = json.loads((simulated_report / "report.json").read_text())
    there = {path.relative_to(simulated_report).as_posix() for path in simulated_report.rglob("*") if path.is_file()}
    assert set(listing["files"]) == there - {"report.json"}
    assert listing["dataset"] == str(simulated_dataset)
    assert listing["ratings_source"] == "simulated"


OF_MODELS = {"latent-plane", "distances-dlib", "transfer", "image-attributes", "deepface"}
"""Results that rest on no rating."""


def test_simulated_is_in_every_file_that_holds_ratings_and_in_no_other(simulated_report):
    for path in simulated_report.rglob("*"):
        if path.is_file():
            assert (b"simulated" in path.read_bytes().lower()) == (path.stem not in OF_MODELS), path.name
    page = (simulated_report / "index.html").read_text()
    for name in OF_MODELS:
        items = re.findall(rf'id="(?:figure|table)-{name}">(.*?)<span class="files">', page, re.DOTALL)
        assert items
        assert not [item for item in items if "Simulated ratings" in item]


def test_no_file_of_human_ratings_says_simulated(human_report):
    assert len(names(human_report, "svg")) >= len(FIGURES)
    for path in human_report.rglob("*"):
        if path.is_file() and path.name != "index.html":  # plotly's own script is in there
            assert b"simulated" not in path.read_bytes().lower(), path.name
    assert "Simulated ratings" not in (human_report / "index.html").read_text()


def test_without_ratings_there_is_the_part_of_the_models_and_what_is_missing(models_report):
    assert names(models_report, "svg") == {"latent-plane", "distances-dlib", "transfer"}
    always = {"overview", "transfer", "limits", "image-attributes", "deepface"}
    assert always | {"table-1", "scores-by-kind", "means"} >= names(models_report, "csv") >= always
    page = (models_report / "index.html").read_text()
    assert "What is missing" in page
    assert "The dataset has no ratings" in page
    missing = [name for names in re.findall(r"<li>([^<:]*): ", page) for name in names.split(", ")]
    assert {"correlations", "agreement", "verification"} <= set(missing)
    assert len(missing) == len(set(missing))


def test_the_same_dataset_gives_the_same_bytes(simulated_report, simulated_dataset):
    published = load(str(simulated_dataset))
    again = report_files(published, results(published))
    for name, content in again.items():
        assert content == (simulated_report / name).read_bytes(), name


def test_each_model_of_deepface_that_is_not_at_hand_is_named(simulated_report):
    page = (simulated_report / "index.html").read_text()
    table = pd.read_csv(simulated_report / "tables" / "deepface.csv")
    assert list(table["attribute"]) == ["age", "gender", "race", "emotion"]
    assert (table["n_faces"] == 0).all()
    for row in table.itertuples():
        assert row.file in page
        assert row.file in row.reason or "lands-between[deepface]" in row.reason


def test_the_attributes_of_a_report_can_be_joined_to_the_next(simulated_report, simulated_dataset):
    again = read_attributes(simulated_report / "tables" / "image-attributes.csv")
    assert list(again)[:3] == ["image_id", "brightness", "contrast"]
    assert "ratings_source" not in again
    assert set(again["image_id"]) == set(load(str(simulated_dataset)).images["image_id"])


def test_attributes_join_by_image(tmp_path):
    table = pd.DataFrame({"image_id": ["1", "2"], "smile": [0.1, 0.9]})
    table.to_csv(tmp_path / "a.csv", index=False)
    table.to_parquet(tmp_path / "a.parquet")
    for name in ("a.csv", "a.parquet"):
        pd.testing.assert_frame_equal(read_attributes(tmp_path / name), table, check_dtype=False)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", b"id,smile\n1,2\n", "needs a column image_id"),
        ("a.csv", b"image_id\n1\n", "at least one attribute"),
        ("a.csv", b"image_id,smile\n1,2\n1,3\n", "two rows of the image '1'"),
        ("a.csv", b"", "cannot be read"),
        ("a.csv", b"\xff\xfe\x00", "cannot be read"),
        ("a.parquet", b"no parquet", "cannot be read"),
        (None, b"", "cannot be read"),
    ],
)
def test_attributes_that_cannot_be_used_are_explained(tmp_path, name, content, said):
    path = tmp_path / (name or "absent.csv")
    if name:
        path.write_bytes(content)
    with pytest.raises(AnalysisError, match=said):
        read_attributes(path)


def test_a_dataset_without_images_has_all_but_the_pictures(small_folder, tmp_path):
    dataset = write_published(small_folder, tmp_path / "study", source="human")
    (dataset / "data" / "images.parquet").unlink()
    card = (dataset / "README.md").read_text()
    _, front, _ = card.split("---\n")
    configs = [config for config in yaml.safe_load(front)["configs"] if config["config_name"] != "images"]
    (dataset / "README.md").write_text(f"---\n{yaml.safe_dump({'configs': configs})}---\n")
    index = make_report(str(dataset), tmp_path / "report")
    made = names(index.parent, "svg")
    assert "similarity-distance-dlib" in made
    assert not {name for name in made if name.startswith("strip-") or name == "latent-plane"}
    assert "no table of images" in index.read_text()
