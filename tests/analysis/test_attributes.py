import io

import numpy as np
import pandas as pd
import pytest
from datasets import Dataset, Image
from PIL import Image as PILImage

from analysis import MissingDataError, Pictures
from analysis.studies.verification.tables.differences import attribute_differences
from analysis.studies.verification.tables.forest import attribute_forest
from analysis.tables.attributes import image_attributes, joined, measured_names
from tests.analysis.synthetic import draw_pairs

FACE = np.array([[24, 12], [20, 12], [8, 12], [12, 12], [16, 20]], float)
"""Corners of the eye on the right, of that on the left, base of the nose: dlib's order."""


def images(pixels: list[np.ndarray], landmarks: list[np.ndarray | None]) -> Dataset:
    rows = {"image_id": [f"i{n}" for n in range(len(pixels))], "image": [], "hog_landmarks": []}
    for array, points in zip(pixels, landmarks, strict=True):
        content = io.BytesIO()
        PILImage.fromarray(array.astype(np.uint8)).save(content, "PNG")
        rows["image"].append({"bytes": content.getvalue(), "path": None})
        rows["hog_landmarks"].append(None if points is None else points.tolist())
    return Dataset.from_dict(rows).cast_column("image", Image())


def attributes_of(pixels: np.ndarray, points: np.ndarray | None = FACE) -> pd.Series:
    table = images([pixels, pixels], [points, FACE])
    return image_attributes(table, Pictures(table)).iloc[0]


def test_a_plain_image() -> None:
    found = attributes_of(np.full((32, 32, 3), [200, 100, 100]))
    assert found["brightness"] == pytest.approx((0.299 * 200 + 0.701 * 100) / 255)
    assert found["contrast"] == pytest.approx(0, abs=1e-12)
    assert found["sharpness"] == pytest.approx(0, abs=1e-12)
    assert (found["red"], found["green"], found["blue"]) == pytest.approx((0.5, 0.25, 0.25))
    assert found["saturation"] == pytest.approx(0.5)
    assert found["saturation_std"] == pytest.approx(0, abs=1e-12)


def test_half_black_half_white() -> None:
    pixels = np.zeros((32, 32, 3))
    pixels[:, 16:] = 255
    found = attributes_of(pixels)
    assert found["brightness"] == pytest.approx(0.5)
    assert found["contrast"] == pytest.approx(0.5)
    assert found["sharpness"] == pytest.approx(2 / 32)  # the Laplacian is 1 and -1 in two columns
    assert found["saturation"] == 0


def test_black_has_no_color() -> None:
    found = attributes_of(np.zeros((8, 8, 3)))
    assert (found["red"], found["green"], found["blue"]) == pytest.approx((1 / 3, 1 / 3, 1 / 3))


def test_sharpness_does_not_count_pixels() -> None:
    noise = PILImage.fromarray((np.random.default_rng(0).random((32, 32, 3)) * 255).astype(np.uint8))
    small, large = (np.asarray(noise.resize((side, side), PILImage.Resampling.BICUBIC)) for side in (256, 1024))
    assert attributes_of(large)["sharpness"] == pytest.approx(attributes_of(small)["sharpness"], rel=0.2)


@pytest.mark.parametrize("degrees", [-20, 0, 30])
def test_pose_from_landmarks(degrees: float) -> None:
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    found = attributes_of(np.zeros((32, 32, 3)), FACE @ turn)
    assert found["hog_roll"] == pytest.approx(degrees)
    assert found["hog_eyes"] == pytest.approx(12 / 32)
    assert found["hog_yaw"] == pytest.approx(0, abs=1e-9)
    assert found["hog_pitch"] == pytest.approx(8 / 12)


def test_a_turned_head_moves_the_nose() -> None:
    turned = FACE.copy()
    turned[4, 0] += 3
    assert attributes_of(np.zeros((32, 32, 3)), turned)["hog_yaw"] == pytest.approx(3 / 12)


@pytest.mark.parametrize("points", [None, FACE * np.nan, FACE[:3], np.zeros((5, 2))])
def test_unknown_landmarks(points: np.ndarray | None) -> None:
    found = attributes_of(np.zeros((32, 32, 3)), points)
    assert found[["hog_roll", "hog_eyes", "hog_yaw", "hog_pitch"]].isna().all()


def test_eyes_alone_have_no_nose() -> None:
    table = images([np.zeros((32, 32, 3))], [np.array([[20.0, 10], [10, 10]])])
    found = image_attributes(table, Pictures(table))
    assert found.loc[0, "hog_roll"] == 0
    assert "hog_yaw" not in found


def test_what_is_joined_is_taken_for_what_was_measured_under_its_name() -> None:
    """As where the table of an earlier report is joined again."""
    table = images([np.zeros((32, 32, 3)), np.full((32, 32, 3), 255)], [FACE, FACE])
    first = image_attributes(table, Pictures(table))
    assert list(first) == ["image_id", *measured_names(first.assign(hog_landmarks=None))]
    again = joined(first, first.assign(brightness=0.5, more=["x", "y"]).iloc[::-1])
    assert again["brightness"].tolist() == [0.5, 0.5]
    assert again["more"].tolist() == ["x", "y"]
    pd.testing.assert_frame_equal(again[first.columns], first.assign(brightness=0.5))
    assert len(again.columns) == len(first.columns) + 1


