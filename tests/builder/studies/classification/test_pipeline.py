"""What is drawn of predictions that are written out by hand."""

from collections import Counter

import numpy as np
import pytest
from datasets import Features

from builder.studies.classification import tables
from builder.studies.classification.pipeline import Item, draw_items, far_classes, found_mistakes
from builder.studies.classification.predicted import Answers, Predictions
from builder.studies.classification.schema import read_features
from builder.studies.classification.study import ClassificationStudy

ANIMALS = ("ant", "bee", "cat", "dog")


def said(*rows: tuple[float, ...], classes: tuple[str, ...] = ANIMALS) -> Answers:
    return Answers.of(classes, np.array(rows, np.float32))


@pytest.fixture
def predicted() -> Predictions:
    """Six pictures: right, one mistake of both, two of both, one of one, right, and one in which one found nothing."""
    sure = np.eye(4, dtype=np.float32) * 0.7 + 0.075
    ant, bee, cat, dog = map(tuple, sure)
    nothing = (np.nan,) * 4
    return Predictions(
        rows=[3, 5, 8, 9, 12, 20],
        ids=["r3", "r5", "r8", "r9", "r12", "r20"],
        labels=["ant", "ant", "bee", "bee", "bee", "ant"],
        answers={"one": said(ant, bee, cat, bee, bee, nothing), "two": said(ant, bee, dog, dog, bee, dog)},
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
    both = Predictions([0], ["r0"], ["ant"], {"one": one, "two": two})
    assert far_classes(both, 0) == ["cat", "bee"]
    other = said((0.7, 0.3), classes=("ant", "dog"))
    assert far_classes(Predictions([0], ["r0"], ["ant"], {"one": one, "other": other}), 0) == ["dog"]


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


TWELVE = tuple("abcdefghijkl")


def ranked(*orders: str) -> Answers:
    """A classifier of twelve classes that finds those of an order the most probable, in this order."""
    rows = []
    for order in orders:
        by_class = dict.fromkeys(TWELVE, 0.0) | {name: 0.5 - 0.1 * at for at, name in enumerate(order)}
        rows.append(tuple(by_class.values()))
    return said(*rows, classes=TWELVE)


@pytest.fixture
def of_many() -> Predictions:
    """Four pictures: right; wrong with the label among the five; wrong without it; wrong by the one of few classes."""
    many = ranked("abcde", "bcade", "bcdef", "abcde")
    few = said(*[(0.7, 0.3)] * 3, (0.2, 0.8), classes=("a", "b"))
    return Predictions([0, 1, 2, 3], ["r0", "r1", "r2", "r3"], ["a", "a", "a", "a"], {"many": many, "few": few})


def test_all_five_classes_of_a_mistake_are_asked_once(of_many):
    items = draw_items(ClassificationStudy(name="a", mistakes_top5=5), of_many, batch=0)
    asked = [item for item in items if item.top5_weight is not None]
    assert [(item.kind, item.at, item.shown_class) for item in asked] == [
        ("mistake", 1, "b"),
        ("mistake", 2, "b"),
        *(("mistake_top5", 1, name) for name in "cade"),
        *(("mistake_top5", 2, name) for name in "cdef"),
    ]
    assert {item.top5_weight for item in asked} == {1.0}
    assert all(item.weight is None for item in asked if item.kind == "mistake_top5")
    assert [item[:3] for item in items if item.top5_weight is None and item.kind == "mistake"] == [("mistake", 3, "b")]


def test_a_first_class_that_no_mistake_asks_is_asked_with_the_others(of_many):
    """Of three mistakes one is drawn for itself and of two rows one with all its classes, for every seed."""
    for seed in range(20):
        study = ClassificationStudy(name="a", mistakes=1, mistakes_top5=1, seed=seed)
        items = draw_items(study, of_many, batch=0)
        asked = [item for item in items if item.top5_weight is not None]
        assert {item.top5_weight for item in asked} == {2.0}
        (at,) = {item.at for item in asked}
        assert sorted(item.shown_class for item in asked) == sorted("bcade" if at == 1 else "bcdef")
        assert len({(item.at, item.shown_class) for item in items}) == len(items)


def test_what_is_drawn_otherwise_stays_with_five_classes(of_many):
    without = draw_items(ClassificationStudy(name="a", mistakes=1), of_many, batch=0)
    added = draw_items(ClassificationStudy(name="a", mistakes=1, mistakes_top5=1), of_many, batch=0)
    assert [item[:4] for item in added[: len(without)]] == [item[:4] for item in without]


def test_the_tables_say_whether_the_label_is_among_five(of_many):
    items = draw_items(ClassificationStudy(name="a", mistakes_top5=5), of_many, batch=0)
    shown = {at: np.zeros((2, 2, 3), np.uint8) for at in range(4)}
    built = tables.build("a", 0, of_many, items, shown, top5=True)
    predictions = built["predictions"].to_pylist()
    assert [row["many_label_in_top5"] for row in predictions] == [True, True, False, True]
    assert [row["few_label_in_top5"] for row in predictions] == [None] * 4
    rows = {row["item_id"]: row for row in built["items"].drop_columns(["image"]).to_pylist()}
    assert len(rows) == len(items)
    assert rows["a-00000-mistake-top5-2-5"]["kind"] == 4
    assert (rows["a-00000-mistake-top5-2-5"]["top5_weight"], rows["a-00000-mistake-2-1"]["top5_weight"]) == (1.0, 1.0)
    for name, table in built.items():
        assert read_features(name, table.schema).arrow_schema.equals(table.schema)


def test_tables_without_five_classes_have_no_columns_of_them(of_many):
    items = draw_items(ClassificationStudy(name="a"), of_many, batch=0)
    built = tables.build("a", 0, of_many, items, {at: np.zeros((2, 2, 3), np.uint8) for at in range(4)})
    assert not [name for table in built.values() for name in table.column_names if "top5" in name]
    kinds = Features.from_arrow_schema(built["items"].schema)["kind"].names
    assert kinds == ["mistake", "agreed", "foil", "adversarial"]
    assert read_features("items", built["items"].schema).arrow_schema.equals(built["items"].schema)
