from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from builder.classifiers.settings import ClassifierSettings
from builder.errors import StudyError
from builder.images.settings import ImageSettings
from builder.runtime import Runtime
from builder.studies.classification.models import load_models
from builder.studies.classification.study import (
    AssignmentSettings,
    AttackSettings,
    ClassificationStudy,
    ExplainedSettings,
    classification,
)
from builder.study import Study, default_text, parse_study, read_study
from builder.toml import parse_toml


def study(**changes) -> Study:
    return parse_study({"study": "classification", "name": "a", **changes}, "study.toml")


def pictures(folder: Path, labels: dict[str, int], side: int = 28) -> dict[str, str]:
    """`[images]` of a folder with so many pictures of each label."""
    for label, count in labels.items():
        (folder / label).mkdir(parents=True)
        for number in range(count):
            Image.fromarray(np.full((side, side, 3), number, np.uint8)).save(folder / label / f"{number}.png")
    return {"model": f"folder:{folder}"}


def test_the_defaults():
    default = ClassificationStudy(name="a")
    assert (default.classes, default.classes_per_batch, default.mistakes, default.controls) == (None, 6, 40, 20)
    assert default.attack is None
    own = AttackSettings(classifier="digits_cnn")
    assert (own.step, own.iterations, own.items) == (0.001, 10, 40)
    assert default.images.model == "mnist-5k:audit"
    assert [(each.name, each.model) for each in default.classifiers] == [("digits_cnn", "digits-cnn")]


def test_a_study_is_written_and_read():
    written = read_study("classification-demo")
    assert parse_study(parse_toml(written.to_toml().encode(), "study.toml"), "study.toml") == written
    assert written.to_toml().startswith('study = "classification"\nname = "classification-demo"\n')


def test_absent_keys_leave_the_identity_as_it_was():
    """The hash of the packaged study before there were these keys."""
    before = read_study("classification-demo").model_copy(update={"explained": None, "assignment": None})
    assert before.hash() == "a62f8f8a401ff57c98c00218bdbb5ea71345fae73989673a3199c94a92c0dbbc"
    assert study().hash() != study(mistakes_top5=20).hash()


def test_the_printed_study_has_a_comment_on_every_key():
    lines = default_text("classification-demo").splitlines()
    tables = {
        "": ClassificationStudy,
        "images": ImageSettings,
        "classifiers": ClassifierSettings,
        "attack": AttackSettings,
        "explained": ExplainedSettings,
        "assignment": AssignmentSettings,
    }
    tables |= {name: ClassificationStudy.model_fields[name].annotation for name in ("survey", "ratings", "publish")}
    for table, model in tables.items():
        start = 0 if not table else lines.index(f"[[{table}]]" if table == "classifiers" else f"[{table}]")
        end = next((n for n in range(start + 1, len(lines)) if lines[n].startswith("[")), len(lines))
        assert lines[start].startswith("#") or lines[start - 1].startswith("#"), f"[{table}] has no comment"
        for key in (field.alias or name for name, field in model.model_fields.items()):
            if (table == "" and key in tables) or key == "counterbalance":  # which is of two images side by side
                continue
            at = [n for n in range(start, end) if lines[n].removeprefix("# ").startswith(f"{key} = ")]
            assert at, f"{table}.{key} is not in the printed study"
            if key != "study":
                assert lines[at[0] - 1].startswith("#"), f"{table}.{key} has no comment"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"classes_per_batch": 0}, ["classes_per_batch = 0", "greater than or equal to 1"]),
        ({"mistakes": 0}, ["mistakes = 0", "greater than or equal to 1"]),
        ({"controls": 1}, ["controls = 1", "greater than or equal to 2"]),
        ({"mistakes_top5": 0}, ["mistakes_top5 = 0", "greater than or equal to 1"]),
        ({"classes": ["3"]}, ["classes", "at least 2"]),
        ({"classes": ["3", "3"]}, ["classes", "names one class twice"]),
        ({"classifiers": []}, ["classifiers", "at least one classifier"]),
        ({"classifiers": [{"name": "a", "model": "digits-cnn"}] * 2}, ["two classifiers the same name"]),
        ({"classifiers": [{"name": "A", "model": "digits-cnn"}]}, ["lower-case letters, digits"]),
        ({"classifiers": [{"name": "a", "model": "digits"}]}, ['"digits"', "must be one of", "digits-cnn"]),
        ({"images": {"model": "mnist"}}, ['"mnist"', "must be one of", "mnist-5k"]),
        ({"attack": {}}, ["attack.classifier"]),
        (
            {"attack": {"classifier": "b"}},
            ["attack.classifier = 'b'", "must be the name of one of the classifiers: digits_cnn"],
        ),
        ({"assignment": {"classifier": "b"}}, ["assignment.classifier = 'b'", "must be the name of one of"]),
        ({"ratings": {"questions": ["assigned"]}}, ["names 'assigned', which is asked where there is [assignment]"]),
        ({"explained": {}}, ["explained: shows adversarial images explained, and there is no [attack]"]),
        ({"explained": {"features": 0}, "attack": {"classifier": "digits_cnn"}}, ["features = 0", "greater than or"]),
        ({"explained": {"model": "shap"}}, ['"shap"', "must be one of", "lime"]),
        ({"attack": {"classifier": "digits_cnn", "step": 0}}, ["attack.step = 0", "greater than"]),
        ({"bases_per_batch": 4}, ["bases_per_batch: unknown key"]),
    ],
)
def test_what_is_refused(changes, said):
    with pytest.raises(StudyError) as error:
        study(**changes)
    assert all(each in str(error.value) for each in said), error.value


