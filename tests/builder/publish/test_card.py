"""The card: valid for the Hub, true of the tables, and no text from a study file acts as YAML, Markdown or HTML."""

import re

import pyarrow.parquet as pq
import pytest
import yaml
from datasets import Features
from datasets.info import DatasetInfosDict
from huggingface_hub import DatasetCard

from builder.publish.markdown import escaped, quoted
from tests.studies import rate, set_keys

pytestmark = pytest.mark.slow

TABLES = ["pairs", "images", "embeddings", "ratings", "participants", "searches"]


def test_the_yaml_says_what_lies_in_the_folder(publish, study, published):
    set_keys(study, publish={"splits": {"train": [0], "test": [1]}})
    rate(study, 10)
    publish("1.0.0")
    card = DatasetCard.load(published / "README.md", ignore_metadata_errors=False)
    data = card.data.to_dict()
    assert (data["license"], data["pretty_name"], data["language"]) == ("cc-by-4.0", "Faces of Somewhere", ["en"])
    assert (data["size_categories"], data["annotations_creators"]) == (["n<1K"], ["crowdsourced"])
    assert [config["config_name"] for config in data["configs"]] == TABLES
    infos = DatasetInfosDict.from_directory(str(published))
    for config in data["configs"]:
        name = config["config_name"]
        assert config.get("default", False) == (name == "pairs")
        assert [files["split"] for files in config["data_files"]] == ["train", "test"]
        for files in config["data_files"]:
            found = sorted(published.glob(files["path"]))
            rows = sum(pq.read_metadata(path).num_rows for path in found)
            assert infos[name].splits[files["split"]].num_examples == rows
            assert infos[name].features == Features.from_arrow_schema(pq.read_schema(found[0]))
        files = list((published / "data" / name).iterdir())
        assert infos[name].download_size == sum(path.stat().st_size for path in files)


def test_a_table_without_rows_is_left_out(publish, published):
    publish("1.0.0")
    data = DatasetCard.load(published / "README.md").data.to_dict()
    assert [config["config_name"] for config in data["configs"]] == ["pairs", "images", "embeddings", "searches"]
    assert "## Ratings\n\nThis version has none.\n" in (published / "README.md").read_text()


def test_the_tables_of_the_card_are_those_of_the_data(publish, study, published):
    rate(study, 10)
    publish("1.0.0")
    text = (published / "README.md").read_text()
    scores = text.split("## Scores by kind")[1]
    pairs = [row for path in sorted(published.glob("data/pairs/*")) for row in pq.read_table(path).to_pylist()]
    for label, kind in enumerate(["genuine", "positive", "negative", "interpolation", "optimized"]):
        rows = [row for row in pairs if row["kind"] == label]
        cells = [cell.strip() for cell in re.search(rf"^\| {kind} \|(.*)\|$", scores, re.MULTILINE)[1].split("|")]
        mean = sum(row["dlib_distance"] for row in rows) / len(rows)
        accepted = sum(row["dlib_accept"] for row in rows) / len(rows)
        similarity = sum(row["similarity_mean"] for row in rows) / len(rows)
        assert int(cells[0]) == len(rows)
        assert [float(cells[1]), float(cells[2]), float(cells[-2])] == pytest.approx(
            [mean, accepted, similarity], rel=1e-2
        )
    for said in ("Human: 200 ratings, 10 participants", "| age | 20-29: 10 |", "25 minutes", "CC0-1.0", "2026-17"):
        assert said in text
    for table in TABLES:
        rows = sum(pq.read_metadata(path).num_rows for path in published.glob(f"data/{table}/*"))
        assert f"| {table} | train | {rows} |" in text


def test_every_picture_that_the_card_shows_is_there(publish, published):
    publish("1.0.0")
    shown = re.findall(r"!\[[^\]]{20,}\]\(([^)]+)\)", (published / "README.md").read_text())
    assert sorted(shown) == sorted(
        path.relative_to(published).as_posix() for path in (published / "pictures").iterdir()
    )
    assert len(shown) == 3


def test_a_study_file_injects_nothing(publish, study, published):
    evil = "x\n---\nlicense: mit\n---\n# <script>alert(1)</script> | [a](javascript:b) {{ 7 * 7 }} ![i](x)\n```\n- *b*"
    texts = ["purpose", "institution", "contact", "ethics_approval", "pay", "recruitment", "consent", "consent_version"]
    set_keys(study, publish={"title": evil, "authors": [evil]}, survey=dict.fromkeys(texts, evil))
    rate(study, 10)
    publish("1.0.0")
    text = (published / "README.md").read_text()
    head, body = text.removeprefix("---\n").split("\n---\n", 1)
    assert yaml.safe_load(head)["license"] == "cc-by-4.0"
    assert yaml.safe_load(head)["pretty_name"] == " ".join(evil.split())
    assert "<script" not in body.replace(r"\<script", "")
    assert not re.search(r"(?<!\\)\]\(javascript", body)
    assert body.count("\n```") == 4
    assert "49" not in re.sub(r"[0-9]*\.[0-9]+", "", body)
    assert DatasetCard(text).data.license == "cc-by-4.0"


def test_escaping():
    assert escaped("a|b\n<i>*x*</i> & [y](z)") == r"a\|b \<i\>\*x\*\</i\> &amp; \[y\]\(z\)"
    assert escaped("# no heading") == r"\# no heading"
    assert escaped("- no list") == r"\- no list"
    assert escaped("1. no list") == r"1\. no list"
    assert escaped("4.50 EUR") == "4.50 EUR"
    assert escaped("\x1b[31mred\u202e") == r"\[31mred"
    assert quoted("a\n\n> b") == "> a\n>\n> \\> b"


def test_the_citation_is_one(publish, published):
    publish("1.0.0")
    assert yaml.safe_load((published / "CITATION.cff").read_text()) == {
        "cff-version": "1.2.0",
        "message": "If you use this dataset, please cite it.",
        "type": "dataset",
        "title": "Faces of Somewhere",
        "version": "1.0.0",
        "authors": [{"name": "Jane Doe"}],
        "license": "CC-BY-4.0",
    }
