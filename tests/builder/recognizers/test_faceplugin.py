"""onnxruntime on the file as its makers wrote it, one face at a time, is the reference."""

import shutil

import numpy as np
import pytest

from builder import assets
from builder.errors import StudyError
from builder.recognizers import faceplugin
from builder.recognizers.alignments import arcface

onnxruntime = pytest.importorskip("onnxruntime")


@pytest.fixture(scope="module")
def recognizer(runtime):
    if shutil.which("npm") is None and assets.state(faceplugin.NETWORK) != "present":
        pytest.skip("npm is not installed")
    return faceplugin.load(None, faceplugin.Settings(), runtime)


def test_embeddings_are_those_of_the_makers_file(recognizer, runtime, images):
    crops = arcface.load(runtime).align(images[:4]).crops
    session = onnxruntime.InferenceSession(str(assets.path(faceplugin.NETWORK)), providers=["CPUExecutionProvider"])
    assert session.get_inputs()[0].shape == [1, 3, 112, 112]
    scaled = ((crops.astype(np.float32) - 127) / 128).transpose(0, 3, 1, 2)
    wanted = np.concatenate([session.run(None, {"input": row[None].copy()})[0] for row in scaled])
    embedded = recognizer.embed(crops)
    np.testing.assert_allclose(embedded, wanted / np.linalg.norm(wanted, axis=1, keepdims=True), rtol=0, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(embedded, axis=1), 1, atol=1e-6)


def test_several_faces_are_one_call_of_the_network(recognizer, monkeypatch):
    calls = []
    session = recognizer.graph.session

    class Counted:
        def run(self, outputs, inputs):
            calls.append(next(iter(inputs.values())).shape[0])
            return session.run(outputs, inputs)

    monkeypatch.setattr(recognizer.graph, "session", Counted())
    recognizer.embed(np.random.default_rng(0).integers(0, 256, (9, 112, 112, 3), np.uint8))
    assert sorted(calls) == [8, 8]  # the second one padded


def test_photographs_of_one_person_are_accepted_and_of_two_are_not(recognizer, runtime, photographs):
    """In the order of their names: 11, 12, 16, 17, 5, 6; 5, 6, 11 are one person, 16, 17 another, 12 a third."""
    alignment = arcface.load(runtime)
    crops = np.concatenate([alignment.align(photograph[None]).crops for photograph in photographs])
    embeddings, people = recognizer.embed(crops), np.array([0, 2, 1, 1, 0, 0])
    a, b = np.triu_indices(len(people), 1)
    accepted = recognizer.distance(embeddings[a], embeddings[b]) <= recognizer.threshold
    np.testing.assert_array_equal(accepted, people[a] == people[b])


def test_the_license_says_that_the_training_data_are_not_stated(runtime):
    (entry,) = faceplugin.describe("faceplugin", runtime)
    assert entry.license == "MIT; its makers do not state the training data"


def test_an_argument_is_refused(runtime):
    with pytest.raises(StudyError, match="faceplugin takes no argument"):
        faceplugin.load("x", faceplugin.Settings(), runtime)
