"""Faces that an alignment finds before classifiers see them, and those that it does not."""

from pathlib import Path

import numpy as np
import pytest

from builder.classifiers import fer
from builder.errors import StudyError
from builder.recognizers import Faces, alignments
from builder.runtime import Runtime
from builder.studies.expression import models
from builder.studies.expression.models import Models, load_models
from builder.studies.expression.pipeline import build_batch
from builder.studies.expression.study import ExpressionStudy, expression
from builder.study import parse_study

pytest.importorskip("h5py")

COUNT = 8


def study(alignment: str, *more: dict[str, str]) -> ExpressionStudy:
    """Generated faces, classified by fer behind an alignment and by further classifiers."""
    classifiers = [{"name": "aligned", "model": "fer", "alignment": alignment}, *more]
    images = {"model": "generated", "first_seed": 3, "count": COUNT}
    keys = {"study": "expression", "name": "a", "images": images, "classifiers": classifiers, "groups": []}
    return expression(parse_study(keys, "study.toml"))


class Counting:
    """hog, with the number of times that it is asked."""

    def __init__(self, runtime: Runtime) -> None:
        self.asked, self._hog = 0, alignments.load("hog", runtime)

    def align(self, images: np.ndarray) -> Faces:
        self.asked += 1
        return self._hog.align(images)


@pytest.fixture(scope="module")
def found(runtime: Runtime) -> Models:
    """Two classifiers behind hog, one without an alignment."""
    plain = {"name": "plain", "model": "fer"}
    return load_models(study("hog", {"name": "again", "model": "fer", "alignment": "hog"}, plain), runtime)


def test_what_a_classifier_is_asked_about_is_what_its_alignment_cut_out(found: Models, runtime: Runtime):
    pictures, ids = found.pictures(range(COUNT)), found.ids(range(COUNT))
    answers = found.answers(pictures, ids)
    faces = alignments.load("hog", runtime).align(pictures)
    assert 0 < faces.found.sum() < COUNT
    direct = fer.load(None, fer.Settings(), runtime)
    wanted = np.full((COUNT, 7), np.nan, np.float32)
    wanted[faces.found] = direct.probabilities(faces.crops[faces.found])
    np.testing.assert_array_equal(answers["aligned"], wanted)
    np.testing.assert_array_equal(answers["again"], wanted)
    np.testing.assert_array_equal(answers["plain"], direct.probabilities(pictures))
    assert np.nanmax(np.abs(answers["plain"] - wanted)) > 0.01


def test_an_alignment_looks_once_for_all_classifiers(found: Models, runtime: Runtime, monkeypatch: pytest.MonkeyPatch):
    counting = Counting(runtime)
    monkeypatch.setitem(found.alignments, "hog", counting)
    found.answers(found.pictures(range(2)), found.ids(range(2)))
    assert counting.asked == 1


def test_a_face_that_is_not_found_is_in_the_tables_as_a_failure_to_acquire(found: Models):
    described = study("hog", {"name": "again", "model": "fer", "alignment": "hog"}, {"name": "plain", "model": "fer"})
    batch = build_batch(described.model_copy(update={"faces_per_batch": COUNT}), found, 0)
    rows = batch.tables["items"].to_pylist()
    lost = [row for row in rows if not row["aligned_found"]]
    assert 0 < len(lost) < COUNT
    assert all(row["aligned_class"] is None and row["plain_class"] is not None for row in lost)
    ids = {row["image_id"] for row in lost}
    said = batch.tables["predictions"].to_pylist()
    assert {row["classifier"] for row in said if row["image_id"] in ids} == {"plain"}


def test_crops_of_their_own_sizes_are_refused_when_models_are_loaded(runtime: Runtime, monkeypatch: pytest.MonkeyPatch):
    class OwnSizes:
        def align(self, images: np.ndarray) -> Faces:
            crops = np.empty(len(images), object)
            crops[:] = [np.zeros((at + 2, 3, 3), np.uint8) for at in range(len(images))]
            n = len(images)
            return Faces(crops, np.ones(n, bool), np.zeros((n, 4), np.float32), np.zeros((n, 0, 2), np.float32))

    monkeypatch.setattr(models.alignments, "load", lambda name, runtime: OwnSizes())
    with pytest.raises(StudyError, match="aligned does not take crops of the alignment deepface, each of which"):
        load_models(study("deepface"), runtime)


def test_a_table_of_answers_has_no_alignment(runtime: Runtime, tmp_path: Path):
    emotions = ",".join(fer.EMOTIONS)
    (tmp_path / "said.csv").write_text(f"row_id,{emotions}\n0,1,0,0,0,0,0,0\n")
    table = {"name": "api", "model": f"predictions:{tmp_path / 'said.csv'}", "alignment": "center"}
    with pytest.raises(StudyError, match="api is a table of answers and sees no picture: take alignment out"):
        load_models(study("none", table), runtime)
