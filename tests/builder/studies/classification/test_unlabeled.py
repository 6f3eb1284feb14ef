"""Of pictures without labels the predictions alone are kept; those of pairs say which belong together."""

from pathlib import Path

import pytest
from datasets import load_dataset

from analysis.report.make import make_report
from builder.errors import RatingsError, StudyError, SurveyError
from builder.publish.prepare import Options
from builder.publish.publishing import publish_to_folder
from builder.runtime import Runtime
from builder.shards import StudyFolder
from builder.studies.classification import models
from builder.studies.classification.schema import read_features
from builder.survey.items import read_items
from tests.builder.studies.classification import small


@pytest.fixture
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """A study of six pairs, five rows a batch."""
    monkeypatch.setattr(models, "UNLABELED", 5)
    keys = small.study_keys(tmp_path)
    names = list(small.RANKED)
    lines = [f"{first},{second},letter" for first, second in zip(names[:6], names[6:], strict=True)]
    (tmp_path / "pictures" / "pairs.csv").write_text("\n".join(["first,second,attribute", *lines]) + "\n")
    images = {**keys["images"], "model": f"pairs:{tmp_path / 'pictures' / 'pairs.csv'}"}
    return {**keys, "images": images, "batches": 3}


def test_every_row_is_predicted_once_and_nothing_is_asked(tmp_path: Path, runtime: Runtime, keys: dict[str, object]):
    folder = small.built(tmp_path, runtime, keys)
    study = StudyFolder(folder)
    for batch, (rows, pictures) in enumerate(((5, 4), (5, 4), (2, 2))):
        tables = {name: study.read(name, batch) for name in study.tables if study.holds(name, batch)}
        assert {name: table.num_rows for name, table in tables.items()} == {
            **dict.fromkeys(("items", "attacks"), 0),
            "images": pictures,  # those of whole pairs
            "predictions": rows,
        }
        assert all(read_features(name, each.schema).arrow_schema.equals(each.schema) for name, each in tables.items())
    loaded = load_dataset(str(folder), "predictions", split="train", cache_dir=str(tmp_path / "cache"))
    names = list(small.RANKED)
    assert [row["row"] for row in loaded] == [name for pair in zip(names[:6], names[6:], strict=True) for name in pair]
    assert [(row["pair"], row["side"], row["attribute"], row["label"]) for row in loaded][2:4] == [
        ("1", "first", "letter", None),
        ("1", "second", "letter", None),
    ]
    assert ["".join(row["said_classes"]) for row in loaded] == [small.RANKED[row["row"]] for row in loaded]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("pairs", "What said says of the two pictures of a pair: its first class, and how probable it finds it."),
        ("folder", "What said says of pictures without labels: its first classes, and how probable it finds them."),
    ],
)
def test_the_report_of_the_study_folder_shows_pictures_with_their_classes(
    tmp_path: Path, runtime: Runtime, keys: dict[str, object], source: str, said: str
):
    if source == "folder":
        names = {name: name.replace("/", "-") for name in small.RANKED}
        for name, flat in names.items():
            (tmp_path / "flat").mkdir(exist_ok=True)
            (tmp_path / "pictures" / name).rename(tmp_path / "flat" / flat)
        small.write_predictions(tmp_path / "said.csv", {names[name]: order for name, order in small.RANKED.items()})
        keys = {**keys, "images": {**keys["images"], "model": f"folder:{tmp_path / 'flat'}"}}
    page = make_report(str(small.built(tmp_path, runtime, keys)), tmp_path / "report").read_text()
    assert "12 rows without labels were classified by classifier said." in page
    assert said in page
    assert {path.name for path in (tmp_path / "report" / "figures").iterdir()} == {
        "predictions-said.png",
        "predictions-said.svg",
    }


def test_it_is_neither_shown_nor_published(tmp_path: Path, runtime: Runtime, keys: dict[str, object]):
    folder = small.built(tmp_path, runtime, keys)
    with pytest.raises(SurveyError, match="its batches have no items, so there is nothing to ask people"):
        read_items(folder)
    with pytest.raises(RatingsError, match=r"its batches have no items, .* python -m analysis report"):
        publish_to_folder(folder, tmp_path / "dataset", "1.0.0", Options())


def test_more_batches_than_there_are_pictures_for_are_refused(
    tmp_path: Path, runtime: Runtime, keys: dict[str, object]
):
    with pytest.raises(StudyError, match="batches = 4: 12 pictures without labels, 5 a batch, make 3"):
        small.built(tmp_path, runtime, {**keys, "batches": 4})
