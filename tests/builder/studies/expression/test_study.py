import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from builder.errors import StudyError
from builder.images.settings import ImageSettings
from builder.runtime import Runtime
from builder.studies import kind_texts
from builder.studies.expression.models import load_models
from builder.studies.expression.study import ExpressionStudy, FaceSettings, PredictedGroup, expression
from builder.studies.expression.tasks import ASKS, ASKS_GENDER, GENDERS, OPTIONS
from builder.study import Study, default_text, parse_study, read_study
from builder.survey.texts import option_key, read_texts
from builder.toml import parse_toml


def study(**changes) -> Study:
    return parse_study({"study": "expression", "name": "a", **changes}, "study.toml")


def pictures(folder: Path, *labels: str, side: int = 48) -> dict[str, str]:
    """`[images]` of a folder with a picture of each label."""
    for label in labels:
        (folder / label).mkdir(parents=True)
        Image.fromarray(np.zeros((side, side, 3), np.uint8)).save(folder / label / "0.png")
    return {"model": f"folder:{folder}"}


def test_the_defaults():
    default = ExpressionStudy(name="a")
    assert (default.faces_per_batch, default.label_rule, default.images.model) == (112, "majority", "generated")
    assert [(each.name, each.model) for each in default.classifiers] == [("fer", "fer")]
    assert [(each.name, each.model, each.min_confidence) for each in default.groups] == [("gender", "gender", 0.8)]


def test_a_study_is_written_and_read():
    written = read_study("expression-demo")
    assert parse_study(parse_toml(written.to_toml().encode(), "study.toml"), "study.toml") == written
    assert (written.batches, expression(written).faces_per_batch) == (8, 112)


def test_the_printed_study_has_a_comment_on_every_key():
    lines = default_text("expression-demo").splitlines()
    models = {"": ExpressionStudy, "images": ImageSettings, "classifiers": FaceSettings, "groups": PredictedGroup}
    models |= {name: ExpressionStudy.model_fields[name].annotation for name in ("survey", "ratings", "publish")}
    for table, model in models.items():
        heads = (f"[[{table}]]", f"[{table}]")
        start = 0 if not table else next(n for n, line in enumerate(lines) if line in heads)
        end = next((n for n in range(start + 1, len(lines)) if lines[n].startswith("[")), len(lines))
        assert lines[start].startswith("#") or lines[start - 1].startswith("#"), f"[{table}] has no comment"
        for key in (field.alias or name for name, field in model.model_fields.items()):
            if (table == "" and key in models) or key == "counterbalance":  # which is of two images side by side
                continue
            at = [n for n in range(start, end) if lines[n].removeprefix("# ").startswith(f"{key} = ")]
            assert at, f"{table}.{key} is not in the printed study"
            assert key == "study" or lines[at[0] - 1].startswith("#"), f"{table}.{key} has no comment"


@pytest.mark.parametrize(("language", "happy", "unsure"), [("en", "happy", "cannot"), ("de", "Freude", "nicht sagen")])
def test_the_page_has_a_label_for_every_option(language: str, happy: str, unsure: str):
    said = read_texts(language, ASKS_GENDER, kind_texts("expression"))
    labels = {option: said[option_key("emotion", option)] for option in OPTIONS}
    assert labels["happy"] == happy
    assert len(set(labels.values())) == 9
    genders = [said[option_key("perceived_gender", option)] for option in GENDERS]
    assert unsure in genders[2]
    assert len(set(genders)) == 3
    assert "rating_perceived_gender" not in read_texts(language, ASKS, kind_texts("expression"))


def test_a_study_asks_for_the_gender_where_it_says_so():
    assert study().asked().names == ("emotion", "strength")
    asking = study(ask_gender=True, survey={"question_perceived_gender": "A woman or a man?"})
    assert asking.asked().names == ("emotion", "strength", "perceived_gender")
    assert asking.survey.wording("perceived_gender") == "A woman or a man?"
    assert study(ask_gender=True, ratings={"questions": ["perceived_gender"]}).asked().names == ("perceived_gender",)
    assert study(ask_gender=False).to_toml() == study().to_toml()
    assert asking.hash() != study().hash() == study(ask_gender=False).hash()
    before = expression(read_study("expression-demo")).model_copy(update={"ask_gender": None})
    assert before.hash().startswith("bbb055d278c9c9c7"), "a folder that was built before there was the key goes on"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"faces_per_batch": 0}, ["faces_per_batch = 0", "greater than or equal to 1"]),
        ({"label_rule": "most"}, ["label_rule", "majority", "ferplus"]),
        ({"classifiers": []}, ["classifiers", "at least one classifier"]),
        ({"classifiers": [{"name": "gender", "model": "fer"}]}, ["classifiers and groups the same name"]),
        ({"classifiers": [{"name": "fer", "model": "fer", "alignment": "eyes"}]}, ["alignment", "none, hog, hog_"]),
        ({"classifiers": [{"name": "group_a", "model": "fer"}]}, ["begins with group_ or predicted_"]),
        ({"groups": [{"name": "gender", "model": "gender", "min_confidence": 2.0}]}, ["less than or equal to 1"]),
        ({"groups": [{"name": "age", "model": "age", "bounds": [40, 18]}]}, ["bounds", "must rise"]),
        ({"classes": ["3"]}, ["classes: unknown key"]),
        ({"ratings": {"questions": ["perceived_gender"]}}, ["ratings.questions: names perceived_gender", "ask_gender"]),
        ({"ratings": {"questions": ["age"]}}, ["must be some of: emotion, strength, perceived_gender"]),
    ],
)
def test_what_is_refused(changes, said):
    with pytest.raises(StudyError) as error:
        study(**changes)
    assert all(each in str(error.value) for each in said), error.value


def test_a_label_that_no_emotion_has_is_refused_with_its_row(tmp_path: Path, runtime: Runtime):
    described = study(images=pictures(tmp_path, "happy", "joy"))
    with pytest.raises(
        StudyError, match=r"row joy/0\.png is labeled 'joy', which no emotion is called: angry, disgust"
    ):
        load_models(expression(described), runtime)


def test_more_batches_than_faces_are_refused(tmp_path: Path, runtime: Runtime):
    described = study(images=pictures(tmp_path, "happy", "sad"), batches=3, faces_per_batch=1)
    with pytest.raises(StudyError, match=r"batches = 3: 2 faces, 1 a batch .* make 2;"):
        load_models(expression(described), runtime)


def test_a_classifier_of_something_else_is_refused(tmp_path: Path, runtime: Runtime):
    images = pictures(tmp_path, "happy", "sad")
    described = study(images=images, classifiers=[{"name": "digits", "model": "gender"}], groups=[])
    with pytest.raises(StudyError, match="digits does not have 7 of the 7 classes"):
        load_models(expression(described), runtime)


def test_no_alignment_is_the_default():
    plain, said = ([{"name": "fer", "model": "fer", **more}] for more in ({}, {"alignment": "none"}))
    assert study(classifiers=plain).hash() == study(classifiers=said).hash() == study().hash()
    aligned = [{"name": "fer", "model": "fer", "alignment": "hog"}]
    assert study(classifiers=aligned).hash() != study().hash()


def test_without_h5py_the_extra_is_named(tmp_path: Path, runtime: Runtime, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(StudyError, match=r"fer needs h5py: pip install 'lands-between\[fer\]'"):
        load_models(expression(study(images=pictures(tmp_path, "happy", "sad"))), runtime)
