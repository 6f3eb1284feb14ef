"""A study with a classifier of every family that can be made here, and groups of DeepFace's, built from its file."""

import hashlib
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tomli_w
from PIL import Image

from builder.classifiers.settings import ClassifierSettings
from builder.runtime import Runtime
from builder.shards import StudyFolder
from builder.studies.expression.tasks import EMOTIONS
from tests.conftest import run_builder

for package in ("h5py", "onnxruntime"):
    pytest.importorskip(package)
if not find_spec("deepface") or not find_spec("transformers"):
    pytest.skip("the extras deepface and transformers are not installed", allow_module_level=True)
pytestmark = pytest.mark.slow

DATA = Path(__file__).parents[3] / "data"

SCORES = [0.05, 0.05, 0.05, 0.7, 0.05, 0.05, 0.05]
"""What the table of answers says of each face, `happy` first; of the last it says nothing."""


def deepface_home(folder: Path) -> None:
    """DeepFace's folder with small graphs in the place of its weights."""
    weights = folder / ".deepface" / "weights"
    weights.mkdir(parents=True)
    for ours, theirs in (
        ("emotion.onnx", "facial_expression_model_weights.onnx"),
        ("gender.onnx", "gender_model_weights.onnx"),
        ("race.onnx", "race_model_single_batch.onnx"),
    ):
        (weights / theirs).write_bytes((DATA / ours).read_bytes())


def vit(folder: Path) -> dict[str, Any]:
    """`[[classifiers]]` of a small random network of transformers that has the seven emotions."""
    import torch

    from builder.classifiers import transformers as ours

    transformers = ours.import_transformers()
    torch.manual_seed(2)
    shape = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    names = dict(enumerate(EMOTIONS))
    config = transformers.ViTConfig(**shape, image_size=32, patch_size=8, id2label=names)
    network = transformers.ViTForImageClassification(config)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    network.save_pretrained(folder)
    size = '{"do_normalize": true, "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5], "do_rescale": true, '
    size += '"rescale_factor": 0.00392156862745098, "size": {"height": 32, "width": 32}}'
    (folder / "preprocessor_config.json").write_text(size)
    sha256 = hashlib.sha256(b"".join((folder / name).read_bytes() for name in ours.FILES)).hexdigest()
    return {"name": "vit", "model": f"transformers:{folder}", "sha256": sha256}


def graph() -> dict[str, Any]:
    """`[[classifiers]]` of a file of ONNX."""
    file = DATA / "emotion.onnx"
    shape = {"input_size": 48, "layout": "nhwc", "channels": "gray", "mean": 0.0, "scale": 255.0}
    said = {"classes": list(EMOTIONS), "output": "probabilities"}
    return {
        "name": "graph",
        "model": f"onnx:{file}",
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        **shape,
        **said,
    }


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with three faces of 32 pixels, labeled by their folders, and the answers of a model elsewhere."""
    scratch = tmp_path_factory.mktemp("classifiers")
    rng = np.random.default_rng(5)
    for label, number in (("happy", 0), ("happy", 1), ("sad", 2)):
        (scratch / "faces" / label).mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (32, 32, 3), np.uint8)).save(scratch / "faces" / label / f"{number}.png")
    scores = ",".join(map(str, SCORES))
    lines = [f"row_id,{','.join(EMOTIONS)}", f"happy/0.png,{scores}", f"happy/1.png,{scores}", "sad/2.png,,,,,,,"]
    (scratch / "said.csv").write_text("\n".join(lines) + "\n")
    deepface_home(scratch / "home")
    return scratch


@pytest.fixture(scope="module")
def described(scratch: Path) -> dict[str, Any]:
    return {
        "study": "expression",
        "name": "families",
        "faces_per_batch": 3,
        "images": {"model": f"folder:{scratch / 'faces'}"},
        "classifiers": [
            {"name": "fer", "model": "fer", "alignment": "center"},
            {"name": "deep", "model": "deepface:Emotion"},
            {"name": "api", "model": f"predictions:{scratch / 'said.csv'}"},
            graph(),
            vit(scratch / "vit"),
        ],
        "groups": [
            {"name": "gender", "model": "deepface:Gender", "min_confidence": 0.0},
            {"name": "race", "model": "deepface:Race", "min_confidence": 1.0},
        ],
    }


@pytest.fixture(scope="module")
def items(scratch: Path, described: dict[str, Any]) -> list[dict[str, Any]]:
    (scratch / "families.toml").write_text(tomli_w.dumps(described))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DEEPFACE_HOME", str(scratch / "home"))
        result = run_builder(
            "build", scratch / "families.toml", "--out", scratch / "study", "--workers", 1, "--threads-per-worker", 1
        )
    assert result.returncode == 0, result.stderr
    rows = StudyFolder(scratch / "study").read("items", 0).to_pylist()
    return sorted(rows, key=lambda row: row["row"])


def pixels(items: list[dict[str, Any]], scratch: Path) -> np.ndarray:
    return np.stack([np.asarray(Image.open(scratch / "faces" / row["row"])) for row in items])


def test_every_family_says_of_the_stored_pictures_what_it_says(
    items: list[dict[str, Any]], scratch: Path, described: dict[str, Any], runtime: Runtime
):
    assert [row["label"] for row in items] == ["happy", "happy", "sad"]
    faces = pixels(items, scratch)
    for table in (described["classifiers"][3], described["classifiers"][4]):
        said = ClassifierSettings(**table).load(runtime).probabilities(faces)
        assert np.ptp(said, axis=0).max() > 1e-3
        assert [row[f"{table['name']}_class"] for row in items] == [EMOTIONS[at] for at in said.argmax(axis=1)]
        assert [row[f"{table['name']}_confidence"] for row in items] == pytest.approx(said.max(axis=1), abs=1e-6)
    # emotion.onnx stands for DeepFace's network as well: the same picture in the same size, up to how it is scaled
    assert {row["deep_class"] for row in items} <= set(EMOTIONS)
    assert all(row[f"{name}_found"] for row in items for name in ("fer", "deep", "graph", "vit"))


def test_what_a_model_said_elsewhere_is_taken_and_what_it_did_not_find_is_not(items: list[dict[str, Any]]):
    assert [(row["api_class"], row["api_found"]) for row in items] == [
        ("happy", True),
        ("happy", True),
        (None, False),
    ]
    assert items[0]["api_confidence"] == pytest.approx(0.7)


def test_groups_are_those_of_deepface_in_its_words(items: list[dict[str, Any]]):
    assert {row["predicted_gender"] for row in items} <= {"Woman", "Man"}
    assert {row["predicted_race"] for row in items} == {"unsure"}
    assert all(0 < row["predicted_race_confidence"] < 1 for row in items)
