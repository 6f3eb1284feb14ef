"""Against `DeepFace.analyze`, over small graphs in the place of DeepFace's, which are not at hand.

`emotion.onnx`, `gender.onnx`, `race.onnx`: means of 4 x 4 parts of the input, a random matrix, softmax.
"""

import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from builder.classifiers import deepface
from builder.classifiers.settings import ClassifierSettings
from builder.errors import AssetError, StudyError
from builder.recognizers import alignments
from builder.recognizers.deepface import import_deepface

if not find_spec("deepface"):
    pytest.skip("deepface, an extra, is not installed", allow_module_level=True)

DATA = Path(__file__).parents[2] / "data"
FILES = {"emotion.onnx": "facial_expression_model_weights.onnx", "gender.onnx": "gender_model_weights.onnx"}
RACE = "race_model_single_batch.onnx"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """DeepFace's folder, with its cache of models emptied before and after."""
    folder = tmp_path_factory.mktemp("home")
    weights = folder / ".deepface" / "weights"
    weights.mkdir(parents=True)
    for ours, theirs in FILES.items():
        shutil.copy(DATA / ours, weights / theirs)
    modeling = import_deepface("deepface.modules.modeling")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DEEPFACE_HOME", str(folder))
        vars(modeling).pop("cached_models", None)
        yield weights
        vars(modeling).pop("cached_models", None)


def load(model, runtime):
    return ClassifierSettings(name="d", model=f"deepface:{model}").load(runtime)


@pytest.mark.parametrize("shape", [(64, 64), (300, 200), (48, 48)])
def test_emotions_and_genders_are_those_of_analyze(home, runtime, generator, shape):
    import cv2

    faces = np.stack([cv2.resize(face, shape[::-1]) for face in generator.render(generator.sample(range(3)))])
    emotion, gender = load("Emotion", runtime), load("Gender", runtime)
    assert emotion.classes == ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
    assert gender.classes == ("Woman", "Man")
    analyze = import_deepface("deepface.DeepFace").analyze
    emotions, genders = emotion.probabilities(faces), gender.probabilities(faces)
    for face, ours, theirs in zip(faces, emotions, genders, strict=True):
        (said,) = analyze(
            face[:, :, ::-1], ["emotion", "gender"], detector_backend="skip", enforce_detection=False, silent=True
        )
        np.testing.assert_allclose(100 * ours, [said["emotion"][name] for name in emotion.classes], rtol=0, atol=1e-3)
        np.testing.assert_allclose(100 * theirs, [said["gender"][name] for name in gender.classes], rtol=0, atol=1e-3)
    assert np.ptp(emotions, axis=0).max() > 0.01  # the graphs tell faces apart
    np.testing.assert_array_equal(emotions[2:], emotion.probabilities(faces[2:]))


def test_races_are_those_of_analyze(home, runtime, generator):
    shutil.copy(DATA / "race.onnx", home / RACE)
    face = generator.render(generator.sample([4]))[0]
    race = load("Race", runtime)
    (home / RACE).unlink()
    analyze = import_deepface("deepface.DeepFace").analyze
    (said,) = analyze(face[:, :, ::-1], ["race"], detector_backend="skip", enforce_detection=False, silent=True)
    vars(import_deepface("deepface.modules.modeling")).pop("cached_models")  # the file is gone
    assert race.classes == ("asian", "indian", "black", "white", "middle eastern", "latino hispanic")
    wanted = [said["race"][name] for name in race.classes]
    np.testing.assert_allclose(100 * race.probabilities(face[None])[0], wanted, rtol=0, atol=1e-3)
    assert np.ptp(wanted) > 1


def test_faces_that_its_own_detector_finds_are_read_as_analyze_reads_them(home, runtime, photographs):
    emotion, finds = load("Emotion", runtime), alignments.load("deepface", runtime)
    analyze = import_deepface("deepface.DeepFace").analyze
    photograph = photographs[0]
    faces = finds.align(np.stack([photograph, photograph[:, ::-1]]))
    assert faces.found.all()
    assert faces.crops[0].shape != (224, 224, 3)
    ours = emotion.of_crops(faces.crops)
    for said, image in zip(ours, (photograph, photograph[:, ::-1]), strict=True):
        found = analyze(np.ascontiguousarray(image[:, :, ::-1]), ["emotion"], silent=True)
        face = max(found, key=lambda each: each["region"]["w"] * each["region"]["h"])
        np.testing.assert_allclose(100 * said, [face["emotion"][name] for name in emotion.classes], rtol=0, atol=1e-3)
    assert np.abs(ours - emotion.probabilities(photograph[None])).max() > 1e-3  # the whole photograph is another face


def test_weights_that_are_not_at_hand_are_named_and_not_downloaded(home, runtime):
    with pytest.raises(AssetError, match=r"download https://\S+/race_model_single_batch\.onnx to .*race_model"):
        load("Race", runtime)
    (home / RACE).write_bytes(b"no graph")
    with pytest.raises(AssetError, match=r"race_model_single_batch\.onnx: not the weights of DeepFace's Race"):
        load("Race", runtime)
    (home / RACE).unlink()
    states = {entry.model: entry.weights for entry in deepface.describe("deepface", runtime)}
    assert states["deepface:Emotion"] == states["deepface:Gender"] == "present"
    assert states["deepface:Race"].startswith("fetchable: https://")


def test_another_model_and_a_missing_package_are_refused(runtime, monkeypatch):
    for model in ("deepface", "deepface:Age"):
        with pytest.raises(StudyError, match="must be deepface: and one of Emotion, Gender, Race"):
            ClassifierSettings(name="d", model=model).load(runtime)
    monkeypatch.setitem(sys.modules, "deepface.modules.modeling", None)
    with pytest.raises(StudyError, match=r"classifiers\.model: deepface needs its package .*lands-between\[deepface\]"):
        load("Emotion", runtime)
