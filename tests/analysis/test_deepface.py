"""DeepFace's attributes against DeepFace itself, with random graphs in the place of its models."""

import io
import socket
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from datasets import Dataset, Image
from PIL import Image as PILImage
from PIL import ImageDraw

from analysis import Pictures
from analysis.tables.deepface import FILES, deepface_attributes, face, names_at_hand
from tests.analysis import graphs

needs_deepface = pytest.mark.skipif(not find_spec("deepface"), reason="deepface, an extra, is not installed")

BOXES = [[8, 10, 56, 60], [-5, 3, 40, 70], [0, 0, 64, 64], None, [30, 20, 50, 24]]
"""Of faces: within the image, beyond its edges, all of it, not found, wide."""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DEEPFACE_HOME", str(tmp_path))
    return tmp_path


def coarse(seed: int) -> np.ndarray:
    """(64, 64, 3): blocks of color."""
    return np.random.default_rng(seed).integers(0, 256, (4, 4, 3), dtype=np.uint8).repeat(16, axis=0).repeat(16, axis=1)


def images(boxes: list[object] = BOXES, alignment: str = "hog", **columns: list[object]) -> Dataset:
    rows = {"image_id": [f"i{place}" for place in range(len(boxes))], "image": [], f"{alignment}_box": boxes}
    for place in range(len(boxes)):
        content = io.BytesIO()
        PILImage.fromarray(coarse(place)).save(content, "PNG")
        rows["image"].append({"bytes": content.getvalue(), "path": None})
    return Dataset.from_dict(rows | columns).cast_column("image", Image())


def said(table: Dataset, *joined: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    found, account = deepface_attributes(table, Pictures(table), joined)
    assert list(found["image_id"]) == table["image_id"]
    assert list(account["attribute"]) == list(FILES)
    return found.set_index("image_id"), account.set_index("attribute")


@needs_deepface
def test_what_is_said_is_what_deepface_says_of_the_same_crops(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for attribute in FILES:
        graphs.write(home, attribute, graphs.graph(attribute))
    found, account = said(images())
    assert list(account["reason"]) == [""] * 4
    assert list(account["n_faces"]) == [4] * 4
    assert found.loc["i3"].isna().all()

    monkeypatch.setenv("DEEPFACE_BACKEND_ENGINE", "onnx")
    from deepface import DeepFace
    from deepface.modules import modeling

    monkeypatch.setattr(modeling, "cached_models", {"facial_attribute": {}}, raising=False)
    for place, box in enumerate(BOXES):
        if box is None:
            continue
        left, top, right, bottom = np.clip(box, 0, 64)
        crop = coarse(place)[top:bottom, left:right, ::-1]
        (wanted,) = DeepFace.analyze(crop, detector_backend="skip", silent=True)
        row = found.loc[f"i{place}"]
        assert int(row["deepface_age"]) == wanted["age"]
        for attribute in ("gender", "race", "emotion"):
            assert row[f"deepface_{attribute}"] == wanted[f"dominant_{attribute}"]
            for label, percent in wanted[attribute].items():
                if label != "Man":
                    name = f"deepface_{attribute}_{label.lower().replace(' ', '_')}"
                    assert row[name] == pytest.approx(percent / 100, abs=1e-5)
    several = ["deepface_gender", "deepface_race", "deepface_emotion"]
    assert (found[several].nunique() > 1).any()  # the graphs tell the crops apart
    assert list(found) == names_at_hand()


@needs_deepface
@pytest.mark.parametrize("faces", [1, 3])
def test_a_graph_for_so_many_faces_says_the_same(home: Path, faces: int) -> None:
    graphs.write(home, "race", graphs.graph("race"))
    wanted, _ = said(images())
    graphs.write(home, "race", graphs.graph("race", faces))
    found, account = said(images())
    assert account.loc["race", "reason"] == ""
    pd.testing.assert_frame_equal(found, wanted, rtol=0, atol=1e-6)


@needs_deepface
def test_absent_weights_are_said_and_never_downloaded(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("it asks the network"))
    graphs.write(home, "age", graphs.graph("age"))
    found, account = said(images())
    assert list(found) == ["deepface_age"] == names_at_hand()
    assert account.loc["age", "reason"] == ""
    for attribute in ("gender", "race", "emotion"):
        assert FILES[attribute] in account.loc[attribute, "reason"]
        assert ".deepface/weights" in account.loc[attribute, "reason"]
        assert account.loc[attribute, "n_faces"] == 0


@needs_deepface
def test_the_files_are_those_that_deepface_reads() -> None:
    from deepface.models.demography.onnx import Age, Emotion, Gender, Race

    for attribute, module in {"age": Age, "gender": Gender, "race": Race, "emotion": Emotion}.items():
        assert FILES[attribute] == module.WEIGHTS_URL[0].rpartition("/")[2]


@needs_deepface
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "cannot be used ("),
        (b"<html>Not Found</html>", "cannot be used (InvalidProtobuf)"),
        (graphs.graph("race", classes=5), "no shares of 6 classes"),
        (graphs.graph("emotion"), "no shares of 6 classes"),
        (graphs.graph("race", 10**6), "no shares of 6 classes"),
        (graphs.graph("race", weights_in="../../../secret"), "cannot be used (Fail)"),
    ],
)
def test_what_is_no_graph_of_the_model_is_said(home: Path, content: bytes, reason: str) -> None:
    (home.parent / "secret").write_bytes(bytes(4 * 192 * 6))
    graphs.write(home, "race", content)
    found, account = said(images())
    assert found.empty or not list(found)
    assert "race_model_single_batch.onnx" in account.loc["race", "reason"]
    assert reason in account.loc["race", "reason"]
    assert str(home.parent) not in account.loc["race", "reason"]  # a report is published