def test_a_study_of_another_kind_is_none():
    with pytest.raises(StudyError, match="a study of the kind verification; this needs one of the kind classification"):
        classification(read_study())


@pytest.mark.parametrize(
    ("labels", "changes", "said"),
    [
        ({"3": 2, "cat": 1}, {}, "digits_cnn has no class 'cat', which pictures are labeled with; it has '0', '1', "),
        ({"3": 2, "5": 1}, {"classes": ["3", "8"]}, r"no picture of folder:.* is labeled '8'; labels are '3', '5'"),
        (
            {"3": 2, "5": 1},
            {"mistakes_top5": 9},
            "mistakes_top5 = 9: .* more than 10 classes alone, and digits_cnn has 10",
        ),
        (
            dict.fromkeys("01234", 7),
            {"assignment": {"classifier": "digits_cnn"}},
            "assignment: .* one of 6 classes, and the study has 5: '0', '1', '2', '3', '4'",
        ),
        (
            {**dict.fromkeys("01234", 7), "5": 2},
            {"assignment": {"classifier": "digits_cnn"}},
            "assignment: 6 pictures are shown of each class, and 1 classes have fewer, such as '5' with 2",
        ),
        ({"3": 2, "5": 1}, {"batches": 3, "classes_per_batch": 1}, "batches = 3: 2 classes, 1 a batch .*make 2;"),
    ],
)
def test_pictures_that_do_not_fit_are_refused(tmp_path: Path, runtime: Runtime, labels, changes, said):
    described = study(images=pictures(tmp_path / "pictures", labels), **changes)
    with pytest.raises(StudyError, match=said):
        load_models(classification(described), runtime)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"attack": {"classifier": "digits_cnn"}}, "attack: needs labels, and no picture of folder:.* has one"),
        ({"classes": ["3", "5"]}, "classes: needs labels"),
        ({"batches": 2}, "batches = 2: 1 pictures without labels, 1000 a batch, make 1; no more can be built"),
    ],
)
def test_pictures_without_labels_have_predictions_alone(tmp_path: Path, runtime: Runtime, keys, said):
    Image.new("RGB", (28, 28)).save(tmp_path / "a.png")
    with pytest.raises(StudyError, match=said):
        load_models(classification(study(images={"model": f"folder:{tmp_path}"}, **keys)), runtime)


def test_pictures_of_two_sizes_are_refused(tmp_path: Path, runtime: Runtime):
    images = pictures(tmp_path, {"3": 1}) and pictures(tmp_path, {"5": 1}, side=32)
    models = load_models(classification(study(images=images)), runtime)
    with pytest.raises(StudyError, match=r"row 5/0.png has 32 x 32 pixels, others have 28 x 28; .* add side"):
        models.pictures([0, 1])
