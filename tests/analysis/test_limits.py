"""What a dataset of any kind cannot show."""

import pandas as pd
import pytest

from analysis.questions import Choice, Scale
from analysis.tables.answers import Answers
from analysis.tables.limits import unanswered


@pytest.mark.parametrize(
    ("task", "missing"),
    [
        (None, {"strength": 1, "answer": 1}),
        (["one", "two", "two"], {"strength": 1, "answer": 1}),  # both are asked in both tasks
        (["one", "three", "two"], {"strength": 1, "answer": 0}),  # nobody answers with a word in task three
    ],
)
def test_what_another_task_asks_is_not_missing(task: list[str] | None, missing: dict[str, int]) -> None:
    items = pd.DataFrame({"item_id": ["1", "2", "3"]})
    items = items if task is None else items.assign(task=task)
    ratings = pd.DataFrame(
        {
            "item_id": ["1", "1", "2", "3"],
            "participant_id": ["p", "q", "p", "q"],
            "strength": [1.5, None, 3.0, 4.0],
            "answer": ["cat", "dog", None, "cat"],
        }
    )
    answers = Answers.about(items, ratings, "item_id", (Scale("strength"), Choice("answer")))
    assert unanswered(answers.counted(), answers.questions) == missing
