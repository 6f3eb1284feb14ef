"""onnxruntime on the file as its makers wrote it, one face at a time, is the reference; Pillow scales."""

import shutil
import sys

import dlib
import numpy as np
import pytest
from PIL import Image

from builder import assets
from builder.classifiers import faceplugin
from builder.classifiers.settings import ClassifierSettings
from builder.errors import StudyError

onnxruntime = pytest.importorskip("onnxruntime")


@pytest.fixture(scope="module")
def classifier(runtime):
    if shutil.which("npm") is None and assets.state(faceplugin.NETWORK) != "present":
        pytest.skip("npm is not installed")
    return faceplugin.load(None, faceplugin.Settings(), runtime)


def test_probabilities_are_those_of_the_makers_file(classifier, images):
    session = onnxruntime.InferenceSession(str(assets.path(faceplugin.NETWORK)), providers=["CPUExecutionProvider"])
    assert session.get_inputs()[0].shape == [1, 3, 224, 224]
    faces = np.stack([np.asarray(Image.fromarray(image).resize((224, 224))) for image in images[:3]])
    scaled = (faces.astype(np.float32) / 255).transpose(0, 3, 1, 2)
    logits = np.concatenate([session.run(None, {"input": row[None].copy()})[0] for row in scaled])
    wanted = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(classifier.probabilities(faces), wanted, rtol=0, atol=1e-5)


def test_smiles_of_photographs_are_happy(classifier, photographs):
    """Photographs 16 and 17, by their order the third and fourth, have a smile; the fifth looks without one."""
    detect, faces = dlib.get_frontal_face_detector(), []
    for photograph in photographs[2:5]:
        box = max(detect(photograph, 1), key=lambda box: box.area())
        face = Image.fromarray(photograph).crop((box.left(), box.top(), box.right(), box.bottom()))
        faces.append(np.asarray(face.resize((224, 224))))
    probabilities = classifier.probabilities(np.stack(faces))
    assert [classifier.classes[row.argmax()] for row in probabilities] == ["happy", "happy", "neutral"]


def test_the_order_of_classes_is_that_of_fer(classifier, runtime, generator):
    """Of generated faces, what both say of one emotion goes together most; of the other four too few faces are sure."""
    pytest.importorskip("h5py")
    faces = generator.render(generator.sample(range(100)))
    other = ClassifierSettings(name="fer", model="fer").load(runtime)
    both = np.corrcoef(classifier.probabilities(faces).T, other.probabilities(faces).T)[:7, 7:]
    most = {name: other.classes[row.argmax()] for name, row in zip(classifier.classes, both, strict=True)}
    assert [most[name] for name in ("happy", "surprise", "neutral")] == ["happy", "surprise", "neutral"]


def test_arguments_and_a_missing_extra_are_refused(classifier, runtime, monkeypatch):
    with pytest.raises(StudyError, match="faceplugin takes no argument"):
        faceplugin.load("x", faceplugin.Settings(), runtime)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(StudyError, match=r"onnx needs onnxruntime: pip install 'lands-between\[onnx\]'"):
        faceplugin.load(None, faceplugin.Settings(), runtime)
