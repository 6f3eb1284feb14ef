import importlib
import shutil
import types
from importlib.util import find_spec

import numpy as np
import pytest

from builder import assets
from builder.errors import AssetError, StudyError
from builder.recognizers import deepface
from builder.recognizers.alignments import deepface as alignment
from builder.recognizers.dlib import NETWORK
from builder.recognizers.settings import RecognizerSettings
from builder.runtime import Running
from builder.studies.verification.models import decision_threshold, load_models
from builder.study import parse_study
from tests.conftest import SHARED, run_builder

if not find_spec("deepface"):
    pytest.skip("deepface, an extra, is not installed", allow_module_level=True)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """DeepFace's folder with the one set of weights that is at hand, dlib's."""
    folder = tmp_path_factory.mktemp("home")
    weights = folder / ".deepface" / "weights"
    weights.mkdir(parents=True)
    shutil.copy(assets.path(NETWORK), weights / "dlib_face_recognition_resnet_model_v1.dat")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DEEPFACE_HOME", str(folder))
        yield folder


@pytest.fixture(scope="module")
def recognizer(home, runtime):
    return deepface.load("Dlib", deepface.Settings(metric="euclidean"), runtime)


def aligned(images, runtime):
    faces = [alignment.load(runtime).align(image[None]) for image in images]
    assert all(each.found.all() for each in faces)
    return np.concatenate([each.crops for each in faces])


@pytest.mark.parametrize("metric", ["euclidean", "euclidean_l2", "cosine"])
def test_it_agrees_with_deepface_verify_on_the_photographs(home, runtime, photographs, metric):
    ours = deepface.load("Dlib", deepface.Settings(metric=metric), runtime)
    from deepface import DeepFace  # after ours, which chooses its backend

    embeddings = ours.embed(aligned(photographs, runtime))
    for a, b in [(0, 4), (0, 5), (2, 3), (1, 2)]:
        wanted = DeepFace.verify(
            photographs[a][:, :, ::-1], photographs[b][:, :, ::-1], model_name="Dlib", distance_metric=metric
        )
        distance = ours.distance(embeddings[a : a + 1], embeddings[b : b + 1])[0]
        assert distance == pytest.approx(wanted["distance"], abs=1e-4)
        assert ours.threshold == wanted["threshold"]
        assert (distance <= ours.threshold) == wanted["verified"]


def test_one_image_at_a_time_gives_the_same(recognizer, runtime, faces):
    few = [faces.crops[row] for row in range(3)]
    with runtime.calling(Running(most=1)):
        embeddings = recognizer.embed(few)
    np.testing.assert_allclose(embeddings, recognizer.embed(few), atol=1e-5)
    assert embeddings.shape == (3, 128)


def test_it_agrees_with_our_own_dlib_where_both_see_the_same_crop(recognizer, runtime, faces):
    """DeepFace's client runs dlib's own network; ours is the same arithmetic."""
    from builder.recognizers import dlib

    ours = dlib.load(None, dlib.Settings(), runtime).embed(faces.crops[:5])
    np.testing.assert_allclose(recognizer.embed(faces.crops[:5]), ours, rtol=0, atol=1e-3)


def test_batches_of_faces_of_different_sizes(recognizer, runtime, photographs):
    crops = aligned(photographs, runtime)
    assert len({crop.shape for crop in crops}) > 1
    together = recognizer.embed(crops)
    assert together.shape == (6, 128)
    for row in range(6):
        np.testing.assert_allclose(together[row], recognizer.embed(crops[row : row + 1])[0], rtol=0, atol=1e-5)


def test_a_session_of_deepfaces_has_one_thread_and_dlibs_network_one_call_at_a_time(recognizer):
    """The session is built by DeepFace, of a graph that is at hand: those of its own are not."""
    graph = SHARED / "models" / "mobilefacenet_112_128.onnx"
    if not graph.exists():
        pytest.skip(f"no ONNX graph: {graph} is absent")
    utils = deepface.import_deepface("deepface.commons.onnx_utils")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(utils.weight_utils, "download_weights_if_necessary", lambda **_: str(graph))
        client = types.SimpleNamespace(model=utils.build_session("mobilefacenet.onnx", ""))
    assert client.model.get_session_options().intra_op_num_threads == 0  # a thread for each core
    image = np.zeros((1, 3, 112, 112), np.float32)
    before = client.model.run(None, {"input": image})[0]
    assert deepface.use_one_thread(client)
    assert client.model.get_session_options().intra_op_num_threads == 1
    np.testing.assert_allclose(client.model.run(None, {"input": image})[0], before, atol=1e-5)
    assert recognizer._one_at_a_time


def test_nothing_is_found_where_nothing_is(recognizer, runtime):
    faces = alignment.load(runtime).align(np.full((2, 64, 64, 3), 128, np.uint8))
    assert not faces.found.any()
    assert recognizer.embed(faces.crops).shape == (2, 128)


