"""What a classification study asks people of each item: whether a class is relevant for an image."""

from builder.tasks import Control, Layout, Question, Questionnaire, Task, YesNo

TABLE, KEY, ITEM = "items", "item_id", "item"

QUESTIONS: tuple[Question, ...] = (YesNo("relevant", "Is {shown_class} relevant for this image?"),)

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
