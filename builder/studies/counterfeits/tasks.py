"""The questions of a counterfeits study: which of the classes an image shows, if any, and how sure people are."""

from collections.abc import Sequence

from builder.tasks import Choice, Control, Layout, Question, Questionnaire, Scale, Task

TABLE, KEY, ITEM = "items", "item_id", "item"

NOTHING = "nothing"
"""The option of who sees none of the classes, and the class that a classifier rejects images with."""

CHOICE, CERTAINTY = "choice", "certainty"


def questions(classes: Sequence[str]) -> tuple[Question, ...]:
    """The questions, with the classes of a study as options."""
    return (
        Choice(CHOICE, "What does the image show?", options=(*classes, NOTHING)),
        Scale(CERTAINTY, "How sure are you?"),
    )


def questionnaire(classes: Sequence[str]) -> Questionnaire:
    """All that is asked about these classes; a control is an image of the world, whose label is the right answer."""
    controls = tuple(Control("control", name, CHOICE, answer=name) for name in classes)
    task = Task("counterfeits", Layout("single", pictures=("image_id",)), questions(classes), controls=controls)
    return Questionnaire(TABLE, KEY, (task,))
