"""Questions of an expression study about each face: which emotion it shows, how strong it is and, where the study asks
for it, which gender the person seems to have.
"""

from dataclasses import replace

from builder.tasks import Choice, Control, Layout, Question, Questionnaire, Scale, Task

TABLE, KEY, ITEM = "items", "item_id", "item"

EMOTIONS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
"""The emotions that labels and classifiers may name, in the order of the columns that have a number for each."""

VOTED = (*EMOTIONS, "contempt", "unknown", "no face")
"""The classes of votes, in the order of the column `votes`: FERPlus's names, as its source calls them."""

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
        shuffled=EMOTIONS,
    ),
    Scale("strength", "How strong is it?"),
)

GENDERS = ("female", "male", "unsure")
"""Genders as people see them, called as the classes of the classifier `gender`, and as a study calls what it is not
confident of."""

PERCEIVED_GENDER = Choice(
    "perceived_gender",
    "Which gender does the person seem to have?",
    options=GENDERS,
    labels=("female", "male", "I cannot tell"),
    shuffled=GENDERS[:2],
)
"""The participant's own is `gender` of the table `participants`."""

TASK = Task(
    "expression",
    Layout("single", pictures=("image_id",)),
    QUESTIONS,
    controls=tuple(Control("control", emotion, "emotion", answer=emotion) for emotion in EMOTIONS),
)

ASKS = Questionnaire(TABLE, KEY, (TASK,))

ASKS_GENDER = Questionnaire(TABLE, KEY, (replace(TASK, questions=(*QUESTIONS, PERCEIVED_GENDER)),))
"""The questionnaire of a study with `ask_gender`."""
