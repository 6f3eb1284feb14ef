"""What is drawn of predictions that are written out by hand."""

from collections import Counter

import numpy as np
import pytest

from builder.studies.classification import tables
from builder.studies.classification.pipeline import Item, draw_items, far_classes, found_mistakes
from builder.studies.classification.predicted import Predicted, Said
from builder.studies.classification.study import ClassificationStudy

ANIMALS = ("ant", "bee", "cat", "dog")


def said(*rows: tuple[float, ...], classes: tuple[str, ...] = ANIMALS) -> Said:
    return Said.of(classes, np.array(rows, np.float32))


@pytest.fixture
def predicted() -> Predicted:
    """Six pictures: right, one mistake of both, two of both, one of one, right, and one in which one found nothing."""
    sure = np.eye(4, dtype=np.float32) * 0.7 + 0.075
    ant, bee, cat, dog = map(tuple, sure)
    nothing = (np.nan,) * 4
    return Predicted(
        rows=[3, 5, 8, 9, 12, 20],
        ids=["r3", "r5", "r8", "r9", "r12", "r20"],
        labels=["ant", "ant", "bee", "bee", "bee", "ant"],
        said={"one": said(ant, bee, cat, bee, bee, nothing), "two": said(ant, bee, dog, dog, bee, dog)},
    )


def test_a_mistake_is_found_once_whoever_makes_it(predicted):
    assert found_mistakes(predicted) == [(1, "bee"), (2, "cat"), (2, "dog"), (3, "dog"), (5, "dog")]


def test_of_equal_probabilities_the_first_class_is_said():
    assert said((0.1, 0.4, 0.4, 0.1)).first(0) == "bee"


def test_all_that_there_is_is_drawn_where_caps_are_high(predicted):
    items = draw_items(ClassificationStudy(name="a"), predicted, batch=0)
    assert items[:5] == [Item("mistake", at, name, 1.0) for at, name in found_mistakes(predicted)]
    assert items[5:] == [Item("agreed", 0, "ant"), Item("agreed", 4, "bee")]


def test_caps_hold_and_weights_say_what_a_mistake_stands_for(predicted):
    items = draw_items(ClassificationStudy(name="a", mistakes=2, controls=2), predicted, batch=0)
    assert [item.kind for item in items] == ["mistake", "mistake", "agreed", "foil"]
    assert [item.weight for item in items] == [2.5, 2.5, None, None]
    agreed, foil = items[2:]
    assert {agreed.at, foil.at} == {0, 4}
    assert foil.shown_class in far_classes(predicted, foil.at)


def test_a_higher_cap_keeps_what_was_drawn(predicted):
    drawn = [
        {(item.at, item.shown_class) for item in draw_items(ClassificationStudy(name="a", mistakes=most), predicted, 0)}
        for most in (1, 3, 5)
    ]
    assert drawn[0] < drawn[1] < drawn[2]


def test_mistakes_are_drawn_evenly(predicted):
    """Of five mistakes one, 2,000 times: each 400 times, with a deviation of 18."""
    study = ClassificationStudy(name="a", mistakes=1)
    studies = (study.model_copy(update={"seed": seed}) for seed in range(2000))
    times = Counter(draw_items(each, predicted, batch=0)[0][1:3] for each in studies)
    assert len(times) == 5
    assert all(abs(count - 400) < 4 * 18 for count in times.values())


def test_far_classes_are_the_least_probable_half_without_the_label():
    one, two = said((0.6, 0.3, 0.06, 0.04)), said((0.6, 0.04, 0.06, 0.3))
    both = Predicted([0], ["r0"], ["ant"], {"one": one, "two": two})
    assert far_classes(both, 0) == ["cat", "bee"]
    other = said((0.7, 0.3), classes=("ant", "dog"))
    assert far_classes(Predicted([0], ["r0"], ["ant"], {"one": one, "other": other}), 0) == ["dog"]


def test_the_tables_say_who_made_a_mistake(predicted):
    items = [Item("mistake", 1, "bee", 2.5), Item("mistake", 5, "dog", 2.5), Item("agreed", 4, "bee")]
    shown = {at: np.full((2, 2, 3), at, np.uint8) for at in (1, 4, 5)}
    built = tables.build("a", 7, predicted, items, shown)
    rows = built["items"].drop_columns(["image"]).to_pylist()
    assert [row["item_id"] for row in rows] == ["a-00007-mistake-5-1", "a-00007-mistake-20-3", "a-00007-agreed-12-1"]
    assert rows[0] == {
        "item_id": "a-00007-mistake-5-1",
        "batch": 7,
        "kind": 0,
        "image_id": "a-00007-row5",
        "row": "r5",
        "label": "ant",
        "shown_class": "bee",
        "weight": 2.5,
        "one_top1": "bee",
        "one_mistake": True,
        "two_top1": "bee",
        "two_mistake": True,
    }
    assert [(row["one_top1"], row["one_mistake"], row["two_mistake"]) for row in rows[1:]] == [
        (None, False, True),
        ("bee", False, False),
    ]
    predictions = built["predictions"].to_pylist()
    assert [row["image_id"] for row in predictions] == [
        None,
        "a-00007-row5",
        None,
        None,
        "a-00007-row12",
        "a-00007-row20",
    ]
    assert predictions[0]["one_classes"] == ["ant", "bee", "cat", "dog"]
    assert predictions[0]["one_probabilities"] == pytest.approx([0.775, 0.075, 0.075, 0.075])
    assert (predictions[5]["one_classes"], predictions[5]["one_probabilities"]) == (None, None)
