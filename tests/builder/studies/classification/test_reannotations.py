"""Published re-annotations, five answers of three levels to each image and class, come in by a mapping."""

from pathlib import Path

import pytest

from builder.ratings.collection import read_tables
from builder.runtime import Runtime
from builder.shards import StudyFolder
from builder.studies.classification.labels import accepted_classes
from tests.builder.studies.classification import small

ANSWERS = {
    ("a/2.png", "b"): "yyyyn",
    ("a/3.png", "c"): "yyymn",
    ("b/2.png", "a"): "mmmmm",
    ("b/3.png", "a"): "nnnym",
    ("c/2.png", "d"): "yyyyy",
    ("c/3.png", "d"): "nnnnn",
}
"""To the six mistakes of twelve pictures: yes, maybe, no."""

LEVELS = {"y": "Yes", "m": "Maybe", "n": "No"}

MAPPING = """
[columns]
participant = "annotator"
item = ["picture", "class"]
relevant = "level"

{meaning}

[items]
{items}
"""


@pytest.mark.parametrize(
    ("keys", "meaning", "accepted"),
    [
        ({}, '[relevant]\nyes = ["yes", "maybe"]\nno = ["no"]', ["a/2.png", "a/3.png", "b/2.png", "c/2.png"]),
        ({}, '[relevant]\nyes = ["yes"]\nno = ["no", "maybe"]', ["a/2.png", "c/2.png"]),
        (
            {"cannot_tell": True},
            '[relevant]\nwords = { yes = "yes", maybe = "cannot_tell", no = "no" }',
            ["a/2.png", "c/2.png"],
        ),
    ],
)
def test_rectified_errors_are_right_by_hand(
    tmp_path: Path, runtime: Runtime, keys: dict[str, object], meaning: str, accepted: list[str]
):
    """Six of twelve are wrong by the label; of these, four or two are accepted by four of five, so that the rectified
    error is 2/12 or 4/12.
    """
    folder = small.build(tmp_path, runtime, **keys)
    lines = ["picture,class,annotator,level"]
    for (row, shown), said in ANSWERS.items():
        lines += [f"{row},{shown},r{number},{LEVELS[each]}" for number, each in enumerate(said)]
    (tmp_path / "real.csv").write_text("\n".join(lines) + "\n")
    ids = small.item_ids(folder)
    items = "\n".join(f'"{row} {shown}" = "{ids[row, shown]}"' for row, shown in ANSWERS)
    (tmp_path / "real.toml").write_text(MAPPING.format(meaning=meaning, items=items))
    (_, outcome), *_ = small.import_exports(folder, [tmp_path / "real.csv"], mapping=tmp_path / "real.toml").outcomes
    assert (outcome.read, outcome.added, outcome.refused) == (30, 30, 0)
    ratings, _ = read_tables(folder)
    labels = accepted_classes(StudyFolder(folder).read("items", 0).drop_columns(["image"]), ratings).to_pylist()
    assert [row["row"] for row in labels if row["accepted"]] == accepted
    rows = StudyFolder(folder).read("predictions", 0).to_pylist()
    wrong = [row["row"] for row in rows if row["said_classes"][0] != row["label"]]
    assert sorted(wrong) == sorted(row for row, _ in ANSWERS)
    assert len(set(wrong) - set(accepted)) / len(rows) == (6 - len(accepted)) / 12
