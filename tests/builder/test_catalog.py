import pytest

from builder import assets
from builder.catalog import Entry, catalog
from tests.conftest import run_builder


@pytest.fixture
def lines(runtime):
    return {entry.model: entry for entries in catalog(runtime).values() for entry in entries}


def test_all_that_is_installed_is_listed_with_license_weights_and_device(lines):
    assert {"dcgan-digiface", "stylegan2", "diffusers", "dlib", "onnx", "latent_l2", "lpips_alex", "lpips_vgg"} <= set(
        lines
    )
    for entry in lines.values():
        assert all((entry.license, entry.weights, entry.device))
    assert lines["dlib"] == Entry("dlib", "CC0-1.0", "present", "cpu")


@pytest.mark.parametrize("code", ["import nosuchmodule", "raise SystemExit(3)", "1 / 0"])
def test_a_plugin_that_cannot_be_imported_hides_no_other(runtime, tmp_path, monkeypatch, code):
    (tmp_path / "broken_plugin.py").write_text(code)
    (tmp_path / "broken_plugin-1.dist-info").mkdir()
    (tmp_path / "broken_plugin-1.dist-info/METADATA").write_text("Name: broken-plugin\nVersion: 1\n")
    entry = "[lands_between.recognizers]\nbroken = broken_plugin\n"
    (tmp_path / "broken_plugin-1.dist-info/entry_points.txt").write_text(entry)
    monkeypatch.syspath_prepend(tmp_path)
    entries = {entry.model: entry for entry in catalog(runtime)["recognizers"]}
    assert "unusable: recognizer 'broken', broken_plugin, cannot be imported" in entries["broken"].weights
    assert entries["dlib"].license == "CC0-1.0"


def test_weights_that_are_missing_are_said_to_be_fetchable(runtime, tmp_path, monkeypatch):
    monkeypatch.setenv(assets.CACHE_VARIABLE, str(tmp_path))
    entries = {entry.model: entry for entry in catalog(runtime)["recognizers"]}
    assert "dlib-resnet29.dat, dlib-5-landmarks.dat (python -m builder fetch --all)" in entries["dlib"].weights


def test_deepfaces_models_say_which_file_belongs_where(runtime, tmp_path, monkeypatch):
    pytest.importorskip("deepface")
    monkeypatch.setenv("DEEPFACE_HOME", str(tmp_path))
    files = {
        "VGG-Face": "vgg_face_weights.onnx",
        "Facenet": "facenet_weights.onnx",
        "Facenet512": "facenet512_weights.onnx",
        "OpenFace": "openface_weights.onnx",
        "Dlib": "dlib_face_recognition_resnet_model_v1.dat",
    }
    weights = tmp_path / ".deepface" / "weights"
    weights.mkdir(parents=True)
    (weights / files["Dlib"]).touch()
    entries = {entry.model: entry for entry in catalog(runtime)["recognizers"]}
    for model, file in files.items():
        said = entries[f"deepface:{model}"].weights
        assert said == "present" if model == "Dlib" else said.endswith(f"to {weights / file}"), said


@pytest.mark.slow
def test_the_command_prints_them():
    result = run_builder("models")
    assert result.returncode == 0, result.stderr
    assert "recognizers\n" in result.stdout
    assert "  dlib\n    license  CC0-1.0\n    weights  present\n    device   " in result.stdout
