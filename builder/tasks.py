"""The questions that people are asked about an item, as plain data; a question's name is its column in `ratings`."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """A question that is answered by a number from `low` to `high`."""

    name: str
    text: str
    low: float = 0.0
    high: float = 100.0


@dataclass(frozen=True)
class YesNo:
    """A question that is answered by yes or no."""

    name: str
    text: str


Question = Scale | YesNo

QUESTIONS: tuple[Question, ...] = (
    Scale("similarity", "How similar are the two people?"),
    YesNo("identity", "Do both images show the same person?"),
)
"""What a verification study asks of each pair, in the order of the columns."""

QUESTION_NAMES = tuple(question.name for question in QUESTIONS)
