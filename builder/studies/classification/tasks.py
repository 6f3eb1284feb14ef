"""The question that a classification study asks people of each item: whether a class is relevant for an image."""

from dataclasses import replace

from builder.tasks import Choice, Control, Layout, Question, Questionnaire, Task, YesNo

TABLE, KEY, ITEM = "items", "item_id", "item"

RELEVANT = YesNo("relevant", "Is {shown_class} relevant for this image?")

QUESTIONS: tuple[Question, ...] = (RELEVANT,)

TASK = Task(
    "relevance",
    Layout("single", pictures=("image_id",), words=("shown_class",)),
    QUESTIONS,
    controls=(
        Control("kind", "agreed", "relevant", answer=True),
        Control("kind", "foil", "relevant", answer=False),
    ),
)

ASKS = Questionnaire(TABLE, KEY, (TASK,))

WHOLE, EXPLAINED = "whole", "explained"
"""The arms in which people say whether a class is relevant: images whole, or no more of them than speaks for it."""

CONDITIONS = (
    *("adversarial, prototypes and criticisms", "mmd, prototypes and criticisms"),
    *("probability, prototypes and criticisms", "adversarial, prototypes", "mmd, prototypes"),
    *("probability, prototypes", "random"),
)
"""The ways in which a class is shown by examples."""

CLASSES, PANEL = 6, 6
"""Classes of an assignment, the right one among them, and images that are shown of each."""

ASSIGNMENT_ARMS = tuple(f"assignment-{number}" for number in range(1, len(CONDITIONS) + 1))
"""The arms in which people assign images to classes: a Latin square, each image in another condition in each of them.
One person gets one of them.
"""

ASSIGNED = Choice("assigned", "Which class does the first image belong to?", column="panels")

ASSIGNMENT = Task("assignment", Layout("panels", pictures=("image_id", "panel_ids")), (ASSIGNED,))

YES, NO, CANNOT_TELL = "yes", "no", "cannot_tell"

RELEVANT_IF_TOLD = Choice(
    RELEVANT.name,
    RELEVANT.text,
    options=(YES, NO, CANNOT_TELL),
    labels=("yes", "no", "I cannot tell"),
)
"""The same question with a third answer, which is no valid one in what is made of answers."""

ASKS_IF_TOLD = Questionnaire(
    TABLE,
    KEY,
    (
        replace(
            TASK,
            questions=(RELEVANT_IF_TOLD,),
            controls=tuple(replace(each, answer=YES if each.answer else NO) for each in TASK.controls),
        ),
    ),
)
"""The questionnaire of a study with `cannot_tell`; who cannot tell what a control shows is flagged, too."""
