"""Questions as the columns of ratings say them, and what they become in statistics."""

import numpy as np
import pandas as pd

from analysis.questions import (
    Choice,
    Scale,
    YesNo,
    aggregates,
    answers_of,
    figures_of,
    how,
    options,
    read_questions,
)

RATINGS = pd.DataFrame(
    {
        "rating_id": ["a", "b", "c", "d"],
        "item_id": ["1", "1", "2", "3"],
        "participant_id": ["p", "q", "p", "q"],
        "strength": [1.5, np.nan, 3.0, 4.0],
        "sure": pd.array([True, None, False, True], "boolean"),
        "answer": ["cat", "dog", None, "cat"],
        "nothing": [None] * 4,
        "boxes": [[1], [2], [3], [4]],
        "response_time_ms": [1.0, 2.0, 3.0, 4.0],
        "position": [0, 1, 0, 1],
        "source": "human",
        "arm": "first",
        "side": "left",
        "weight": 1.0,
    }
)


def test_every_column_that_is_not_shared_is_a_question() -> None:
    expected = (Scale("strength"), YesNo("sure"), Choice("answer"), Choice("nothing"))
    assert read_questions(RATINGS, "item_id") == expected


def test_answers_are_numbers_or_words() -> None:
    assert answers_of(Scale("strength"), RATINGS).tolist()[0::2] == [1.5, 3.0]
    sure = answers_of(YesNo("sure"), RATINGS)
    assert sure.fillna(-1).tolist() == [1, -1, 0, 1]
    assert answers_of(Choice("answer"), RATINGS).fillna("none").tolist() == ["cat", "dog", "none", "cat"]


def test_each_option_of_a_choice_is_a_figure() -> None:
    answers = pd.Series(["cat", "dog", None, "cat", "owl"]).astype("object")
    figures = figures_of(Choice("answer"), answers)
    assert list(figures) == ["answer: cat", "answer: dog", "answer: owl"]
    assert figures["answer: cat"].fillna(-1).tolist() == [1, 0, -1, 1, 0]
    assert figures["answer: dog"].fillna(-1).tolist() == [0, 1, -1, 0, 0]
    assert list(figures_of(Scale("strength"), RATINGS["strength"])) == ["strength"]


def test_of_two_options_the_first_is_enough() -> None:
    figures = figures_of(Choice("answer"), answers_of(Choice("answer"), RATINGS))
    assert list(figures) == ["answer: cat"]
    assert figures["answer: cat"].fillna(-1).tolist() == [1, 0, -1, 1]


def test_only_the_most_frequent_options_are_figures() -> None:
    words = pd.Series([word for place, word in enumerate("abcdefghijklm") for _ in range(20 - place)])
    assert options(words) == list("abcdefghij")


def test_published_means_are_named_after_the_question() -> None:
    questions = [Scale("strength"), YesNo("sure"), Choice("answer")]
    names = ["strength_mean", "strength_std", "sure_rate", "sure_std", "answer_mode", "answer_share"]
    assert aggregates(questions) == names
    assert [how(question) for question in questions] == ["a number", "yes or no", "a choice"]
