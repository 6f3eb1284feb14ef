from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest

from builder.classifiers.hosting import class_indices, classify
from builder.classifiers.settings import ClassifierSettings
from builder.errors import FolderError, ModelError, StudyError
from builder.hosting import ModelHost, load_model
from builder.images.settings import ImageSettings


@dataclass(frozen=True, kw_only=True)
class Models(ModelHost):
    """As a kind of study has them."""

    classifiers: dict[str, Any]

    def sized(self):
        return self.classifiers

    def ask(self, name, images, ids):
        return classify(self, name, self.classifiers[name], images, ids)


@pytest.fixture(scope="module")
def digits(runtime):
    """The first digits of the audited part, and their ids."""
    source = ImageSettings(model="mnist-5k:audit").load(runtime)
    rows = range(0, 4000, 50)
    return np.stack([source.image(row) for row in rows]), [source.row_id(row) for row in rows]


@pytest.fixture
def models(runtime, digits, tmp_path):
    """A network, and its own answers as a table."""
    network = load_model("classifier", "cnn", lambda: ClassifierSettings(name="cnn", model="digits-cnn").load(runtime))
    said = network.probabilities(digits[0])
    table = pd.DataFrame(said, columns=list(network.classes)).assign(row_id=digits[1])
    table.to_csv(tmp_path / "said.csv", index=False)
    recorded = load_model(
        "classifier",
        "api",
        lambda: ClassifierSettings(name="api", model=f"predictions:{tmp_path}/said.csv").load(runtime),
    )
    return Models(classifiers={"cnn": network, "api": recorded})


def test_a_network_and_its_answers_in_a_table_say_the_same_and_are_timed(models, digits):
    models.restart()
    images, ids = digits
    np.testing.assert_allclose(models.ask("cnn", images, ids), models.ask("api", images, ids), rtol=0, atol=1e-5)
    assert {step.step: step.candidates for step in models.stopwatch.steps()} == {"classify": 160}


def test_a_folder_keeps_the_micro_batches_that_it_was_begun_with(models, digits):
    images, ids = digits
    before = models.ask("cnn", images, ids)
    assert models.micro_batches() == {"cnn": 64, "api": 1}
    models.take_micro_batches({"cnn": 16, "api": 1})
    np.testing.assert_allclose(models.ask("cnn", images, ids), before, rtol=0, atol=1e-5)
    models.take_micro_batches({"cnn": 16, "api": 1}, halvings=2)
    assert models.forced_micro_batches() == {"cnn": 4}
    with pytest.raises(FolderError, match="begun with micro-batches of other"):
        models.take_micro_batches({"other": 16})


class Wrong:
    classes = ("a", "b")
    network = None
    micro_batch = 1

    def __init__(self, rows):
        self._rows = rows

    def probabilities(self, images):
        if isinstance(self._rows, Exception):
            raise self._rows
        return self._rows


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (np.array([[0.5, 0.5], [0.7, 0.7]], np.float32), "gave rows that are no probabilities, 1 of 2; the first is"),
        (np.array([[0.5, 0.5], [-0.5, 1.5]], np.float32), "from -0.5 to 1.5 and adds up to 1"),
        (np.array([[0.5, 0.5], [np.nan, 1]], np.float32), "gave rows that are no probabilities"),
        (np.array([[0.5, 0.5]], np.float32), r"probabilities gave float32 \(1, 2\); wanted is float32 \(2, 2\)"),
        (np.array([[0.5, 0.5]] * 2), r"probabilities gave float64 \(2, 2\); wanted is float32 \(2, 2\)"),
        ([[0.5, 0.5]] * 2, "probabilities gave list"),
        (ValueError("no"), "probabilities raised ValueError: no"),
    ],
)
def test_what_a_classifier_gives_amiss_is_its_fault(rows, said):
    models = Models(classifiers={"wrong": Wrong(rows)})
    with pytest.raises(ModelError, match=f"classifier 'wrong': .*{said}"):
        models.ask("wrong", np.zeros((2, 4, 4, 3), np.uint8), ["0", "1"])


def test_rows_in_which_nothing_was_found_pass():
    models = Models(classifiers={"faces": Wrong(np.array([[0.5, 0.5], [np.nan, np.nan]], np.float32))})
    said = models.ask("faces", np.zeros((2, 4, 4, 3), np.uint8), ["0", "1"])
    assert np.isnan(said).all(axis=1).tolist() == [False, True]


def test_classes_of_a_source_are_found_among_those_of_a_classifier():
    assert class_indices(["b", "a"], "wrong", Wrong(None)).tolist() == [1, 0]
    assert class_indices([], "wrong", Wrong(None)).tolist() == []
    with pytest.raises(StudyError, match=r"wrong does not have 2 of the 3 classes of the images: c, d; it has a, b\."):
        class_indices(["c", "b", "d"], "wrong", Wrong(None))
