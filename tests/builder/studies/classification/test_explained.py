"""What is shown of an image that is explained, of a classifier whose weights are known by hand."""

import io

import numpy as np
import pytest
from PIL import Image

from builder.errors import StudyError
from builder.explainers import lime
from builder.generators import Images
from builder.runtime import Runtime
from builder.shards import StudyFolder
from builder.studies.classification import tables
from builder.studies.classification.adversarial import Adversarial
from builder.studies.classification.explained import Explained, explain_images, to_explain, uncovered, weighed
from builder.studies.classification.models import Models, load_explainer
from builder.studies.classification.pipeline import Item
from builder.studies.classification.predicted import Answers, Predictions
from builder.studies.classification.schema import read_features
from builder.studies.classification.study import AttackSettings, ExplainedSettings
from builder.tables import png_bytes
from tests.builder.studies.classification import small

OWN = AttackSettings(classifier="one")
WHITE = np.full((8, 8, 3), 255, np.uint8)


class Halves:
    """A classifier that finds "left" as probable as the left half is bright."""

    classes = ("left", "right")
    network = None
    micro_batch = 16

    def probabilities(self, images: Images) -> np.ndarray:
        left = (images[:, :, :4].mean(axis=(1, 2, 3)) / 255).astype(np.float32)
        return np.stack([left, 1 - left], axis=1)


class Whites:
    """A source of white pictures."""

    classes = ("left", "right")

    def image(self, row: int) -> Images:
        return WHITE


@pytest.fixture
def models(runtime: Runtime) -> Models:
    own = lime.Settings(superpixels="grid", grid=4, samples=300, hidden=51)
    return Models(
        source=Whites(),
        source_name="whites",
        shape=WHITE.shape,
        classifiers={"one": Halves()},
        runtime=runtime,
        rows={"left": [7], "right": [9]},
        explainer=lime.load(None, own, runtime),
        gray=51,
    )


@pytest.fixture
def predicted() -> Predictions:
    said = Answers.of(Halves.classes, np.array([[1, 0], [0, 1]], np.float32))
    return Predictions([7, 9], ["r7", "r9"], ["left", "right"], {"one": said})


def attacked(at: int, shown_class: str) -> Adversarial:
    top1 = {"one": shown_class}
    return Adversarial(at, png_bytes(WHITE), shown_class, True, top1, 1, shown_class, 1, 0.1, 1.0)


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)))


def test_what_speaks_for_the_class_is_shown_and_the_rest_is_gray(models: Models, predicted: Predictions) -> None:
    """Each of the eight cells of the left half, 4 of its 32 pixels, makes the class .8 / 8 more probable."""
    (found,) = explain_images(OWN, models, predicted, [attacked(1, "left")], [Explained(1, attacked=True)])
    assert found.shown_class == "left"
    assert sorted(found.order) == [row * 4 + column for row in range(4) for column in (0, 1)]
    assert (found.shown, found.pixels) == (8, [4] * 8)
    assert found.weights == pytest.approx([0.1] * 8, abs=1e-4)
    assert found.probabilities == pytest.approx([0.2 + 0.1 * rank for rank in range(9)], abs=1e-5)
    shown = pixels(found.png)
    assert (shown[:, :4] == 255).all()
    assert (shown[:, 4:] == 51).all()


def test_fewer_are_shown_where_fewer_speak_for_the_class(models: Models, predicted: Predictions) -> None:
    (found,) = explain_images(OWN, models, predicted, [], [Explained(1, attacked=False)])
    assert (found.shown_class, found.shown) == ("right", 0)
    assert found.weights == pytest.approx([-0.1] * 8, abs=1e-4)
    assert (pixels(found.png) == 51).all()


def test_superpixels_are_in_the_order_of_their_weights() -> None:
    segments = np.array([[0, 1, 1], [2, 2, 3]], np.int32)
    order, weights = weighed(np.array([0.2, 0.5, -0.1, 0.0], np.float32)[segments], segments)
    assert (order.tolist(), weights.tolist()) == ([1, 0, 2], pytest.approx([0.5, 0.2, -0.1]))
    assert uncovered(order, 4).astype(int).tolist() == [[0, 0, 0, 0], [0, 1, 0, 0], [1, 1, 0, 0], [1, 1, 1, 0]]


def test_attacked_images_and_controls_are_explained_in_the_other_arm(models: Models, predicted: Predictions) -> None:
    items = [
        Item("mistake", 0, "right", 1.0),
        Item("agreed", 0, "left"),
        Item("foil", 0, "right"),
        Item("adversarial", 1, "left", 3.0),
    ]
    wanted = to_explain(items)
    assert wanted == [Explained(1, attacked=True), Explained(0, attacked=False), Explained(1, attacked=False)]
    attacks = [attacked(1, "left")]
    explanations = explain_images(OWN, models, predicted, attacks, wanted)
    built = tables.build("a", 0, predicted, items, {0: WHITE}, "one", attacks, explanations)
    rows = built["items"].drop_columns(["image"]).to_pylist()
    assert [(row["arm"], row["item_id"], row["image_id"]) for row in rows] == [
        ("whole", "a-00000-mistake-7-1", "a-00000-row7"),
        ("whole", "a-00000-agreed-7-0", "a-00000-row7"),
        ("whole", "a-00000-foil-7-1", "a-00000-row7"),
        ("whole", "a-00000-adversarial-9-0", "a-00000-row9-attacked"),
        ("explained", "a-00000-agreed-7-0-explained", "a-00000-row7-explained"),
        ("explained", "a-00000-foil-7-1-explained", "a-00000-row7-explained"),
        ("explained", "a-00000-adversarial-9-0-explained", "a-00000-row9-attacked-explained"),
    ]
    assert [(row["kind"], row["weight"], row["one_top1"], row["one_mistake"]) for row in rows[-2:]] == [
        (2, None, None, None),
        (5, 3.0, None, None),
    ]
    parts = built["explanations"].to_pylist()
    assert {(row["image_id"], row["class"], row["explained_id"], row["n_shown"]) for row in parts} == {
        ("a-00000-row9-attacked-explained", "left", "a-00000-row9-attacked", 8),
        ("a-00000-row7-explained", "left", "a-00000-row7", 8),
        ("a-00000-row9-explained", "right", None, 0),
    }
    assert [row["shown"] for row in parts if row["class"] == "right"] == [None, *[False] * 8]
    for name, table in built.items():
        assert read_features(name, table.schema).arrow_schema.equals(table.schema)


def test_an_explainer_without_superpixels_is_refused(runtime: Runtime) -> None:
    with pytest.raises(StudyError, match=r"explained\.model = 'gradient': it explains pixel by pixel.*lime or kernel"):
        load_explainer(ExplainedSettings(model="gradient"), runtime)


def test_a_folder_without_explanations_has_no_table_of_them(tmp_path, runtime: Runtime) -> None:
    folder = small.build(tmp_path, runtime)
    assert not (folder / "shards" / "explanations").exists()
    assert StudyFolder(folder).status(verify=True).rows.keys() == {"items", "images", "predictions", "attacks"}
    assert not StudyFolder(folder).holds("explanations", 0)
