"""The README's example of one's own model and pictures, built as it stands there."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
from datasets import load_dataset
from PIL import Image

from tests.conftest import run_builder

pytest.importorskip("onnxruntime")

README = Path(__file__).parents[2] / "README.md"
MEAN_COLOR = Path(__file__).parents[1] / "data" / "mean_color.onnx"
"""Takes 16 pixels a side and gives the mean of each channel: as classes, red, green and blue."""


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Three classes with a red, a green and a blue picture of each, 20 times, as JPEG."""
    for place, name in enumerate(("cat", "dog", "bird")):
        for number in range(60):
            path = tmp_path / "pictures" / name / f"{number}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            pixels = np.full((24, 24, 3), number, np.uint8)
            pixels[..., (place + number) % 3] = 250
            Image.fromarray(pixels).save(path)
    return tmp_path / "pictures"


@pytest.mark.slow
def test_the_example_of_ones_own_model_builds(pictures: Path, tmp_path: Path) -> None:
    text = README.read_text("utf-8").split("```toml\n")[1].split("```")[0]
    for there, here in (
        ("/data/pictures", str(pictures)),
        ("/models/mine.onnx", str(MEAN_COLOR)),
        ('sha256 = "..."', f'sha256 = "{hashlib.sha256(MEAN_COLOR.read_bytes()).hexdigest()}"'),
        ('["cat", "dog"]', '["cat", "dog", "bird"]'),
        ("input_size = 224", "input_size = 16"),
    ):
        assert there in text
        text = text.replace(there, here)
    (tmp_path / "mine.toml").write_text(text)
    built = run_builder("build", tmp_path / "mine.toml", "--out", tmp_path / "mine")
    assert built.returncode == 0, built.stderr
    rows = load_dataset(str(tmp_path / "mine"), "predictions", split="train", cache_dir=str(tmp_path / "cache"))
    assert len(rows) == 180
    said = [(row["label"], row["my_model_classes"][0]) for row in rows]
    assert [said.count((label, label)) for label in ("cat", "dog", "bird")] == [20, 20, 20]
    assert said.count(("cat", "dog")) == 20
