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
    """A question that is answered by yes or no; `yes` and `no` are other words for these, in lower case."""

    name: str
    text: str
    yes: tuple[str, ...] = ()
    no: tuple[str, ...] = ()


Question = Scale | YesNo

QUESTIONS: tuple[Question, ...] = (
    Scale("similarity", "How similar are the two images?"),
    YesNo(
        "identity",
        "Do both images show the same person?",
        yes=(
            *("same", "same person", "the same person", "same identity"),
            *("gleich", "gleiche person", "die gleiche person", "dieselbe person"),
        ),
        no=(
            *("different", "different person", "different persons", "different people", "different identity"),
            *("verschieden", "verschiedene personen", "andere person", "nicht dieselbe person"),
        ),
    ),
)
"""What a verification study asks of each pair, in the order of the columns."""

QUESTION_NAMES = tuple(question.name for question in QUESTIONS)
