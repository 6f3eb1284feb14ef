"""What the server takes as the answers to an item: to all that is asked of it, and to nothing else."""

import pytest

from builder.survey.items import Item
from builder.survey.server import answers_fit
from builder.tasks import Choice, Layout, Questionnaire, Scale, Task

EMOTION = Choice("emotion", "Which?", options=("happy", "sad"))
STRENGTH = Scale("strength", "How strong?")
BELONGS = Choice("belongs", "Where?", column="options")
ASKS = Questionnaire(
    "items",
    "item_id",
    (
        Task("face", Layout("single", ("image_id",)), (EMOTION, STRENGTH)),
        Task("panel", Layout("panels", ("image_ids",)), (BELONGS,)),
    ),
)
FACE = Item("i-1", "face", ("a",))
PANEL = Item("i-2", "panel", ("a", "b"), options={"belongs": ("cat", "dog")})
NOTHING = {"emotion": None, "strength": None, "belongs": None}


@pytest.mark.parametrize(
    ("item", "answers", "fits"),
    [
        (FACE, {"emotion": "sad", "strength": 0.0}, True),
        (FACE, {"emotion": "sad"}, False),
        (FACE, {"emotion": "angry", "strength": 0.0}, False),
        (FACE, {"emotion": "sad", "strength": 0.0, "belongs": "cat"}, False),
        (PANEL, {"belongs": "dog"}, True),
        (PANEL, {"belongs": "owl"}, False),
        (PANEL, {"belongs": "dog", "strength": 1.0}, False),
        (PANEL, {}, False),
    ],
)
def test_answers_fit_what_is_asked_of_the_item(item: Item, answers: dict[str, object], fits: bool):
    assert answers_fit(item, NOTHING | answers, ASKS) is fits
