import hashlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from builder.classifiers.settings import ClassifierSettings
from builder.errors import StudyError
from builder.explainers.settings import ExplainerSettings
from builder.images.settings import ImageSettings
from builder.runtime import Runtime
from builder.studies import kind_texts
from builder.studies.explanation.models import load_models
from builder.studies.explanation.study import CheckSettings, ExplanationStudy, TableSettings, explanation
from builder.study import Study, default_text, parse_study, read_study
from builder.survey.texts import read_texts
from builder.toml import parse_toml

MEAN_COLOR = Path(__file__).parents[3] / "data" / "mean_color.onnx"
"""The mean of each channel; it has no network to differentiate."""

COLORS = {
    "name": "colors",
    "model": f"onnx:{MEAN_COLOR}",
    "sha256": hashlib.sha256(MEAN_COLOR.read_bytes()).hexdigest(),
    "input_size": 16,
    "classes": ["red", "green", "blue"],
}


def study(**changes) -> Study:
    return parse_study({"study": "explanation", "name": "a", **changes}, "study.toml")


def explainers(*names: str) -> list[dict[str, str]]:
    return [{"name": name, "model": name} for name in names]


def pictures(folder: Path, count: int, side: int = 16) -> dict[str, str]:
    """`[images]` of a folder of noise."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number in range(count):
        Image.fromarray(rng.integers(0, 256, (side, side, 3), np.uint8)).save(folder / f"{number}.png")
    return {"model": f"folder:{folder}"}


def check_of(name: str, classifier: str = "colors") -> list[dict[str, str]]:
    return [{"check": name, "classifier": classifier}]


def test_the_defaults():
    default = ExplanationStudy(name="a")
    assert (default.images_per_batch, default.items, default.controls, default.view) == (8, 40, 4, "absolute")
    assert default.images.model == "mnist-5k:audit"
    assert [(each.name, each.model) for each in default.classifiers] == [("digits_cnn", "digits-cnn")]
    assert [each.name for each in default.explainers] == ["gradient", "grad_cam"]
    assert [(each.check, each.classifier, each.layers) for each in default.checks] == [("cascading", "digits_cnn", 5)]
    assert default.ratings.attention_likeness == 80


def test_the_packaged_study_has_every_explainer_and_check_and_is_written_and_read():
    written = explanation(read_study("explanation-demo"))
    assert parse_study(parse_toml(written.to_toml().encode(), "study.toml"), "study.toml") == written
    assert written.to_toml().startswith('study = "explanation"\nname = "explanation-demo"\n')
    assert len(written.explainers) == 11
    assert [written.check_of(batch).manipulation or written.check_of(batch).check for batch in range(18)] == [
        "cascading",
        "independent",
        "labels",
        "explainers",
        "top_k",
        "location",
        "top_k_model",
        "center_model",
        "active",
        "mass_center",
        "target_map",
        "patch",
        "scaffold",
        "conceal",
        "random",
        "cascading",
        "labels",
        "cascading",
    ]
    assert [check.classifier for check in written.checks if check.of_rows] == ["", "", "row_model", "row_model"]
    assert [own.radius for own in written.check_of(4).tries()] == [0.03, 0.1]


def test_every_check_has_a_batch_and_fewer_are_named(tmp_path: Path, runtime: Runtime, caplog):
    pytest.importorskip("onnxruntime")
    keys = {"explainers": explainers("lime"), "classifiers": [COLORS], "images": pictures(tmp_path / "noise", 3)}
    keys |= {"checks": 3 * check_of("explainers"), "images_per_batch": 1}
    assert [each.batches for each in (study(**keys), study(**keys, batches=2), study())] == [3, 2, 1]
    assert study(**keys).hash() == study(**keys, batches=2).hash()
    load_models(explanation(study(**keys)), runtime)
    assert "not made" not in caplog.text
    load_models(explanation(study(**keys, batches=2)), runtime)
    assert "batches = 2, one for each of the first of 3 checks; not made: explainers" in caplog.text


def manipulation(name: str = "top_k", explainer: str = "gradient", **keys) -> dict:
    return {
        "check": "manipulation",
        "classifier": "digits_cnn",
        "manipulation": name,
        "explainer": explainer,
        **keys,
    }


def of_rows(name: str, explainer: str, **keys) -> dict:
    return {"check": "manipulation", "manipulation": name, "explainer": explainer, **keys}


def test_every_combination_of_values_is_tried():
    (check,) = explanation(study(checks=[manipulation(radius=[0.1, 0.2], steps=[3, 5], keep=0.5)])).checks
    assert [(own.radius, own.steps, own.keep) for own in check.tries()] == [
        (0.1, 3, 0.5),
        (0.1, 5, 0.5),
        (0.2, 3, 0.5),
        (0.2, 5, 0.5),
    ]


def test_lambdas_are_tried_one_by_one_and_classes_are_two():
    keys = {"weights": [1.0, 10.0], "classes": ["3", "8"]}
    (check,) = explanation(study(checks=[manipulation("active", "grad_cam", **keys)])).checks
    assert [(own.weights, own.classes) for own in check.tries()] == [((1.0,), ("3", "8")), ((10.0,), ("3", "8"))]


def test_people_are_asked_more_of_manipulations_alone():
    asks = study(checks=[manipulation()]).questionnaire()
    assert [task.name for task in asks.tasks] == ["likeness", "difference", "trust"]
    assert [task.name for task in study().questionnaire().tasks] == ["likeness"]
    assert read_texts("en", asks, kind_texts("explanation"))["rating_trust_left"] == "the left one"
    assert read_texts("de", asks, kind_texts("explanation"))["rating_trust_left"] == "der linken"


def test_the_printed_study_has_a_comment_on_every_key():
    lines = default_text("explanation-demo").splitlines()
    tables = {
        "": ExplanationStudy,
        "images": ImageSettings,
        "training_images": ImageSettings,
        "table": TableSettings,
        "classifiers": ClassifierSettings,
        "explainers": ExplainerSettings,
        "checks": CheckSettings,
    }
    tables |= {name: ExplanationStudy.model_fields[name].annotation for name in ("survey", "ratings", "publish")}
    for table, model in tables.items():
        heads = (f"[[{table}]]", f"[{table}]")
        start = 0 if not table else next(n for n, line in enumerate(lines) if line in heads)
        end = next((n for n in range(start + 1, len(lines)) if lines[n].startswith("[")), len(lines))
        assert lines[start].startswith("#") or lines[start - 1].startswith("#"), f"[{table}] has no comment"
        for key in (field.alias or name for name, field in model.model_fields.items()):
            if table == "" and key in tables:
                continue
            at = [n for n in range(start, end) if lines[n].removeprefix("# ").startswith(f"{key} = ")]
            assert at, f"{table}.{key} is not in the printed study"
            assert key == "study" or lines[at[0] - 1].startswith("#"), f"{table}.{key} has no comment"


@pytest.mark.parametrize(
    ("language", "asked"),
    [("en", "How alike are these explanations?"), ("de", "Wie ähnlich sind sich diese Erklärungen?")],
)
def test_the_page_asks_in_two_languages(language: str, asked: str):
    said = read_texts(language, study().questionnaire(), kind_texts("explanation"))
    assert said["rating_likeness"] == asked


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"images_per_batch": 0}, ["images_per_batch = 0", "greater than or equal to 1"]),
        ({"view": "color"}, ['view = "color"', "absolute", "diverging"]),
        ({"checks": []}, ["checks", "at least one entry"]),
        ({"explainers": []}, ["explainers", "at least one explainer"]),
        ({"explainers": explainers("gradient", "gradient")}, ["classifiers and explainers the same name"]),
        ({"explainers": explainers("saliency")}, ['"saliency"', "must be one of", "smoothgrad"]),
        ({"explainers": [{"name": "edges", "model": "gradient"}]}, ["the edge detector is called so"]),
        ({"explainers": [{"name": "lime", "model": "lime", "sample": 3}]}, ["sample", "did you mean samples?"]),
        ({"checks": [{"check": "cascade", "classifier": "digits_cnn"}]}, ['"cascade"', "cascading"]),
        ({"checks": [{"check": "labels", "classifier": "other"}]}, ["checks[0].classifier = 'other'", "digits_cnn"]),
        ({"classes": ["3"]}, ["classes: unknown key"]),
        ({"checks": [check_of("cascading", "digits_cnn")[0] | {"radius": 0.1}]}, ["radius", "unknown key"]),
        (
            {"checks": [check_of("cascading", "digits_cnn")[0] | {"explainer": "lime"}]},
            ["explainer", "manipulation alone"],
        ),
        ({"checks": [check_of("manipulation", "digits_cnn")[0]]}, ["needs the key manipulation"]),
        ({"checks": [manipulation("top")]}, ['"top"', "mass_center"]),
        ({"checks": [manipulation(explainer="lime")]}, ["checks[0].explainer = 'lime'", "gradient, grad_cam"]),
        ({"checks": [manipulation(radios=0.1)]}, ["radios", "did you mean radius?"]),
        ({"checks": [manipulation(seed=1)]}, ["seed", "unknown key"]),
        ({"checks": [manipulation(radius=2.0)]}, ["radius", "less than or equal to 1"]),
        ({"checks": [manipulation("active", classes=["3", "3"])]}, ["names one class twice"]),
        ({"checks": [{"check": "cascading"}]}, ["the check cascading needs the key classifier"]),
        ({"checks": [manipulation("scaffold", "lime")]}, ["scaffold trains a classifier of rows itself"]),
        ({"checks": [manipulation() | {"classifier": "row_model"}]}, ["top_k is of pictures; of rows are scaffold"]),
        ({"classifiers": [{"name": "row_model", "model": "digits-cnn"}]}, ["must not call one row_model"]),
        ({"checks": [of_rows("scaffold", "gradient")]}, ["scaffold is of rows", "lime, kernel_shap"]),
        ({"checks": [of_rows("scaffold", "lime", against="lime")]}, ["against", "unknown key"]),
        ({"checks": [of_rows("conceal", "gradient", hidden=[8, 16])]}, ["must have one hidden"]),
        ({"table": {"path": "a.csv", "label": "b"}}, ["label, positive and sensitive"]),
        ({"table": {"label": "b"}}, ["no path"]),
        ({"checks": [manipulation(radius=[])]}, ["1 to 50 settings"]),
        ({"checks": [manipulation(radius=[0.1, 0.1])]}, ["a setting of its manipulation twice"]),
    ],
)
def test_what_is_refused(changes, said):
    with pytest.raises(StudyError) as error:
        study(**changes)
    assert all(each in str(error.value) for each in said), error.value


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"explainers": explainers("lime", "gradient"), "checks": check_of("explainers")},
            r"explainers: gradient: classifier 'colors': .* differentiates a network, and this classifier has none",
        ),
        (
            {"explainers": explainers("occlusion"), "checks": check_of("cascading")},
            "checks: cascading draws weights of a network anew, and colors has none: .* the check explainers needs no",
        ),
        (
            {"explainers": explainers("occlusion"), "checks": check_of("labels")},
            "checks: labels trains a network .* and colors says of no way to train one",
        ),
        (
            {
                "explainers": explainers("lime"),
                "checks": [manipulation(explainer="lime") | {"classifier": "colors"}],
            },
            "checks: top_k differentiates the maps that it changes, and lime makes them of answers alone",
        ),
        ({"batches": 4, "images_per_batch": 1}, "batches = 4: 3 pictures, 1 a batch .* make 3; no more can be built"),
    ],
)
def test_what_a_model_without_a_network_cannot_do_is_refused(tmp_path: Path, runtime: Runtime, changes, said):
    pytest.importorskip("onnxruntime")
    keys = {"explainers": explainers("lime"), "checks": check_of("explainers"), "classifiers": [COLORS]} | changes
    with pytest.raises(StudyError, match=said):
        load_models(explanation(study(images=pictures(tmp_path / "noise", 3), **keys)), runtime)


def test_answers_that_were_given_elsewhere_are_refused(tmp_path: Path, runtime: Runtime):
    (tmp_path / "said.csv").write_text("row_id,a,b\n0.png,0.5,0.5\n")
    said = {"name": "said", "model": f"predictions:{tmp_path / 'said.csv'}"}
    keys = {"explainers": explainers("occlusion"), "checks": check_of("explainers", "said"), "classifiers": [said]}
    with pytest.raises(StudyError, match="said has answers to the pictures of a source, and explainers ask of changed"):
        load_models(explanation(study(images=pictures(tmp_path / "noise", 1), **keys)), runtime)


def test_pictures_that_are_too_small_for_the_measures_are_refused(tmp_path: Path, runtime: Runtime):
    images = pictures(tmp_path / "noise", 8, side=15)
    with pytest.raises(StudyError, match="pictures of 15 x 15 pixels; measures of explanations need at least 16 x 16"):
        load_models(explanation(study(images=images)), runtime)
