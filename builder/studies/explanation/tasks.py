"""The questions that an explanation study asks people: how alike two explanations are and, of manipulations, whether a
difference between two pictures is seen and which explanation is trusted.
"""

from builder.tasks import Choice, Control, Layout, Question, Questionnaire, Scale, Task, YesNo

TABLE, KEY, ITEM = "items", "item_id", "item"

CONTROL, SAME_PICTURE = "control", "same_picture"
"""The kinds of items that show one map, and one picture, twice."""

LIKENESS, DIFFERENCE, TRUST = "likeness", "difference", "trust"
"""The tasks, each with one question of the same name."""

LEFT, RIGHT = "left", "right"

QUESTIONS: tuple[Question, ...] = (
    Scale(LIKENESS, "How alike are these explanations?"),
    YesNo(DIFFERENCE, "Do you see a difference between the two images?"),
    Choice(
        TRUST, "Which explanation would you trust?", options=(LEFT, RIGHT), labels=("the left one", "the right one")
    ),
)


def questionnaire(attention_likeness: float, *, manipulated: bool) -> Questionnaire:
    """The study's tasks: two maps side by side and, where something is manipulated, two pictures, and two maps of which
    one is chosen. The same map twice and the same picture twice are the controls.

    attention_likeness: the least likeness that somebody who looks gives to one map twice.
    """
    likeness, difference, trust = ((question,) for question in QUESTIONS)
    maps = Layout("side_by_side", pictures=("first_id", "second_id"))
    alike = Task(LIKENESS, maps, likeness, (Control("kind", CONTROL, LIKENESS, least=attention_likeness),))
    if not manipulated:
        return Questionnaire(TABLE, KEY, (alike,))
    pictures = Layout("side_by_side", pictures=("image_id", "changed_id"))
    seen = Task(DIFFERENCE, pictures, difference, (Control("kind", SAME_PICTURE, DIFFERENCE, answer=False),))
    return Questionnaire(TABLE, KEY, (alike, seen, Task(TRUST, maps, trust)))
