"""The example of an extension, installed as a user would install it, and a study built with it."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from datasets import Dataset, load_dataset
from PIL import Image

from builder.generators import Images
from tests.examples.conftest import run

pytestmark = pytest.mark.slow

COMPONENTS = 6
TRAINING_IMAGES = 36

STUDY = """
name = "linear"
bases_per_batch = 3
distances = ["latent_l2"]

[generator]
model = "linear_faces:{folder}"
components = {components}

[[recognizers]]
name = "color"
model = "mean_color"

[samples.optimized]
target = "color"
levels = [1.0]
max_iterations = 2
"""


@pytest.fixture(scope="module")
def photos(images: Images, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    for number, image in enumerate(images[:TRAINING_IMAGES]):
        Image.fromarray(image).save(folder / f"{number:02d}.png")
    return folder


def build(python: Path, cwd: Path, folder: Path, components: int = COMPONENTS) -> subprocess.CompletedProcess[str]:
    (cwd / "linear.toml").write_text(STUDY.format(folder=folder, components=components))
    return run(python, "-m", "builder", "build", "linear.toml", "--out", "out", "--device", "cpu", cwd=cwd)


@pytest.fixture(scope="module")
def folder(with_plugin, photos, tmp_path_factory) -> Path:
    """A study with the plugin's generator and recognizer, built."""
    cwd = tmp_path_factory.mktemp("linear")
    result = build(with_plugin, cwd, photos)
    assert result.returncode == 0, result.stderr
    return cwd / "out"


def load(folder: Path, table: str) -> Dataset:
    """From a cache of its own: in the user's, datasets takes folders of the same name for one another."""
    return load_dataset(str(folder), table, split="train", cache_dir=str(folder.parent / "cache"))


@pytest.fixture(scope="module")
def pairs(folder):
    dataset = load(folder, "pairs")
    table = dataset.remove_columns(["base", "sample"]).to_pandas()
    table["kind"] = [dataset.features["kind"].int2str(kind) for kind in table["kind"]]
    return table


@pytest.fixture(scope="module")
def pictures(folder):
    """image_id -> row of the table `images`, the image as an array (64, 64, 3) of floats."""
    rows = load(folder, "images")
    return {row["image_id"]: row | {"image": np.asarray(row["image"], np.float64)} for row in rows}


def test_before_it_is_installed_a_study_that_names_it_is_refused_with_what_is_available(
    without_plugin, photos, tmp_path
):
    result = build(without_plugin, tmp_path, photos)
    assert result.returncode == 2
    refused = next(line for line in result.stderr.splitlines() if "linear_faces" in line)
    assert "generator.model" in refused
    _, available = refused.split("must be one of: ")
    assert {"dcgan-digiface", "stylegan2"} <= set(available.split(", "))
    assert "linear_faces" not in available
    assert "Traceback" not in result.stderr


def test_the_study_has_every_kind_and_genuine_pairs_at_distance_zero(pairs, pictures):
    assert pairs["kind"].value_counts().to_dict() == {
        "genuine": 3,
        "positive": 18,
        "negative": 6,
        "interpolation": 18,
        "optimized": 6,
    }
    distances = pairs.groupby("kind")["color_distance"]
    assert (distances.get_group("genuine") == 0).all()
    assert (distances.get_group("negative") > 0).all()
    assert (pairs["color_accept"] == (pairs["color_distance"] <= 2)).all()
    assert pairs["color_accept"].nunique() == 2
    assert all(row["center_found"] for row in pictures.values())


def test_the_distance_is_that_between_mean_colors(pairs, pictures):
    """8 x 8 cells of the 64-pixel images; the alignment's scaling to 150 pixels softens their borders."""
    cells = {
        name: row["image"].reshape(8, 8, 8, 8, 3).mean(axis=(1, 3)).ravel() / 255 for name, row in pictures.items()
    }
    wanted = [np.linalg.norm(cells[row.base_id] - cells[row.sample_id]) for row in pairs.itertuples()]
    np.testing.assert_allclose(pairs["color_distance"], wanted, rtol=0.03, atol=0.01)


def test_images_are_the_latents_combinations_of_the_photos_principal_components(photos, pictures):
    """From the eigenvectors of the covariance between images, not the decomposition that the generator uses."""
    pixels = np.array([np.asarray(Image.open(path), np.float64).ravel() for path in sorted(photos.iterdir())])
    mean = pixels.mean(axis=0)
    values, vectors = np.linalg.eigh((pixels - mean) @ (pixels - mean).T)
    values, vectors = values[: -COMPONENTS - 1 : -1], vectors[:, : -COMPONENTS - 1 : -1]
    axes = (vectors / np.sqrt(values)).T @ (pixels - mean)
    deviations = np.sqrt(values / (TRAINING_IMAGES - 1))

    latents = np.array([row["latent"] for row in pictures.values()])
    assert latents.shape == (len(pictures), COMPONENTS)
    found = np.array([axes @ (row["image"].ravel() - mean) for row in pictures.values()])
    signs = np.sign((latents * found).sum(axis=0))  # the sign of a principal component is anybody's choice
    rendered = mean + (latents * signs * deviations) @ axes
    stored = np.array([row["image"].ravel() for row in pictures.values()])
    np.testing.assert_allclose(stored, rendered.round().clip(0, 255), atol=1)


def test_its_own_key_is_checked_like_any_other(with_plugin, photos, tmp_path):
    result = build(with_plugin, tmp_path, photos, components=0)
    assert result.returncode == 2
    assert "generator.components = 0: must be greater than or equal to 1" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("photos_there", "said"),
    [
        (None, "there is no such folder"),
        (1, "1 images (.jpeg, .jpg, .png) there"),
        (COMPONENTS, f"generator.components = {COMPONENTS}: must be at most {COMPONENTS - 1}"),
    ],
)
def test_a_folder_to_learn_nothing_from_is_refused_in_one_line(with_plugin, photos, tmp_path, photos_there, said):
    some = tmp_path / "some"
    if photos_there is not None:
        some.mkdir()
        for photo in sorted(photos.iterdir())[:photos_there]:
            shutil.copy(photo, some)
    result = build(with_plugin, tmp_path, some)
    assert result.returncode == 2
    (line,) = result.stderr.splitlines()
    assert line.startswith("error: ")
    assert said in line
    assert str(some) in line
