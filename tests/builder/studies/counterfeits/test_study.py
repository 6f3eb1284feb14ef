import hashlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from builder.classifiers.settings import ClassifierSettings
from builder.errors import StudyError
from builder.images.settings import ImageSettings
from builder.runtime import Runtime
from builder.studies import kind_texts
from builder.studies.counterfeits.models import load_models
from builder.studies.counterfeits.study import BaselineSettings, CounterfeitsStudy, GeneratorSettings, counterfeits
from builder.studies.counterfeits.tasks import questionnaire
from builder.study import Study, default_text, parse_study, read_study
from builder.survey.texts import option_key, read_texts
from builder.toml import parse_toml


def study(**changes) -> Study:
    return parse_study({"study": "counterfeits", "name": "a", **changes}, "study.toml")


def pictures(folder: Path, count: int = 3, side: int = 28, labels: str = "01") -> dict[str, object]:
    """A source of so many pictures of each label."""
    for label in labels:
        (folder / label).mkdir(parents=True)
        for number in range(count):
            Image.fromarray(np.full((side, side, 3), 40 * number, np.uint8)).save(folder / label / f"{number}.png")
    return {"model": f"folder:{folder}"}


def test_the_defaults():
    default = CounterfeitsStudy(name="a")
    assert (default.conditionings, default.all_rounds) == (("soft", "one_hot", "hot_matrix"), 1)
    assert (default.training_images.model, default.held_out_images.model) == ("mnist-5k:train", "mnist-5k:audit")
    assert (default.classifier.name, default.classifier.model) == ("digits_cnn", "digits-cnn")
    assert CounterfeitsStudy(name="a", defense="reject_class").all_rounds == 2


def test_a_study_is_written_and_read():
    written = read_study("counterfeits-demo")
    assert parse_study(parse_toml(written.to_toml().encode(), "study.toml"), "study.toml") == written
    assert (written.batches, counterfeits(written).all_rounds) == (4, 2)


def test_the_printed_study_has_a_comment_on_every_key():
    lines = default_text("counterfeits-demo").splitlines()
    models = {"": CounterfeitsStudy, "training_images": ImageSettings, "held_out_images": ImageSettings}
    models |= {"classifier": ClassifierSettings, "generator": GeneratorSettings, "baselines": BaselineSettings}
    models |= {name: CounterfeitsStudy.model_fields[name].annotation for name in ("survey", "ratings", "publish")}
    for table, model in models.items():
        start = 0 if not table else next(n for n, line in enumerate(lines) if line == f"[{table}]")
        end = next((n for n in range(start + 1, len(lines)) if lines[n].startswith("[")), len(lines))
        assert lines[start].startswith("#") or lines[start - 1].startswith("#"), f"[{table}] has no comment"
        for key in (field.alias or name for name, field in model.model_fields.items()):
            if (table == "" and key in models) or key in ("groups_table", "counterbalance"):
                continue
            at = [n for n in range(start, end) if lines[n].removeprefix("# ").startswith(f"{key} = ")]
            assert at, f"{table}.{key} is not in the printed study"
            assert key == "study" or lines[at[0] - 1].startswith("#"), f"{table}.{key} has no comment"


def test_the_printed_study_has_the_defaults_of_its_generator():
    assert counterfeits(read_study("counterfeits-demo")).generator == GeneratorSettings()


def test_people_choose_among_the_classes_and_nothing():
    asks = counterfeits(study(classes=["3", "8"])).questionnaire()
    choice = asks.questions[0]
    assert (asks.names, choice.options) == (("choice", "certainty"), ("3", "8", "nothing"))
    assert [control.answer for control in asks.tasks[0].controls] == ["3", "8"]


@pytest.mark.parametrize(("language", "nothing"), [("en", "none of these"), ("de", "nichts davon")])
def test_the_page_names_the_option_of_seeing_nothing(language: str, nothing: str):
    said = read_texts(language, questionnaire(("3", "8")), kind_texts("counterfeits"))
    assert said[option_key("choice", "nothing")] == nothing


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"classes": ["3"]}, "at least 2"),
        ({"classes": ["3", "3"]}, "names one twice"),
        ({"classes": ["3", "nothing"]}, "must have no class 'nothing'"),
        ({"conditionings": ["warm"]}, "soft.*one_hot.*hot_matrix"),
        ({"conditionings": []}, "conditionings"),
        ({"rounds": 3}, 'add defense = "reject_class"'),
        ({"images_per_class": 5, "items_per_class": 6}, "items_per_class = 6: must be at most images_per_class = 5"),
        ({"generator": {"width": 20}}, "multiple of 8"),
        ({"generator": {"kl": -1.0}}, "greater than or equal to 0"),
    ],
)
def test_what_cannot_be_is_refused(changes: dict[str, object], said: str):
    with pytest.raises(StudyError, match=said):
        study(**changes)


def test_another_kind_is_refused():
    with pytest.raises(StudyError, match="this needs one of the kind counterfeits"):
        counterfeits(Study(name="a"))


def loaded(runtime: Runtime, **changes):
    return load_models(counterfeits(study(**changes)), runtime)


def test_a_classifier_without_a_gradient_is_refused(runtime: Runtime):
    graph = Path(__file__).parents[3] / "data" / "mean_color.onnx"
    pinned = {"sha256": hashlib.sha256(graph.read_bytes()).hexdigest(), "input_size": 16}
    classifier = {"name": "a", "model": f"onnx:{graph}", "classes": ["0", "1", "2"], **pinned}
    with pytest.raises(StudyError, match=r"to be inverted it needs a gradient"):
        loaded(runtime, classes=["0", "1"], classifier=classifier)


def test_a_class_that_the_classifier_lacks_is_named(runtime: Runtime):
    with pytest.raises(StudyError, match=r"classes: digits-cnn has no class ten; it has 0, 1, 2"):
        loaded(runtime, classes=["3", "ten"])


def test_too_few_images_of_a_class_are_refused(runtime: Runtime, tmp_path: Path):
    with pytest.raises(StudyError, match=r"held_out_images.model = .*: has 3 images labeled '0'; .* at least 40"):
        loaded(runtime, classes=["0", "1"], held_out_images=pictures(tmp_path))


def test_images_of_two_sizes_are_refused(runtime: Runtime, tmp_path: Path):
    with pytest.raises(StudyError, match="training_images are of 28 x 28 pixels, held_out_images of 32 x 32"):
        loaded(runtime, classes=["0", "1"], images_per_class=3, held_out_images=pictures(tmp_path, side=32))


def test_images_of_another_size_than_the_classifiers_are_refused(runtime: Runtime, tmp_path: Path):
    both = {f"{name}_images": pictures(tmp_path / name, side=32) for name in ("training", "held_out")}
    with pytest.raises(StudyError, match="digits-cnn takes images of 28 x 28 pixels, not of 32 x 32"):
        loaded(runtime, classes=["0", "1"], images_per_class=3, **both)
