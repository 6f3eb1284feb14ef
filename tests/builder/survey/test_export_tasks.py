"""What other tools get of a study with several tasks, options of the item's own and words of the item in a question."""

import csv
import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from builder.survey import export
from builder.survey.items import Item, SurveyItems
from builder.survey.settings import SurveySettings
from builder.tasks import Choice, Layout, Questionnaire, Task, YesNo

RELEVANT = Task(
    "relevant",
    Layout("single", ("image_id",), words=("shown_class",)),
    (YesNo("relevant", "Is {shown_class} relevant for this image?"),),
)
ASSIGNMENT = Task(
    "assignment",
    Layout("panels", ("target_id", "panel_ids")),
    (Choice("belongs", "Which class does it belong to?", column="options"),),
)
ASKS = Questionnaire("items", "item_id", (RELEVANT, ASSIGNMENT))
ITEMS = (
    Item("i-1", "relevant", ("a",), words={"shown_class": "zebra"}),
    Item("i-2", "assignment", ("b", "c", "d", "e"), options={"belongs": ("cat", "dog", "owl")}),
    Item("i-3", "assignment", ("b", "c", "d"), options={"belongs": ("cat", "dog")}),
)


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    survey = SurveyItems("s", "verification", "0" * 64, SurveySettings(), ASKS, {0: ITEMS}, {})
    texts = {"rating_relevant": RELEVANT.questions[0].text, "rating_belongs": ASSIGNMENT.questions[0].text}
    monkeypatch.setattr(export, "survey_texts", lambda survey: texts | {"rating_yes": "Yes", "rating_no": "No"})
    for task in ASKS.tasks:
        export._write_for_tools(tmp_path, survey, task, lambda image_id: f"images/{image_id}.png")
    return tmp_path


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_each_task_has_a_folder_with_its_items(tools: Path):
    assert rows(tools / "mturk" / "relevant" / "batch-00000.csv") == [
        {"item_id": "i-1", "image": "images/a.png", "shown_class": "zebra"}
    ]
    first, second = rows(tools / "qualtrics" / "assignment" / "batch-00000.csv")
    assert first == {
        "item_id": "i-2",
        **{f"image_{number}": f"images/{name}.png" for number, name in enumerate("bcde", 1)},
        "belongs_1": "cat",
        "belongs_2": "dog",
        "belongs_3": "owl",
    }
    assert (second["image_4"], second["belongs_2"], second["belongs_3"]) == ("", "dog", "")


def test_mturk_fills_words_and_options_from_its_input(tools: Path):
    relevant = (tools / "mturk" / "relevant" / "layout.html").read_text()
    assert "<legend>Is ${shown_class} relevant for this image?</legend>" in relevant
    assignment = (tools / "mturk" / "assignment" / "layout.html").read_text()
    assert 'name="belongs" value="${belongs_3}" required> ${belongs_3}</label>' in assignment


def test_label_studio_fills_words_and_options_from_its_tasks(tools: Path):
    data = [each["data"] for each in json.loads((tools / "label-studio" / "relevant" / "tasks.json").read_text())]
    assert data[0]["relevant_text"] == "Is zebra relevant for this image?"
    labeling = ElementTree.parse(tools / "label-studio" / "relevant" / "labeling.xml").getroot()  # noqa: S314 - our own
    assert [each.get("value") for each in labeling.iter("Header")] == ["$relevant_text"]
    data = [each["data"] for each in json.loads((tools / "label-studio" / "assignment" / "tasks.json").read_text())]
    assert data[1]["belongs_choices"] == [{"value": "cat"}, {"value": "dog"}]
    labeling = ElementTree.parse(tools / "label-studio" / "assignment" / "labeling.xml").getroot()  # noqa: S314 - our own
    assert [each.get("value") for each in labeling.iter("Choices")] == ["$belongs_choices"]


def test_other_tools_are_told_which_options_are_shuffled():
    answers = [
        export.Asked(question, "What?", question.labeled()).answers
        for question in (
            Choice("shows", "What?", options=("a", "b", "none"), shuffled=("a", "b")),
            Choice("shows", "What?", options=("a", "b"), shuffled=("a", "b")),
            Choice("shows", "What?", options=("a", "b")),
        )
    ]
    assert answers == [
        "one of a, b, none, in random order, but for none",
        "one of a, b, in random order",
        "one of a, b",
    ]
