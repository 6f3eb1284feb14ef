"""Answers of the study's authors: in the tables, named so, and in nothing that is said of participants."""

from pathlib import Path

import pytest
from datasets import load_dataset

from analysis.dataset import load
from analysis.studies.classification.data import Classification
from builder.cli import main
from builder.publish.prepare import Options
from builder.publish.publishing import publish_to_folder
from builder.publish.verify import verify
from builder.ratings.store import RatingsFolder
from builder.runtime import Runtime
from builder.studies.classification.tasks import ASKS
from tests.builder.studies.classification import small

HEADER = "participant,item_id,relevant,age,gender\n"


@pytest.fixture
def folder(tmp_path: Path, runtime: Runtime) -> Path:
    return small.build(tmp_path, runtime)


def write(path: Path, *people: str, word: str, item: str) -> Path:
    """Answers of some people to an item."""
    path.write_text(HEADER + "".join(f"{who},{item},{word},44,female\n" for who in people))
    return path


def stored(folder: Path, table: str) -> list[dict[str, object]]:
    store = RatingsFolder(folder, ASKS)
    rows: list[dict[str, object]] = (store.ratings() if table == "ratings" else store.participants()).to_pylist()
    return rows


def test_of_an_expert_the_answers_are_kept_alone(folder: Path, tmp_path: Path, capsys):
    item = small.item_ids(folder)["a/2.png", "b"]
    ours = write(tmp_path / "ours.csv", "ann", "bob", word="yes", item=item)
    assert main(["ratings", "import", str(folder), str(ours), "--expert", "--dry-run"]) == 0
    assert stored(folder, "ratings") == []
    assert main(["ratings", "import", str(folder), str(ours), "--expert"]) == 0
    assert main(["ratings", "status", str(folder)]) == 0
    assert "expert: 2 ratings by 2 participants" in capsys.readouterr().out
    assert [(row["source"], row["relevant"]) for row in stored(folder, "ratings")] == [("expert", True)] * 2
    people = stored(folder, "participants")
    assert [(who["source"], who["age"], who["gender"], who["duration_s"]) for who in people] == [
        ("expert", None, None, None)
    ] * 2


def test_nobody_is_an_expert_and_a_participant(folder: Path, tmp_path: Path, capsys):
    item, other = list(small.item_ids(folder).values())[:2]
    expert = write(tmp_path / "expert.csv", "ann", word="yes", item=item)
    assert main(["ratings", "import", str(folder), str(expert), "--expert"]) == 0
    person = write(tmp_path / "person.csv", "ann", "bob", word="no", item=other)
    assert main(["ratings", "import", str(folder), str(person)]) == 0
    assert "1  participant is there as expert, not as human" in capsys.readouterr().out
    again = write(tmp_path / "again.csv", "bob", word="no", item=item)
    assert main(["ratings", "import", str(folder), str(again), "--expert"]) == 1
    said = capsys.readouterr().out
    assert "1  participant is there as human, not as expert" in said
    assert said.endswith("no rating was taken: all were refused\n")
    assert sorted(row["source"] for row in stored(folder, "ratings")) == ["expert", "human"]
    assert {who["source"]: who["age"] for who in stored(folder, "participants")} == {"expert": None, "human": "44"}


def test_no_aggregate_and_no_count_is_of_experts(folder: Path, tmp_path: Path):
    item = small.item_ids(folder)["a/2.png", "b"]
    small.rate(folder, [(f"p{who}", item, "yes") for who in range(5)])
    experts = write(tmp_path / "experts.csv", "ann", "bob", word="no", item=item)
    main(["ratings", "import", str(folder), str(experts), "--expert"])
    publish_to_folder(folder, tmp_path / "dataset", "1.0.0", Options())
    assert verify(tmp_path / "dataset") == []
    loaded = load_dataset(str(tmp_path / "dataset"), "items", split="train", cache_dir=str(tmp_path / "cache"))
    (row,) = (row for row in loaded if row["item_id"] == item)
    assert (row["relevant_rate"], row["n_ratings"], row["ratings_source"]) == (1.0, 5, "human")
    card = (tmp_path / "dataset" / "README.md").read_text()
    assert "### Human: 5 ratings, 5 participants" in card
    assert "### Expert: 2 ratings, 2 experts" in card
    assert "- crowdsourced\n- expert-generated\n" in card
    published = load(str(tmp_path / "dataset"))
    assert (published.source, len(published.ratings), len(published.participants)) == ("human", 5, 5)
    assert isinstance(published, Classification)
    assert (published.other_sources, len(published.experts)) == ({}, 2)


def test_a_version_may_have_answers_of_experts_alone(folder: Path, tmp_path: Path):
    item = small.item_ids(folder)["a/2.png", "b"]
    experts = write(tmp_path / "experts.csv", *"abcdef", word="yes", item=item)
    main(["ratings", "import", str(folder), str(experts), "--expert"])
    publish_to_folder(folder, tmp_path / "dataset", "1.0.0", Options())
    assert verify(tmp_path / "dataset") == []
    card = (tmp_path / "dataset" / "README.md").read_text()
    assert "### Expert: 6 ratings, 6 experts" in card
    assert "Of experts nothing was stored but their answers" in card
    assert "None: no picture" not in card
    assert "relevant_rate" not in card
    assert not (tmp_path / "dataset" / "data" / "labels").exists()
