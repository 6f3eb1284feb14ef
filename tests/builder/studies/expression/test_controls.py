"""A study of faces with FERPlus's votes: faces on which all agree tell who looks."""

from pathlib import Path

import pytest

from builder.ratings.store import RatingsFolder
from builder.shards import StudyFolder
from builder.studies.expression.tasks import ASKS_GENDER, GENDERS
from tests.builder.images.test_fer2013 import write
from tests.conftest import run_builder

pytest.importorskip("h5py")
pytestmark = pytest.mark.slow

VOTES = [
    "Training,fer0.png,0,10,0,0,0,0,0,0,0,0",
    "PublicTest,fer1.png,3,4,0,2,0,0,0,0,0,0",
    "PrivateTest,,0,0,0,0,0,0,0,0,0,10",
]
"""All say happy; nine votes without a majority; no face."""

STUDY = """
study = "expression"
name = "voted"
faces_per_batch = 3
ask_gender = true
groups = []
images = {{ model = "fer2013:{table}" }}
"""


def built(*arguments: object) -> str:
    result = run_builder(*arguments)
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_who_does_not_say_what_all_votes_say_is_flagged(tmp_path: Path):
    table = write(tmp_path, votes=VOTES)
    (tmp_path / "voted.toml").write_text(STUDY.format(table=table))
    folder = tmp_path / "study"
    built("build", tmp_path / "voted.toml", "--out", folder, "--threads-per-worker", 1)
    items = {row["row"]: row for row in StudyFolder(folder).read("items", 0).to_pylist()}
    assert [(items[row]["kind"], items[row]["control"], items[row]["dropped"]) for row in "012"] == [
        (1, "happy", None),
        (0, None, "unclear"),
        (0, None, "no face"),
    ]
    assert [items[row]["group_usage"] for row in "012"] == ["Training", "PublicTest", "PrivateTest"]
    assert [items[row]["votes"] for row in "02"] == [[0, 0, 0, 10, 0, 0, 0, 0, 0, 0], [0] * 9 + [10]]
    assert items["1"]["votes"] == [0, 0, 0, 4, 2, 0, 3, 0, 0, 0]
    lines = ["participant,item_id,emotion,strength,perceived_gender"]
    for row in "012":
        item = items[row]["item_id"]
        lines += [f"looks,{item},happy,{row},female", f"other,{item},sad,{row},I cannot tell"]
    (tmp_path / "answers.csv").write_text("\n".join(lines) + "\n")
    built("ratings", "import", folder, tmp_path / "answers.csv")
    assert "attention 1," in built("ratings", "status", folder)
    built("ratings", "simulate", folder, "--raters", 4)
    seen = RatingsFolder(folder, ASKS_GENDER).ratings().to_pylist()
    people = [row["perceived_gender"] for row in seen if row["source"] == "human"]
    assert sorted(people) == ["female"] * 3 + ["unsure"] * 3
    simulated = [row["perceived_gender"] for row in seen if row["source"] == "simulated"]
    assert len(simulated) == 12
    assert set(simulated) <= set(GENDERS)
