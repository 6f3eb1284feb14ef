"""What an expression study asks people of each face: which emotion it shows, and how strong it is."""

from builder.tasks import Choice, Control, Layout, Question, Questionnaire, Scale, Task

TABLE, KEY, ITEM = "items", "item_id", "item"

EMOTIONS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
"""The emotions that labels and classifiers may name, in the order of the columns that have a number for each."""

ANOTHER, NO_FACE = "another", "no_face"

OPTIONS = (*EMOTIONS, ANOTHER, NO_FACE)

QUESTIONS: tuple[Question, ...] = (
    Choice(
        "emotion",
        "Which emotion does the face show?",
        options=OPTIONS,
        labels=(
            *("angry", "disgusted", "afraid", "happy", "sad", "surprised", "neutral"),
            *("another emotion", "there is no face"),
        ),
    ),
    Scale("strength", "How strong is it?"),
)

TASK = Task(
    "expression",
    Layout("single", pictures=("image_id",)),
    QUESTIONS,
    controls=tuple(Control("control", emotion, "emotion", answer=emotion) for emotion in EMOTIONS),
)

ASKS = Questionnaire(TABLE, KEY, (TASK,))
