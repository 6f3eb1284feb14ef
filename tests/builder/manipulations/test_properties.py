"""The properties side by side, by hand, and the list of all manipulations."""

import importlib
import re

import numpy as np
import pytest

from builder import manipulations
from builder.explainers import Explanations
from builder.manipulations import properties, table
from builder.manipulations.properties import METHODS, Effort, Version, of_pictures, of_rows

EFFORT = Effort(1.5, 10, 7)


class Bright:
    """Says 1 with the share of light that a picture has, less a step."""

    network, micro_batch, classes = None, 4, ("0", "1")

    def __init__(self, less=0.0):
        self._less = less

    def probabilities(self, images):
        yes = (images.mean(axis=(1, 2, 3)) / 255 - self._less).astype(np.float32)
        return np.stack([1 - yes, yes], axis=1)


class Itself:
    """Explains a picture by the picture, or by its negative."""

    micro_batch = None

    def __init__(self, sign=1):
        self._sign = sign

    def explain(self, classifier, images, classes):
        return Explanations(self._sign * images[..., 0].astype(np.float32))


class Sum:
    on, micro_batch = "images", None

    def between(self, a, b):
        return np.abs(a.astype(np.float32) - b).sum(axis=(1, 2, 3))


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), np.uint8)


def test_a_manipulated_picture_by_hand(images):
    changed = images.copy()
    changed[0] = 255
    changed[1, 0, 0] = np.where(images[1, 0, 0] > 127, images[1, 0, 0] - 51, images[1, 0, 0] + 51)
    classes = Bright().probabilities(images).argmax(axis=1)
    found = of_pictures(
        METHODS["top_k"],
        Version(Bright(0.2), images),
        Version(Bright(0.2), changed),
        classes,
        {"itself": Itself(), "negative": Itself(-1)},
        EFFORT,
        labels=np.array([1, 0, 0]),
        distance=Sum(),
    )
    assert found.different == pytest.approx(1 / 3)  # a white picture is bright
    assert found.accuracy == (pytest.approx(2 / 3), 1)
    assert found.l_inf[1] == pytest.approx(0.2)
    assert found.l_2[1] == pytest.approx(0.2 * np.sqrt(3))
    assert found.lpips.tolist()[1:] == [153, 0]
    assert found.probability_change[2] == 0
    assert found.probability_change[0] == pytest.approx(1 - images[0].mean() / 255, abs=1e-6)
    assert list(found.unlike) == ["itself", "negative"]
    assert found.unlike["itself"]["pearson"][2] == pytest.approx(1)
    assert found.effort.parameters == 7


def test_a_manipulated_model_by_hand(images):
    common = (np.zeros(3, np.int64), {"itself": Itself()}, EFFORT)
    found = of_pictures(METHODS["location"], Version(Bright(), images), Version(Bright(0.4), images), *common)
    assert found.accuracy is None
    assert (found.l_inf, found.l_2, found.lpips) == (None, None, None)
    np.testing.assert_allclose(found.probability_change, 0.4, atol=1e-6)
    yes = images.mean(axis=(1, 2, 3)) / 255
    assert found.different == pytest.approx(((yes > 0.5) & (yes - 0.4 <= 0.5)).mean())


def test_a_manipulated_model_of_rows_by_hand():
    (small, _) = table.synthetic(0, 100).split(0, 0.1)
    before, after = (table.one_column(small, at) for at in (6, 7))

    class Column:
        def explain(self, classifier, rows, classes):
            weights = np.zeros(rows.shape, np.float32)
            weights[:, 6 if classifier is before else 7] = 1
            return weights

    found = of_rows(METHODS["scaffold"], before, after, small, {"column": Column()}, EFFORT)
    group, unrelated = small.rows[:, 6], small.rows[:, 7]
    assert found.different == pytest.approx((group != unrelated).mean())
    assert found.accuracy[0] == pytest.approx((group == small.labels).mean())
    # Two columns of 8 differ: r = -1/7.
    np.testing.assert_allclose(found.unlike["column"]["pearson"], -1 / 7)
    assert found.method.wanted == "small"


def test_every_manipulation_is_listed_once():
    listed = re.findall(r"^\| `(\w+)` \| (\w+) \| `(\w+)\.py` \|", manipulations.__doc__, re.MULTILINE)
    assert {name: level for name, level, _ in listed} == {name: each.level for name, each in METHODS.items()}
    assert len(listed) == len(METHODS)
    for _, _, file in listed:
        assert callable(importlib.import_module(f"builder.manipulations.{file}").manipulate)
    assert {name for name, each in METHODS.items() if each.wanted == "small"} == {"conceal", "scaffold"}
    assert properties.METHODS["patch"].decides == "other"
