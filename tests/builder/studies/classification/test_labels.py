"""The table of accepted classes: counted by hand, published, and checked again from what is published."""

import hashlib
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets import load_dataset

from builder.publish.prepare import Options
from builder.publish.publishing import publish_to_folder
from builder.publish.verify import verify
from builder.runtime import Runtime
from builder.studies.classification.labels import accepted_classes
from builder.studies.classification.schema import labels
from loading_script.lands_between import PROVENANCE
from tests.builder.studies.classification import small

LABELS = "data/labels/train-000000.parquet"


def items(*rows: tuple[str, int, str, str]) -> pa.Table:
    names = ("item_id", "kind", "row", "shown_class")
    return pa.Table.from_pylist([{**dict(zip(names, row, strict=True)), "batch": 3, "label": "ant"} for row in rows])


def ratings(**answers: str) -> pa.Table:
    """Answers by item: y, n, and - for one that is none."""
    meant = {"y": True, "n": False, "-": None}
    rows = [(item, meant[each]) for item, said in answers.items() for each in said]
    columns = {"item_id": [item for item, _ in rows], "relevant": pa.array([each for _, each in rows], pa.bool_())}
    return pa.table({**columns, "source": ["human"] * len(rows)})


def test_classes_have_their_votes_and_no_majority_alone():
    shown = items(("i", 0, "r1", "bee"), ("j", 1, "r1", "ant"), ("k", 0, "r2", "cat"), ("l", 4, "r2", "dog"))
    made = accepted_classes(shown, ratings(i="yyyyn", j="yyyyyyyyy-n", k="nnnny", l="nnnnn"))
    assert made.schema.equals(labels().arrow_schema)
    assert [tuple(row.values()) for row in made.to_pylist()] == [
        ("r1", 3, "ant", "bee", 4, 5, 0.8, True, "human"),
        ("r1", 3, "ant", "ant", 9, 10, 0.9, True, "human"),
        ("r2", 3, "ant", "cat", 1, 5, 0.2, False, "human"),
    ]


def test_fewer_than_five_valid_answers_count_as_not_asked():
    shown = items(("i", 0, "r1", "bee"), ("j", 0, "r1", "cat"), ("k", 0, "r2", "cat"))
    assert accepted_classes(shown, ratings(i="yyyy-", j="yyyy")).num_rows == 0
    assert accepted_classes(shown, ratings()).num_rows == 0


def test_the_classes_of_attacked_pictures_are_none_of_the_row():
    assert accepted_classes(items(("i", 3, "r1", "bee")), ratings(i="yyyyy")).num_rows == 0


@pytest.fixture(scope="module")
def rated(tmp_path_factory: pytest.TempPathFactory, runtime: Runtime) -> Path:
    """A study of which five people rated two items: four of them accept b for a/2, one of them a for b/2."""
    folder = small.build(tmp_path_factory.mktemp("labels"), runtime)
    ids = small.item_ids(folder)
    says = {("a/2.png", "b"): "yyyyn", ("b/2.png", "a"): "nnnyn", ("c/2.png", "d"): "yyyy"}
    words = {"y": "yes", "n": "no"}
    small.rate(
        folder,
        ((f"p{who}", ids[item], words[each]) for item, said in says.items() for who, each in enumerate(said)),
    )
    return folder


def test_a_version_has_them_and_is_checked_again(rated: Path, tmp_path: Path):
    publish_to_folder(rated, tmp_path / "dataset", "1.0.0", Options())
    assert verify(tmp_path / "dataset") == []
    loaded = load_dataset(str(tmp_path / "dataset"), "labels", split="train", cache_dir=str(tmp_path / "cache"))
    assert [(row["row"], row["class"], row["n_yes"], row["n"]) for row in loaded] == [
        ("a/2.png", "b", 4, 5),
        ("b/2.png", "a", 1, 5),
    ]
    assert "- `labels`: every class" in (tmp_path / "dataset" / "README.md").read_text()
    path = tmp_path / "dataset" / LABELS
    rows = pq.ParquetFile(path).read()
    for change in (rows.slice(0, 1), rows.set_column(4, rows.schema.field("n_yes"), pa.array([5, 1], pa.int32()))):
        pq.write_table(change, path)
        accept(tmp_path / "dataset", LABELS)
        assert verify(tmp_path / "dataset") == ["labels: 1 rows are not what the ratings give, or are missing"]


def test_more_answers_change_them_by_a_patch(rated: Path, tmp_path: Path):
    publish_to_folder(rated, tmp_path / "dataset", "1.0.0", Options())
    small.rate(rated, [("p4", small.item_ids(rated)["c/2.png", "d"], "no")])
    publish_to_folder(rated, tmp_path / "dataset", "1.0.1", Options())
    assert pq.read_table(tmp_path / "dataset" / LABELS)["class"].to_pylist() == ["b", "a", "d"]
    assert verify(tmp_path / "dataset") == []


def accept(folder: Path, path: str) -> None:
    """Makes provenance.json say what the file is now, as somebody who forges a dataset would."""
    provenance = json.loads((folder / PROVENANCE).read_text())
    content = (folder / path).read_bytes()
    provenance["files"][path] = {
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "rows": pq.read_metadata(folder / path).num_rows,
    }
    (folder / PROVENANCE).write_text(json.dumps(provenance))
