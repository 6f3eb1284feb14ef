import hashlib
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from builder.errors import AssetError, StudyError
from builder.onnx import MICRO_BATCH
from builder.recognizers import onnx
from builder.recognizers.alignments import arcface
from builder.runtime import start_runtime
from builder.studies.verification.models import load_models
from builder.study import parse_study
from tests.conftest import SHARED, run_builder

MODEL = SHARED / "models" / "mobilefacenet_112_128.onnx"
THRESHOLD = 1.12


@pytest.fixture(scope="module")
def own():
    if not MODEL.exists():
        pytest.skip(f"no ONNX recognizer: {MODEL} is absent")
    return onnx.Settings(sha256=hashlib.sha256(MODEL.read_bytes()).hexdigest())


@pytest.fixture(scope="module")
def recognizer(own, runtime):
    return onnx.load(str(MODEL), own, runtime)


@pytest.fixture(scope="module")
def crops(photographs, runtime):
    aligned = [arcface.load(runtime).align(photograph[None]) for photograph in photographs]
    assert all(each.found.all() for each in aligned)
    return np.concatenate([each.crops for each in aligned])


def test_embeddings_are_those_of_the_runtime_called_by_hand(recognizer, crops):
    session = onnxruntime.InferenceSession(str(MODEL), providers=["CPUExecutionProvider"])
    wanted = []
    for crop in crops:
        scaled = (crop.transpose(2, 0, 1)[None].astype(np.float32) - 127.5) / 128
        wanted.append(session.run(None, {"input": scaled})[0][0])
    np.testing.assert_allclose(recognizer.embed(crops), wanted, rtol=0, atol=1e-4)


def test_a_graph_for_one_image_is_run_in_a_loop(recognizer):
    assert recognizer.micro_batch == 1


def test_embeddings_do_not_depend_on_how_many_streams_make_them(own, recognizer):
    """Which share one session, and whose thread is the one that calls it."""
    crops = np.random.default_rng(0).integers(0, 256, (9, 112, 112, 3), np.uint8)
    assert recognizer.graph.session.get_session_options().intra_op_num_threads == 1
    embedded = [onnx.load(str(MODEL), own, start_runtime("cpu", streams)).embed(crops) for streams in (1, 5)]
    np.testing.assert_array_equal(*embedded)


def test_photographs_of_one_person_are_accepted_and_of_two_are_not(recognizer, crops):
    """In the order of their names: 11, 12, 16, 17, 5, 6; 5, 6, 11 are one person, 16, 17 another, 12 a third."""
    embeddings, people = recognizer.embed(crops), np.array([0, 2, 1, 1, 0, 0])
    a, b = np.triu_indices(len(people), 1)
    accepted = recognizer.distance(embeddings[a], embeddings[b]) <= THRESHOLD
    np.testing.assert_array_equal(accepted, people[a] == people[b])


def test_eyes_lie_where_the_template_has_them(images, runtime):
    """dlib's own landmarks, found again on the crop."""
    import dlib

    from builder import assets
    from builder.recognizers.dlib import LANDMARKS

    predictor = dlib.shape_predictor(str(assets.path(LANDMARKS)))
    crops = arcface.load(runtime).align(images[:20]).crops
    assert crops.shape == (20, 112, 112, 3)
    eyes = []
    for crop in crops:
        points = np.array([(p.x, p.y) for p in predictor(crop, dlib.rectangle(16, 26, 96, 106)).parts()])
        eyes.append([points[2:4].mean(axis=0), points[0:2].mean(axis=0)])
    np.testing.assert_allclose(np.median(eyes, axis=0), arcface.EYES, atol=3)


def recognizer_table(own, **changes):
    return {"name": "mobilefacenet", "model": f"onnx:{MODEL}", "sha256": own.sha256, "threshold": THRESHOLD} | changes


def study(*tables):
    return parse_study({"name": "two", "recognizers": [{"name": "dlib", "model": "dlib"}, *tables]}, "study")


