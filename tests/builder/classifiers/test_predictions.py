import numpy as np
import pandas as pd
import pytest
from scipy.special import softmax

from builder.classifiers import answers
from builder.classifiers.settings import ClassifierSettings
from builder.errors import AssetError, StudyError

IMAGES = np.zeros((2, 4, 4, 3), np.uint8)
ROWS = {"row_id": ["7", "cat/1.png", "010"], "happy": [0.7, 0.2, 0.0], "sad": [0.3, 0.799, 1.0]}


@pytest.fixture
def load(runtime, tmp_path):
    def load(table, **keys):
        path = tmp_path / "said.csv"
        if isinstance(table, dict):
            pd.DataFrame(table).to_csv(path, index=False)
        else:
            path.write_text(table)
        return ClassifierSettings(name="api", model=f"predictions:{path}", **keys).load(runtime)

    return load


def test_rows_are_found_by_their_ids_in_any_order(load):
    classifier = load(ROWS)
    assert (classifier.classes, classifier.network) == (("happy", "sad"), None)
    said = answers(classifier, IMAGES, ["010", "cat/1.png"])
    np.testing.assert_allclose(said, [[0, 1], [0.2 / 0.999, 0.799 / 0.999]], rtol=1e-6)
    assert said.dtype == np.float32


def test_parquet_with_numbers_as_ids_says_the_same(runtime, tmp_path):
    pd.DataFrame({"row_id": [7, 8], "happy": [0.7, 0.2], "sad": [0.3, 0.8]}).to_parquet(tmp_path / "said.parquet")
    classifier = ClassifierSettings(name="api", model=f"predictions:{tmp_path}/said.parquet").load(runtime)
    np.testing.assert_allclose(answers(classifier, IMAGES, ["8", "7"]), [[0.2, 0.8], [0.7, 0.3]], rtol=1e-6)


def test_logits_become_probabilities(load):
    classifier = load({"row_id": ["a", "b"], "x": [3.0, -1.0], "y": [1.0, 2.0]}, scores="logits")
    np.testing.assert_allclose(classifier.recorded(["a", "b"]), softmax([[3.0, 1.0], [-1.0, 2.0]], axis=1), rtol=1e-6)


def test_rows_that_are_missing_are_one_error(load):
    classifier = load(ROWS)
    with pytest.raises(AssetError, match=r"said\.csv: has no row for 1 of 2 pictures, whose row_id is '10'; add them"):
        answers(classifier, IMAGES, ["7", "10"])
    with pytest.raises(AssetError, match=r"for 9 of 9 pictures, whose row_id is '0', '1', '2', .*, '8', '9'; add them"):
        classifier.recorded(["0", "1", "2", "3", "4", "5", "6", "8", "9"])


@pytest.mark.parametrize("scores", ["probabilities", "logits"])
def test_a_row_without_scores_says_that_nothing_was_found(load, scores):
    said = load("row_id,happy,sad\na,0.25,0.75\nb,,\n", scores=scores).recorded(["b", "a"])
    assert np.isnan(said[0]).all()
    assert said[1].argmax() == 1
    with pytest.raises(AssetError, match=r"row 1 \(from 0\): sad is ''; it must be a number; a row in which nothing"):
        load("row_id,happy,sad\na,0.25,0.75\nb,1,\n")


def test_a_picture_that_is_no_row_cannot_be_asked_about(load):
    with pytest.raises(StudyError, match="cannot be asked about others, such as adversarial ones"):
        load(ROWS).probabilities(IMAGES)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("row_id,a,b\n1,0.5,x\n", r"said\.csv, row 0 \(from 0\): b is 'x'; it must be a number"),
        ("row_id,a,b\n1,0.5,0.5\n2,,1\n", r"row 1 \(from 0\): a is ''; it must be a number"),
        ("row_id,a,b\n1,0.5,0.5\n2,inf,1\n", r"row 1 \(from 0\): a is 'inf'; it must be a number"),
        ("row_id,a,b\n1,0.5,0.5\n2,1\n", r"row 1 \(from 0\): b is ''; it must be a number"),
        ("row_id,a,b\n1,0.5,0.5\n1,0,1\n", r"row 1 \(from 0\): row_id is '1', as in row 0; keep one row"),
        ("row_id,a,b\n1,0.5,0.5\n,0,1\n", r"row 1 \(from 0\): row_id is empty"),
        ("row_id,a,b\n1,0.5,0.2\n", r"row 0 \(from 0\): scores must be .* add up to 0\.7; .* add scores = \"logits\""),
        ("row_id,a,b\n1,1.5,-0.5\n", r"row 0 \(from 0\): scores must be 0 or more"),
        ("id,a,b\n1,0.5,0.5\n", "has no column row_id; it has id, a, b"),
        ("row_id,a\n1,1\n", "has a column for 1 classes; at least two are needed"),
        ("row_id,a,b\n", "has no rows"),
        ("", "not a table that can be read"),
        ("row_id,a,b\n1,0.5,0.5,0.1\n", "not a table that can be read"),
        ("row_id,a,b\n1,0.5,0.5\n2,0.5,0.5,0.1\n", "not a table that can be read: .*line 3"),
    ],
)
def test_tables_that_are_wrong_are_one_error_with_row_and_column(load, table, said):
    with pytest.raises(AssetError, match=said):
        load(table)


def test_a_table_must_be_named_and_there(runtime, tmp_path):
    with pytest.raises(StudyError, match="write predictions:FILE"):
        ClassifierSettings(name="api", model="predictions").load(runtime)
    with pytest.raises(AssetError, match=r"none\.csv: no such file"):
        ClassifierSettings(name="api", model=f"predictions:{tmp_path}/none.csv").load(runtime)