def test_absent_weights_are_said_with_file_address_and_folder(home, runtime):
    if (home / ".deepface" / "weights" / "vgg_face_weights.onnx").exists():
        pytest.skip("VGG-Face's weights were downloaded")
    try:
        deepface.load("VGG-Face", deepface.Settings(), runtime)
    except AssetError as error:
        said = str(error)
    else:
        pytest.skip("this machine reaches DeepFace's weights")
    assert "vgg_face_weights.onnx" in said
    assert "https://" in said
    assert str(home / ".deepface" / "weights") in said


def test_a_model_that_deepface_does_not_have_is_refused_with_those_that_it_has(home, runtime):
    with pytest.raises(StudyError, match=r"deepface:FaceNet9.*Facenet512"):
        deepface.load("FaceNet9", deepface.Settings(), runtime)


def table(**changes):
    return {"name": "deep", "model": "deepface:Dlib", "metric": "euclidean"} | changes


def study(*tables):
    return parse_study({"name": "two", "recognizers": [{"name": "dlib", "model": "dlib"}, *tables]}, "study")


def test_thresholds_are_deepfaces_own_the_papers_or_the_studys(home, runtime):
    for changes, wanted in (
        ({}, 0.6),
        ({"metric": "cosine"}, 0.07),
        ({"threshold": "paper"}, 0.6),
        ({"threshold": 0.5}, 0.5),
    ):
        models = load_models(study(table(**changes)), runtime)
        assert models.thresholds["deep"] == wanted
        assert models.alignment_of == {"dlib": "hog", "deep": "deepface"}


def test_the_papers_thresholds_are_those_printed():
    import json

    from builder.studies.verification.paper import PAPER_THRESHOLDS

    path = SHARED / "reference" / "lands_between.json"
    if not path.exists():
        pytest.skip(f"no figures of the paper: {path} is absent")
    printed = json.loads(path.read_text())["thresholds"]
    models = {"deepface:Dlib": "dlib", "deepface:VGG-Face": "vgg_face", "deepface:Facenet512": "facenet512"}
    models |= {"deepface:OpenFace": "openface", "dlib": "dlib"}
    assert {models[model]: paper.distance for (model, _), paper in PAPER_THRESHOLDS.items()} == printed


def test_the_papers_threshold_for_an_embedding_that_deepface_has_replaced_is_refused(runtime):
    """DeepFace's own client of VGG-Face, whose weights are not at hand, says how many numbers it gives: 4,096."""
    modeling = deepface.import_deepface("deepface.modules.modeling")
    kind = modeling.get_model_class("facial_recognition", "VGG-Face")
    thresholds = importlib.import_module("deepface.config.threshold").thresholds["VGG-Face"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(importlib.import_module(kind.__module__), "load_model", lambda *_, **__: None)
        client = kind()
    own = deepface.Settings(metric="euclidean_l2")
    recognizer = deepface.DeepFaceRecognizer(client, thresholds[own.metric], own, runtime)
    settings = {"name": "vgg_face", "model": "deepface:VGG-Face", "metric": "euclidean_l2"}
    with pytest.raises(StudyError, match=r"vgg_face: .* is 0\.86, .* 2622 dimensions; .* gives 4096 now"):
        decision_threshold(RecognizerSettings(**settings, threshold="paper"), recognizer)
    assert decision_threshold(RecognizerSettings(**settings), recognizer) == 1.17


def test_the_papers_threshold_for_another_metric_is_refused(home, runtime):
    with pytest.raises(StudyError, match="metric cosine; known: "):
        load_models(study(table(metric="cosine", threshold="paper")), runtime)


def test_a_recognizer_that_cannot_take_its_alignments_crops_is_refused_before_any_work(home, runtime):
    wrong = {"name": "wrong", "model": "dlib"}
    for name in ("deepface", "arcface"):
        with pytest.raises(StudyError, match="alignment must be hog, hog_coarse or center"):
            load_models(study(wrong | {"alignment": name}), runtime)


@pytest.mark.slow
def test_a_study_with_it_is_built(home, tmp_path):
    (tmp_path / "study.toml").write_text(
        """
name = "deep"
bases_per_batch = 2
distances = ["latent_l2"]
[[recognizers]]
name = "dlib"
model = "dlib"
[[recognizers]]
name = "deep"
model = "deepface:Dlib"
metric = "euclidean"
threshold = "paper"
[samples.optimized]
max_iterations = 1
"""
    )
    result = run_builder("build", tmp_path / "study.toml", "--out", tmp_path / "out")
    assert result.returncode == 0, result.stderr
    from datasets import load_dataset

    pairs = load_dataset(str(tmp_path / "out"), "pairs", split="train").to_pandas()
    scored = pairs.dropna(subset=["deep_distance", "dlib_distance"])
    assert len(scored) > 5
    assert (scored[scored["base_id"] == scored["sample_id"]]["deep_distance"] == 0).all()
    others = scored[scored["base_id"] != scored["sample_id"]]
    assert np.corrcoef(others["deep_distance"], others["dlib_distance"])[0, 1] > 0.5  # one network, two alignments
