"""What a brightness study asks people of its items."""

from builder.tasks import Choice, Control, Layout, Questionnaire, Scale, Task

SIDES, LABELS = ("left", "right"), ("the left one", "the right one")

TASK = Task(
    "comparison",
    Layout("side_by_side", pictures=("left_id", "right_id")),
    (Choice("brighter", "Which square is brighter?", SIDES, labels=LABELS), Scale("sureness", "How sure are you?")),
    controls=tuple(Control("control", side, "brighter", answer=side) for side in SIDES),
)

ASKS = Questionnaire("items", "item_id", (TASK,))
