import pandas as pd

from builder.ratings.export import rating_columns, typed
from builder.ratings.formats.answers import joined
from builder.studies.expression.tasks import ASKS_GENDER

QUESTIONS = ["emotion", "strength", "perceived_gender"]


def ratings(*answers):
    rows = pd.DataFrame(answers, columns=QUESTIONS)
    rows = rows.assign(participant="ann", item_id="face-1", line=range(2, len(rows) + 2), response_time_ms=100)
    return typed(rows, rating_columns(ASKS_GENDER))


def answers(rows):
    return rows[QUESTIONS].astype(object).where(rows[QUESTIONS].notna(), None).to_numpy().tolist()


def test_rows_that_answer_some_of_three_questions_are_joined():
    whole = joined(ratings(("happy", 30, None), (None, None, "female")), ASKS_GENDER)
    assert answers(whole) == [["happy", 30, "female"]]
    assert whole["response_time_ms"].tolist() == [200]


def test_a_second_answer_to_one_of_three_questions_stays():
    rows = joined(ratings(("happy", 30, None), (None, 50, None), (None, None, "female")), ASKS_GENDER)
    assert sorted(row[1] for row in answers(rows) if row[1] is not None) == [30, 50]
    rows = joined(ratings(("happy", None, None), ("sad", 30, None), (None, 40, None)), ASKS_GENDER)
    assert sorted(row[1] for row in answers(rows) if row[1] is not None) == [30, 40]
    rows = joined(ratings((None, 30, None), (None, 40, None), ("sad", 50, None), ("happy", None, None)), ASKS_GENDER)
    assert sorted(row[1] for row in answers(rows) if row[1] is not None) == [30, 40, 50]
    assert sorted(row[0] for row in answers(rows) if row[0] is not None) == ["happy", "sad"]
