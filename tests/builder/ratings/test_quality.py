import pandas as pd
import pytest

from builder.ratings.items import Design
from builder.ratings.quality import batches, flags
from builder.ratings.settings import RatingsSettings
from builder.tasks import Layout, Questionnaire, Scale, Task, YesNo
from tests.builder.ratings.conftest import design

ATTENTIVE = [
    ("s-00000-g", 98, True, 3000),
    ("s-00000-p", 70, True, 2500),
    ("s-00000-n", 5, False, 900),
    ("s-00000-o", 40, False, 2000),
]


def flagged(answers, **settings):
    rows = [("ann", *answer) for answer in answers]
    ratings = pd.DataFrame(rows, columns=["participant_id", "pair_id", "similarity", "identity", "response_time_ms"])
    ratings = ratings.astype({"response_time_ms": "Int32", "identity": "bool"})
    return flags(ratings, design(**settings), pd.Index(["ann"]))["ann"]


def changed(position, **answer):
    keys = ["pair_id", "similarity", "identity", "response_time_ms"]
    rows = [dict(zip(keys, row, strict=True)) for row in ATTENTIVE]
    rows[position] |= answer
    return [tuple(row.values()) for row in rows]


def test_an_attentive_participant_has_no_flag():
    assert flagged(ATTENTIVE) == []


@pytest.mark.parametrize(
    ("answers", "settings", "expected"),
    [
        (changed(0, similarity=49.9), {}, ["attention"]),
        (changed(0, similarity=50), {}, []),
        (changed(0, identity=False), {}, ["attention"]),
        (changed(0, similarity=60), {"attention_similarity": 60.5}, ["attention"]),
        (changed(1, similarity=0, identity=False), {}, []),
        (changed(0, response_time_ms=900), {}, []),  # median 1450
        ([(*row[:3], 999) for row in ATTENTIVE], {}, ["speed"]),
        ([(*row[:3], 1000) for row in ATTENTIVE], {}, []),
        ([(*row[:3], None) for row in ATTENTIVE], {}, []),
        ([(row[0], 60, *row[2:]) for row in ATTENTIVE], {}, ["straight-lining"]),
        (ATTENTIVE[:2], {}, []),
        (ATTENTIVE[:1], {}, ["too-few"]),  # one answer is no straight line
        (ATTENTIVE[:3], {"min_share": 0.9}, ["too-few"]),
        ([], {}, ["too-few"]),
        ([("s-00000-g", 7, False, 1)], {}, ["attention", "speed", "too-few"]),
    ],
)
def test_each_flag_at_its_bound(answers, settings, expected):
    assert flagged(answers, **settings) == expected


@pytest.mark.parametrize(("questions", "expected"), [(("same",), []), (None, ["too-few"])])
def test_items_of_which_nothing_is_asked_are_not_missed(questions, expected):
    """Of three items two are of a task with another question; one rated item of three is less than a half."""
    layout = Layout("single", pictures=("image_id",))
    tasks = (Task("a", layout, (YesNo("same", "Same?"),)), Task("b", layout, (Scale("tone", "How dark?"),)))
    items = pd.DataFrame({"batch": 0, "task": ["a", "b", "b"]}, index=pd.Index(["x", "y", "z"], name="item_id"))
    settings = RatingsSettings.model_construct(**RatingsSettings().model_dump() | {"questions": questions})
    shown = Design(items, Questionnaire("items", "item_id", tasks), settings)
    ratings = pd.DataFrame(
        {
            "participant_id": ["ann"],
            "item_id": ["x"],
            "same": [True],
            "tone": [float("nan")],
            "response_time_ms": [2000],
        }
    )
    assert flags(ratings, shown, pd.Index(["ann"]))["ann"] == expected


def test_the_batch_is_the_one_rated_most():
    rows = pd.DataFrame(
        [("ann", "s-00001-g"), ("ann", "s-00000-g"), ("ann", "s-00000-p"), ("bob", "s-00001-n")],
        columns=["participant_id", "pair_id"],
    )
    assert batches(rows, design()).to_dict() == {"ann": 0, "bob": 1}


def test_too_few_is_judged_by_the_own_batch():
    one_of_two = flags(
        pd.DataFrame(
            [("ann", "s-00001-g", 99.0, True, None)],
            columns=["participant_id", "pair_id", "similarity", "identity", "response_time_ms"],
        ).astype({"response_time_ms": "Int32"}),
        design(),
        pd.Index(["ann"]),
    )
    assert one_of_two["ann"] == []


def test_without_ratings_and_participants_there_are_no_flags():
    nobody = pd.DataFrame(
        {"participant_id": [], "pair_id": [], "similarity": [], "identity": [], "response_time_ms": []}
    ).astype({"participant_id": "str", "pair_id": "str", "identity": "bool", "response_time_ms": "Int32"})
    assert flags(nobody, design(), pd.Index([], dtype="str")).empty
