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
{columns}
item = ["picture", "class"]

{meaning}

[items]
{items}
"""


FORMS = {
    "long": 'participant = "annotator"\nrelevant = "level"',
    "wide": 'relevant = "annotator {participant}"',
}
"""A line of each answer, or of each image and class with a column for each person."""


def written(form: str) -> str:
    """The answers as a file."""
    if form == "wide":
        lines = ["picture,class," + ",".join(f"annotator {number}" for number in range(5))]
        lines += [",".join([*asked, *(LEVELS[each] for each in said)]) for asked, said in ANSWERS.items()]
    else:
        lines = ["picture,class,annotator,level"]
        for (row, shown), said in ANSWERS.items():
            lines += [f"{row},{shown},r{number},{LEVELS[each]}" for number, each in enumerate(said)]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("form", FORMS)
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
    tmp_path: Path, runtime: Runtime, keys: dict[str, object], meaning: str, accepted: list[str], form: str
):
    """Six of twelve are wrong by the label; of these, four or two are accepted by four of five, so that the rectified
    error is 2/12 or 4/12.
    """
    folder = small.build(tmp_path, runtime, **keys)
    (tmp_path / "real.csv").write_text(written(form))
    ids = small.item_ids(folder)
    items = "\n".join(f'"{row} {shown}" = "{ids[row, shown]}"' for row, shown in ANSWERS)
    (tmp_path / "real.toml").write_text(MAPPING.format(columns=FORMS[form], meaning=meaning, items=items))
    (_, outcome), *_ = small.import_exports(folder, [tmp_path / "real.csv"], mapping=tmp_path / "real.toml").outcomes
    assert (outcome.read, outcome.added, outcome.refused) == (30, 30, 0)
    ratings, _ = read_tables(folder)
    labels = accepted_classes(StudyFolder(folder).read("items", 0).drop_columns(["image"]), ratings).to_pylist()
    assert [row["row"] for row in labels if row["accepted"]] == accepted
    rows = StudyFolder(folder).read("predictions", 0).to_pylist()
    wrong = [row["row"] for row in rows if row["said_classes"][0] != row["label"]]
    assert sorted(wrong) == sorted(row for row, _ in ANSWERS)
    assert len(set(wrong) - set(accepted)) / len(rows) == (6 - len(accepted)) / 12