def test_it_stands_beside_dlib_in_one_study(own, runtime):
    models = load_models(study(recognizer_table(own)), runtime)
    assert models.alignment_of == {"dlib": "hog", "mobilefacenet": "arcface"}
    assert models.thresholds == {"dlib": 0.6, "mobilefacenet": THRESHOLD}
    assert models.micro_batches()["mobilefacenet"] == 1


def test_a_study_without_its_threshold_is_refused(own, runtime):
    table = recognizer_table(own)
    del table["threshold"]
    with pytest.raises(StudyError, match="mobilefacenet has no threshold of its own"):
        load_models(study(table), runtime)


@pytest.mark.parametrize("changes", [{"input_size": 96}, {"layout": "nhwc"}])
def test_an_input_that_the_graph_does_not_take_is_refused_before_any_work(own, runtime, changes):
    with pytest.raises(AssetError, match="not an ONNX recognizer with the input"):
        load_models(study(recognizer_table(own, **changes)), runtime)


def test_another_file_and_no_onnx_are_refused(tmp_path, own, runtime):
    path = tmp_path / "x.onnx"
    path.write_bytes(b"no graph")
    with pytest.raises(AssetError, match="have SHA-256"):
        onnx.load(str(path), own, runtime)
    sha256 = hashlib.sha256(b"no graph").hexdigest()
    with pytest.raises(AssetError, match=r"x\.onnx: not an ONNX recognizer"):
        onnx.load(str(path), onnx.Settings(sha256=sha256), runtime)
    with pytest.raises(StudyError, match="sha256 is missing"):
        onnx.load(str(path), onnx.Settings(), runtime)


@pytest.mark.slow
def test_a_study_with_it_is_built_and_transfers(tmp_path, own):
    """Searches run against dlib, and every pair is scored by both."""
    text = f"""
name = "transfer"
bases_per_batch = 2
distances = ["latent_l2"]
[[recognizers]]
name = "dlib"
model = "dlib"
[[recognizers]]
name = "mobilefacenet"
model = "onnx:{MODEL}"
sha256 = "{own.sha256}"
threshold = {THRESHOLD}
[samples.optimized]
max_iterations = 2
"""
    (tmp_path / "study.toml").write_text(text)
    result = run_builder("build", tmp_path / "study.toml", "--out", tmp_path / "out")
    assert result.returncode == 0, result.stderr
    from datasets import load_dataset

    pairs = load_dataset(str(tmp_path / "out"), "pairs", split="train").to_pandas()
    scored = pairs.dropna(subset=["mobilefacenet_distance"])
    assert len(scored) > 0.5 * len(pairs)
    assert (scored["mobilefacenet_accept"] == (scored["mobilefacenet_distance"] <= THRESHOLD)).all()
    assert (scored[scored["base_id"] == scored["sample_id"]]["mobilefacenet_distance"] == 0).all()


MEAN_COLOR = Path(__file__).parents[2] / "data" / "mean_color.onnx"
"""GlobalAveragePool and Flatten over (n, 3, 16, 16), any n: the mean of each channel."""


@pytest.mark.parametrize("channels", ["rgb", "bgr"])
def test_a_graph_for_any_number_of_images_is_run_in_batches(runtime, faces, channels):
    sha256 = hashlib.sha256(MEAN_COLOR.read_bytes()).hexdigest()
    own = onnx.Settings(sha256=sha256, input_size=16, mean=10.0, scale=2.0, channels=channels)
    recognizer = onnx.load(str(MEAN_COLOR), own, runtime)
    assert recognizer.micro_batch == MICRO_BATCH > 1
    means = faces.crops.mean(axis=(1, 2))
    wanted = ((means if channels == "rgb" else means[:, ::-1]) - 10) / 2
    np.testing.assert_allclose(recognizer.embed(faces.crops), wanted, atol=0.5)  # scaling 150 to 16 keeps the mean
    crops = faces.crops[:20, :16, :16]
    exact = (crops.mean(axis=(1, 2))[:, :: 1 if channels == "rgb" else -1] - 10) / 2
    np.testing.assert_allclose(recognizer.embed(crops), exact, rtol=1e-5)
    np.testing.assert_array_equal(recognizer.embed(crops)[[18, 3]], recognizer.embed(crops[[18, 3]]))
