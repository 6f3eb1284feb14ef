"""The question that an explanation study asks people of each item: how alike two explanations are."""

from builder.tasks import Control, Layout, Question, Questionnaire, Scale, Task

TABLE, KEY, ITEM = "items", "item_id", "item"

CONTROL = "control"
"""The kind of items that show one map twice."""

QUESTIONS: tuple[Question, ...] = (Scale("likeness", "How alike are these explanations?"),)


def questionnaire(attention_likeness: float) -> Questionnaire:
    """The study's one task, two maps side by side; the same map twice is the control.

    attention_likeness: the least likeness that somebody who looks gives to one map twice.
    """
    task = Task(
        "likeness",
        Layout("side_by_side", pictures=("first_id", "second_id")),
        QUESTIONS,
        controls=(Control("kind", CONTROL, "likeness", least=attention_likeness),),
    )
    return Questionnaire(TABLE, KEY, (task,))
