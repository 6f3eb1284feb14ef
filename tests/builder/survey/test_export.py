import csv
import json
from xml.etree import ElementTree

import pytest

from builder.errors import SurveyError
from builder.ratings.store import RatingsFolder
from builder.shards import StudyFolder
from builder.survey.export import export
from builder.survey.page import image_path
from tests.asks import ASKS
from tests.conftest import run_builder

FILES = {
    "README.md",
    "page/index.html",
    "page/survey.js",
    "page/task.json",
    "label-studio/tasks.json",
    "label-studio/labeling.xml",
    "mturk/layout.html",
    "mturk/batch-00000.csv",
    "mturk/batch-00001.csv",
    "qualtrics/batch-00000.csv",
    "qualtrics/batch-00001.csv",
}


@pytest.fixture
def exported(survey_folder, stub, tmp_path):
    out = tmp_path / "out"
    export(survey_folder, out, "https://example.org/images/", stub)
    return out


@pytest.fixture
def pairs(survey_folder):
    return [StudyFolder(survey_folder).read("pairs", batch).to_pylist() for batch in (0, 1)]


def rows(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_everything_is_there_and_nothing_else(exported, pairs):
    files = {path.relative_to(exported).as_posix() for path in exported.rglob("*") if path.is_file()}
    images = {f"page/{image_path(row[side])}" for batch in pairs for row in batch for side in ("base_id", "sample_id")}
    assert files == FILES | images


def test_the_page_has_the_pairs_of_every_batch_and_their_images(exported, pairs):
    config = json.loads((exported / "page" / "task.json").read_text())
    assert (config["mode"], config["completion_code"], config["completion_url"]) == ("static", "C1A2B3", None)
    assert config["survey"]["contact"] == "Jane Doe, jane.doe@example.org"
    for shown, stored in zip(config["batches"], pairs, strict=True):
        assert [item["id"] for item in shown] == [row["pair_id"] for row in stored]
        for pair, row in zip(shown, stored, strict=True):
            assert (exported / "page" / pair["pictures"][0]).read_bytes() == row["base"]["bytes"]
            assert (exported / "page" / pair["pictures"][1]).read_bytes() == row["sample"]["bytes"]


@pytest.mark.parametrize("tool", ["qualtrics", "mturk"])
def test_a_tool_gets_a_file_a_batch_whose_addresses_are_those_of_the_images(exported, pairs, tool):
    for batch, stored in enumerate(pairs):
        assert rows(exported / tool / f"batch-{batch:05d}.csv") == [
            {
                "pair_id": row["pair_id"],
                "base": f"https://example.org/{image_path(row['base_id'])}",
                "sample": f"https://example.org/{image_path(row['sample_id'])}",
            }
            for row in stored
        ]


def test_label_studio_gets_a_task_a_pair_and_a_labeling_that_names_its_data(exported, pairs):
    tasks = json.loads((exported / "label-studio" / "tasks.json").read_text())
    assert [task["data"]["pair_id"] for task in tasks] == [row["pair_id"] for batch in pairs for row in batch]
    labeling = ElementTree.parse(exported / "label-studio" / "labeling.xml").getroot()  # noqa: S314  our own
    named = {element.get("name"): element for element in labeling.iter() if element.get("name")}
    assert named.keys() == {"base", "sample", "similarity", "identity"}
    assert {named[side].get("value") for side in ("base", "sample")} == {"$base", "$sample"}
    assert named.keys() - {"similarity", "identity"} <= tasks[0]["data"].keys()
    assert (named["similarity"].tag, named["similarity"].get("min"), named["similarity"].get("max")) == (
        "Number",
        "0",
        "100",
    )
    assert [choice.get("alias") for choice in named["identity"]] == ["yes", "no"]
    for control in ("similarity", "identity"):
        assert named[control].get("toName") in named
        assert named[control].get("required") == "true"


def test_the_layout_of_mturk_uses_the_fields_of_its_file(exported):
    layout = (exported / "mturk" / "layout.html").read_text()
    assert set(rows(exported / "mturk" / "batch-00000.csv")[0]) >= {"base", "sample"}
    for part in ("${base}", "${sample}", 'name="similarity"', 'name="identity" value="yes"'):
        assert part in layout


def test_a_wording_cannot_break_out_of_the_layouts(survey_folder, stub, tmp_path):
    study = survey_folder / "study.toml"
    wording = '"><script>alert(1)</script>&'
    study.write_text(study.read_text().replace("[survey]\n", f"[survey]\nquestion_identity = '{wording}'\n"))
    export(survey_folder, tmp_path / "out", None, stub)
    assert "<script>alert" not in (tmp_path / "out" / "mturk" / "layout.html").read_text()
    labeling = ElementTree.parse(tmp_path / "out" / "label-studio" / "labeling.xml")  # noqa: S314  our own
    assert wording in [header.get("value") for header in labeling.iter("Header")]
    assert rows(tmp_path / "out" / "mturk" / "batch-00000.csv")[0]["base"] == image_path("small-00000-base0")


def test_what_is_there_is_left_alone(survey_folder, stub, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    export(survey_folder, out, None, stub)
    (out / "README.md").write_text("mine")
    with pytest.raises(SurveyError, match="holds something already"):
        export(survey_folder, out, None, stub)
    assert (out / "README.md").read_text() == "mine"


def test_an_export_that_fails_leaves_nothing(survey_folder, stub, tmp_path, monkeypatch):
    def fails(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("builder.survey.export._labeling", fails)
    with pytest.raises(KeyboardInterrupt):
        export(survey_folder, tmp_path / "out", None, stub)
    assert {path.name for path in tmp_path.iterdir()} == {"study"}


def test_what_cannot_be_exported_is_said(small_folder, survey_folder, stub, tmp_path):
    with pytest.raises(SurveyError, match="lacks consent and contact"):
        export(small_folder, tmp_path / "out", None, stub)
    with pytest.raises(SurveyError, match="must be an address"):
        export(survey_folder, tmp_path / "out", "javascript:alert(1)", stub)
    done = run_builder("survey", "export", small_folder, tmp_path / "study")
    assert (done.returncode, done.stderr[:7]) == (2, "error: ")
    assert {path.name for path in tmp_path.iterdir()} == {"study"}


def imported(folder, file):
    done = run_builder("ratings", "import", folder, file)
    assert done.returncode == 0, done.stderr
    return {
        row["pair_id"]: (row["similarity"], row["identity"])
        for row in RatingsFolder(folder, ASKS).ratings().to_pylist()
    }


def test_what_mturk_gives_back_is_imported_without_a_mapping(exported, survey_folder, tmp_path):
    shown = rows(exported / "mturk" / "batch-00001.csv")
    file = tmp_path / "Batch_1_batch_results.csv"
    with file.open("w", newline="") as out:
        about = ["HITId", "AssignmentId", "WorkerId", "AssignmentStatus", "WorkTimeInSeconds"]
        writer = csv.writer(out)
        writer.writerow([*about, *(f"Input.{key}" for key in shown[0]), "Answer.similarity", "Answer.identity"])
        for number, row in enumerate(shown):
            writer.writerow(
                [f"3H{number}", f"3A{number}", "A1B2C3D4E5F6G7", "Approved", 9, *row.values(), number, "no"]
            )
    assert imported(survey_folder, file) == {row["pair_id"]: (n, False) for n, row in enumerate(shown)}


def test_what_label_studio_gives_back_is_imported_without_a_mapping(exported, survey_folder, tmp_path):
    tasks = json.loads((exported / "label-studio" / "tasks.json").read_text())[:20]
    for number, task in enumerate(tasks):
        answers = {"similarity": ("number", {"number": number}), "identity": ("choices", {"choices": ["yes"]})}
        result = [
            {"from_name": name, "to_name": "sample", "type": kind, "value": value}
            for name, (kind, value) in answers.items()
        ]
        annotation = {"id": number, "completed_by": 7, "result": result, "was_cancelled": False, "lead_time": 3.5}
        task |= {"id": number, "annotations": [annotation | {"created_at": "2026-11-22T10:00:00Z"}]}
    file = tmp_path / "project-1.json"
    file.write_text(json.dumps(tasks))
    assert imported(survey_folder, file) == {task["data"]["pair_id"]: (n, True) for n, task in enumerate(tasks)}


def test_what_qualtrics_gives_back_is_imported_without_a_mapping(exported, survey_folder, tmp_path):
    shown = rows(exported / "qualtrics" / "batch-00000.csv")
    names = ["StartDate", "Status", "Progress", "Duration (in seconds)", "Finished", "ResponseId"]
    values = ["2026-11-22 10:00:00", "IP Address", "100", "600", "True", "R_1a2B3c4D5e6F7g8"]
    for number, row in enumerate(shown, start=1):
        names += [f"{number}_pair_id", f"{number}_similarity", f"{number}_identity"]
        values += [row["pair_id"], str(number), "Yes"]
    file = tmp_path / "survey.csv"
    with file.open("w", newline="") as out:
        csv.writer(out).writerows([names, names, [json.dumps({"ImportId": name}) for name in names], values])
    assert imported(survey_folder, file) == {row["pair_id"]: (n, True) for n, row in enumerate(shown, start=1)}
