"""What is refused of a study with options and with several tasks; every reason is written out."""

import pandas as pd

from builder.ratings.clean import Cleaned, cleaned
from builder.ratings.export import Export, participant_columns, rating_columns, refused_columns, typed
from builder.ratings.items import Design
from builder.ratings.settings import RatingsSettings
from builder.tasks import Choice, Layout, Questionnaire, Scale, Task, YesNo

EMOTION = Choice("emotion", "Which?", options=("happy", "sad"))
STRENGTH = Scale("strength", "How strong?")
BELONGS = Choice("belongs", "Where?", column="options")
RELEVANT = YesNo("relevant", "Is it?")
ASKS = Questionnaire(
    "items",
    "item_id",
    (
        Task("face", Layout("single", ("image_id",)), (EMOTION, STRENGTH)),
        Task("panel", Layout("panels", ("image_ids",)), (BELONGS, RELEVANT)),
    ),
)
ITEMS = pd.DataFrame(
    {
        "batch": [0, 0, 0],
        "task": ["face", "panel", "panel"],
        "options": [None, ["cat", "dog"], ["owl"]],
    },
    index=pd.Index(["s-00000-face", "s-00000-two", "s-00000-one"], name="item_id"),
)


def clean(*ratings: dict[str, object], asked: tuple[str, ...] | None = None) -> Cleaned:
    rows = pd.DataFrame([{"line": line, "participant": "ann", **each} for line, each in enumerate(ratings, 2)])
    nothing = pd.DataFrame()
    export = Export(
        typed(rows, rating_columns(ASKS)),
        typed(nothing, participant_columns(ASKS)),
        typed(nothing, refused_columns(ASKS)),
    )
    return cleaned([export], Design(ITEMS, ASKS, RatingsSettings()), bytes(32), asked)


def reasons(of: Cleaned) -> list[str]:
    return of.refused["reason"].tolist()


FACE = {"item_id": "s-00000-face", "emotion": "happy", "strength": 50.0}
TWO = {"item_id": "s-00000-two", "belongs": "dog", "relevant": True}


def test_answers_to_the_own_task_are_ratings():
    kept = clean(FACE, TWO)
    assert reasons(kept) == []
    assert kept.ratings["item_id"].tolist() == ["s-00000-face", "s-00000-two"]


def test_what_is_no_option_is_refused():
    assert reasons(clean(FACE | {"emotion": "angry"})) == ["emotion is no option"]
    assert reasons(clean({"item_id": "s-00000-one", "belongs": "dog", "relevant": True})) == ["belongs is no option"]


def test_an_answer_of_another_task_is_refused():
    assert reasons(clean(TWO | {"strength": 3.0})) == ["strength is not asked of this item"]
    assert reasons(clean(FACE | {"relevant": False})) == ["relevant is not asked of this item"]


def test_only_the_own_task_is_missed():
    assert reasons(clean({"item_id": "s-00000-face", "emotion": "sad"})) == ["strength missing"]
    assert reasons(clean({"item_id": "s-00000-two", "relevant": True})) == ["belongs missing"]
    assert reasons(clean({"item_id": "s-00000-face", "emotion": "sad"}, asked=("emotion", "belongs"))) == []


def test_an_item_of_no_batch_is_refused():
    assert reasons(clean(FACE | {"item_id": "s-00009-face"})) == ["unknown item"]