def test_without_deepface_the_package_is_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for attribute in FILES:
        graphs.write(home, attribute, graphs.graph(attribute))
    for module in ("deepface.models.demography.DemographyUtils", "deepface.modules.preprocessing", "onnxruntime"):
        monkeypatch.setitem(sys.modules, module, None)
    found, account = said(images())
    assert not list(found)
    assert account["reason"].str.contains("lands-between[deepface]", regex=False).all()
    assert names_at_hand() == []


@needs_deepface
def test_what_was_joined_is_not_asked_for(home: Path) -> None:
    graphs.write(home, "age", graphs.graph("age"))
    found, account = said(images(), "deepface_age", "smile")
    assert not list(found)
    assert "joined" in account.loc["age", "reason"]


@needs_deepface
def test_what_is_no_box_has_no_face(home: Path) -> None:
    graphs.write(home, "age", graphs.graph("age"))
    boxes = [[8, 8, 56, 56], [np.nan] * 4, [0, 0, np.inf, 9], [90, 90, 99, 99], [5, 5, 5, 40], [40, 40, 5, 5]]
    found, account = said(images([*boxes, [0, 0, 64, 2], [1, 2]]))
    assert found["deepface_age"].notna().tolist() == [True] + [False] * 7
    assert account.loc["age", "n_faces"] == 1
    assert "no box of a face" in said(images([None, None]))[1].loc["age", "reason"]


@needs_deepface
def test_the_box_is_of_deepfaces_alignment_then_of_one_that_looks_for_faces(home: Path) -> None:
    graphs.write(home, "age", graphs.graph("age"))
    whole, part, other = [[0, 0, 64, 64]] * 2, [[8, 8, 56, 56]] * 2, [[20, 0, 64, 40]] * 2

    def ages(**columns: object) -> list[float]:
        table = images(whole, "center", **columns)
        return said(table)[0]["deepface_age"].tolist()

    assert ages() == said(images(whole))[0]["deepface_age"].tolist()
    assert ages(hog_box=part) == said(images(part))[0]["deepface_age"].tolist()
    assert ages(hog_box=part, deepface_box=other) == said(images(other))[0]["deepface_age"].tolist()
    assert ages(hog_box=[None] * 2) == ages()


def marked(eyes: list[list[float]]) -> Dataset:
    """An image of 100 x 100, black but for a white dot on each eye."""
    image, content = PILImage.new("RGB", (100, 100)), io.BytesIO()
    for x, y in eyes:
        ImageDraw.Draw(image).ellipse([x - 3, y - 3, x + 3, y + 3], "white")
    image.save(content, "PNG")
    rows = {"image_id": ["a"], "image": [{"bytes": content.getvalue(), "path": None}]}
    return Dataset.from_dict(rows).cast_column("image", Image())


@pytest.mark.parametrize("degrees", [-35, 0, 25])
def test_a_face_is_turned_about_the_middle_of_its_box_until_the_eyes_are_level(degrees: float) -> None:
    """The eyes 16 to the left and right of the middle of the box and 10 above it, the whole turned clockwise."""
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    eyes = (np.array([[-16, -10], [16, -10]]) @ turn + 50).tolist()
    cut = face(Pictures(marked(eyes)), "a", [20, 20, 80, 80], degrees)
    assert cut is not None
    assert cut.size == (60, 60)
    bright = np.asarray(cut.convert("L"), float)
    for half, x in ((bright[:, :30], 14), (bright[:, 30:], 46 - 30)):
        rows, columns = np.indices(half.shape)
        assert (rows * half).sum() / half.sum() == pytest.approx(20, abs=1)
        assert (columns * half).sum() / half.sum() == pytest.approx(x, abs=1)


@needs_deepface
def test_landmarks_say_how_far_a_face_is_turned(home: Path) -> None:
    graphs.write(home, "age", graphs.graph("age"))
    box, eyes = [10, 10, 54, 54], [[40, 40], [24, 24]]  # 45 degrees
    turned = PILImage.fromarray(coarse(0)).rotate(45, PILImage.Resampling.BICUBIC, center=(32, 32)).crop(box)
    content = io.BytesIO()
    turned.save(content, "PNG")
    level = {"image_id": ["i0"], "image": [{"bytes": content.getvalue(), "path": None}], "hog_box": [[0, 0, 44, 44]]}
    wanted, _ = said(Dataset.from_dict(level).cast_column("image", Image()))
    found, _ = said(images([box], hog_landmarks=[eyes]))
    assert found.loc["i0", "deepface_age"] == wanted.loc["i0", "deepface_age"]
    assert found.loc["i0", "deepface_age"] != said(images([box]))[0].loc["i0", "deepface_age"]
