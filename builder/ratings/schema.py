"""The columns of `ratings` and `participants` in a study that asks something."""

from typing import assert_never

from datasets import Features

from builder.tasks import Choice, Question, Questionnaire, Scale, YesNo
from loading_script import tables


def rating_features(asks: Questionnaire) -> Features:
    """The columns of `ratings`."""
    answers = {question.name: _stored_type(question) for question in asks.questions}
    return tables.ratings(asks.key, answers, side=asks.counterbalance)


def participant_features(asks: Questionnaire) -> Features:
    """The columns of `participants`."""
    return tables.participants(list(asks.text_names))


def _stored_type(question: Question) -> str:
    """The type of the column of a question."""
    match question:
        case Scale():
            return "float64"
        case YesNo():
            return "bool"
        case Choice():
            return "string"
        case _:
            assert_never(question)
