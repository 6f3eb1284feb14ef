"""The questions that a verification study asks people of each pair."""

from builder.tasks import Control, FreeText, Layout, Question, Questionnaire, Scale, Task, YesNo

TABLE, KEY, ITEM = "pairs", "pair_id", "pair"

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
"""The questions, in the order of the columns of `ratings`."""

TEXTS = (
    FreeText("strategy_similarity", "How did you judge how similar two images are?", about="similarity"),
    FreeText("strategy_identity", "How did you judge whether two images show the same person?", about="identity"),
)


def questionnaire(attention_similarity: float) -> Questionnaire:
    """The study's one task, two images side by side; a genuine pair, one image twice, is the control.

    attention_similarity: the least similarity that somebody who looks gives to such a pair.
    """
    task = Task(
        "pair",
        Layout("side_by_side", pictures=("base_id", "sample_id")),
        QUESTIONS,
        controls=(
            Control("kind", "genuine", "similarity", least=attention_similarity),
            Control("kind", "genuine", "identity", answer=True),
        ),
    )
    return Questionnaire(TABLE, KEY, (task,), TEXTS)