def test_differences() -> None:
    attributes = pd.DataFrame({"image_id": ["a", "b"], "age": [30.0, 42], "race": ["x", "y"], "glasses": [True, True]})
    pairs = pd.DataFrame({"pair_id": ["p", "q", "r"], "base_id": ["a", "a", "a"], "sample_id": ["b", "a", "c"]})
    found = attribute_differences(pairs, attributes)
    assert found.loc["p"].tolist() == [12, 1, 0]
    assert found.loc["q"].tolist() == [0, 0, 0]
    assert found.loc["r"].isna().all()


def study(seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Similarity follows the difference in `told`; `noise` and `race` say nothing."""
    rng = np.random.default_rng(seed)
    pairs = draw_pairs(batches=4)
    ids = pd.unique(pd.concat([pairs["base_id"], pairs["sample_id"]]))
    attributes = pd.DataFrame({"image_id": ids, "told": rng.random(len(ids)), "noise": rng.random(len(ids))})
    attributes["race"] = rng.choice(["x", "y"], len(ids))
    told = attribute_differences(pairs, attributes)["told"].to_numpy()
    similarity = 100 * (1 - told) + rng.normal(0, 5, len(pairs))
    return pairs.assign(similarity_mean=similarity, identity_rate=0.5, n_ratings=10), attributes


def test_the_forest_finds_what_counts() -> None:
    pairs, attributes = study()
    fit, importance = attribute_forest(pairs, None, attributes)
    assert importance.loc[0, "attribute"] == "told"
    assert importance.loc[0, "importance"] > 1
    assert importance.loc[1:, "importance"].abs().max() < 0.05
    assert (importance["importance_std"] >= 0).all()
    genuine = pairs["kind"] == "genuine"
    ceiling = 1 - 25 / pairs.loc[~genuine, "similarity_mean"].var()
    assert ceiling - 0.06 < fit.loc[0, "r2"] < ceiling + 0.01
    assert fit.loc[0, "n_pairs"] == (~genuine).sum()
    assert fit.loc[0, "n_batches"] == 4
    assert 0 < fit.loc[0, "r2_low"] < fit.loc[0, "r2"] < fit.loc[0, "r2_high"] < 1
    assert fit.loc[0, "reason"] == ""


def test_a_base_is_never_trained_on_and_predicted() -> None:
    """Similarity is a number of the base, which its attribute names: on other bases it helps nothing."""
    pairs, attributes = study()
    rng = np.random.default_rng(1)
    of_base = dict(zip(pd.unique(pairs["base_id"]), rng.random(16), strict=True))
    attributes["told"] = attributes["image_id"].map(of_base).fillna(0) * 1000
    pairs["similarity_mean"] = pairs["base_id"].map(dict(zip(of_base, rng.random(16) * 100, strict=True)))
    fit, _ = attribute_forest(pairs, None, attributes)
    assert fit.loc[0, "r2"] < 0.2


@pytest.mark.parametrize("seed", range(3))
def test_attributes_of_noise_explain_nothing(seed: int) -> None:
    """People see how alike two images are, both ways the same; attributes are noise. A fold that holds (A, B) out and
    trains on (B, A) knows the answer: by bases R2 is above .05, by batches it is not above 0.
    """
    rng = np.random.default_rng(seed)
    pairs = draw_pairs(batches=5)
    pairs = pairs[pairs["kind"].isin(["negative", "genuine"])].reset_index(drop=True)
    negative = pairs["kind"] == "negative"
    others = [
        [name for name in pd.unique(pairs["base_id"]) if name[0] == base[0] and name != base]
        for base in pd.unique(pairs["base_id"])
    ]
    pairs.loc[negative, "sample_id"] = np.concatenate(others)
    couples = ["".join(sorted(names)) for names in pairs[["base_id", "sample_id"]].to_numpy()]
    alike = dict(zip(dict.fromkeys(couples), rng.normal(50, 20, len(couples)), strict=False))
    pairs = pairs.assign(similarity_mean=[alike[couple] for couple in couples], identity_rate=0.5, n_ratings=10)
    ids = pd.unique(pairs["base_id"])
    attributes = pd.DataFrame({"image_id": ids} | {f"noise{place}": rng.random(len(ids)) for place in range(6)})
    fit, _ = attribute_forest(pairs, None, attributes)
    assert fit.loc[0, "r2"] < 0.02
    assert fit.loc[0, "r2_low"] < 0
    assert fit.loc[0, "reason"] == "R2 may be 0 or less: the importances mean nothing"


def test_unknown_attributes_are_filled() -> None:
    pairs, attributes = study()
    attributes.loc[::7, "told"] = np.nan
    attributes["never"] = np.nan
    fit, importance = attribute_forest(pairs, None, attributes)
    assert set(importance["attribute"]) == {"told", "noise", "race"}
    assert fit.loc[0, "r2"] > 0.5


def test_too_little_for_a_forest() -> None:
    pairs, attributes = study()
    with pytest.raises(MissingDataError, match="too few"):
        attribute_forest(pairs.iloc[:15], None, attributes)
    with pytest.raises(MissingDataError, match="with one batch, no forest can be judged"):
        attribute_forest(pairs[pairs["batch"] == 0], None, attributes)
    with pytest.raises(MissingDataError, match="same similarity"):
        attribute_forest(pairs.assign(similarity_mean=50.0), None, attributes)
