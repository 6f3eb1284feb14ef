"""Manipulation without a gradient, of a classifier that was loaded from ONNX."""

import hashlib

import numpy as np
import pytest

from benchmarks.onnx_file import write_onnx
from builder.classifiers.settings import ClassifierSettings
from builder.explainers import occlusion
from builder.explainers.measures.maps import pearson
from builder.manipulations import black_box
from builder.manipulations.outcome import no_op, outcome

pytest.importorskip("onnxruntime")

OWN = black_box.Settings(rounds=10, candidates=10, cells=5)


@pytest.fixture(scope="module")
def of_file(classifier, runtime, tmp_path_factory):
    """`digits-cnn` as a file of ONNX."""
    path = tmp_path_factory.mktemp("onnx") / "digits.onnx"
    write_onnx(classifier.network, 28, path)
    keys = {"mean": 0.0, "scale": 255.0, "input_size": 28, "classes": list(classifier.classes)}
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return ClassifierSettings(name="digits", model=f"onnx:{path}", sha256=digest, **keys).load(runtime)


@pytest.fixture(scope="module")
def pictures(labeled):
    return labeled("audit", 10).images[1::4]


@pytest.fixture(scope="module")
def explainer(runtime):
    return occlusion.load(None, occlusion.Settings(grid=5), runtime)


@pytest.fixture(scope="module")
def searched(of_file, explainer, pictures, runtime):
    classes = of_file.probabilities(pictures).argmax(axis=1)
    targets = np.roll(explainer.explain(of_file, pictures, classes).maps, 1, axis=0)
    return black_box.manipulate(of_file, explainer, pictures, classes, targets, OWN, runtime), classes, targets


def test_the_file_answers_as_the_network(classifier, of_file, pictures):
    assert of_file.network is None
    np.testing.assert_allclose(of_file.probabilities(pictures), classifier.probabilities(pictures), atol=1e-5)


def test_the_map_comes_nearer_the_target_and_noise_does_not(of_file, explainer, pictures, searched):
    found, classes, targets = searched
    before, after, noise = (
        pearson(explainer.explain(of_file, each, classes).maps, targets)
        for each in (pictures, found.images, no_op(pictures, found.images, 0))
    )
    assert found.reached.all()
    assert (after - before).mean() > 0.1
    assert (noise - before).mean() < 0.05
    seen = outcome(of_file, explainer, pictures, found.images, classes)
    assert seen.same_class.all()
    assert seen.l_inf.max() <= 38 / 255 + 1e-9
    assert found.evaluations.tolist() == 3 * [100]
    assert ((found.steps >= 1) & (found.steps <= 10)).all()


def test_a_pictures_search_is_its_own(of_file, explainer, pictures, searched, runtime):
    found, classes, targets = searched
    alone = black_box.manipulate(of_file, explainer, pictures[1:2], classes[1:2], targets[1:2], OWN, runtime)
    np.testing.assert_array_equal(alone.images, found.images[1:2])


def test_another_class_comes_behind_all_that_keep_it(of_file, explainer, pictures, searched):
    _, classes, targets = searched
    kept = black_box._scores(of_file, explainer, pictures, classes, targets)
    other = black_box._scores(of_file, explainer, pictures, (classes + 1) % 10, targets)
    assert kept.max() <= 2 < other.min()
