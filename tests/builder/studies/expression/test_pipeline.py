"""What faces count as, from FERPlus's votes; what classifiers say, from probabilities that are written out by hand."""

import numpy as np
import pytest

from builder.errors import StudyError
from builder.images import PlainSource, fer2013
from builder.studies.expression import tables
from builder.studies.expression.models import check_bounds, order
from builder.studies.expression.pipeline import Answers, Faces, Label, labeled, voted_labels
from builder.studies.expression.study import ExpressionStudy, PredictedGroup
from builder.studies.expression.tasks import EMOTIONS, VOTED

NOTHING = (np.nan, np.nan)


class Voted(PlainSource):
    """Faces with FERPlus's columns of votes."""

    classes = tuple(fer2013.VOTED.values())
    redistributable, license = False, "none"

    def __init__(self, *votes: dict[str, int]) -> None:
        self._votes = [tuple(each.get(name, 0) for name in self.classes) for each in votes]

    def rows(self):
        return len(self._votes)

    def image(self, row):
        return np.zeros((8, 8, 3), np.uint8)

    def votes(self, row):
        return self._votes[row]


VOTES = Voted(
    {"happy": 10},
    {"happy": 4, "neutral": 3, "sad": 2},
    {"sad": 5, "neutral": 5},
    {"contempt": 8, "neutral": 2},
    {"no face": 10},
    {},
)
"""All agree; nine votes; a tie; contempt; no face; nobody voted."""


def test_the_emotions_are_those_of_fer2013():
    assert EMOTIONS == fer2013.EMOTIONS


@pytest.mark.parametrize(
    ("rule", "emotions", "dropped"),
    [
        (
            "majority",
            ["happy", None, None, None, None, None],
            [None, "unclear", "unclear", "contempt", "no face", "no votes"],
        ),
        (
            "plurality",
            ["happy", "happy", None, None, None, None],
            [None, None, "unclear", "contempt", "no face", "no votes"],
        ),
        (
            "probabilistic",
            ["happy", "happy", None, "neutral", None, None],
            [None, None, None, None, "no face", "no votes"],
        ),
    ],
)
def test_votes_become_labels_by_the_rule(rule, emotions, dropped):
    labels = voted_labels(VOTES, range(6), rule)
    assert [each.emotion for each in labels] == emotions
    assert [each.dropped for each in labels] == dropped
    assert [each.agreed for each in labels] == ["happy", None, None, None, None, None]


def test_a_face_counts_by_its_votes_shares():
    shares = [each.shares for each in voted_labels(VOTES, [1, 3], "probabilistic")]
    assert shares[0] == pytest.approx([0, 0, 0, 4 / 9, 2 / 9, 0, 3 / 9])
    assert shares[1] == pytest.approx([0, 0, 0, 0, 0, 0, 0.2])


def test_one_vote_is_no_agreement():
    assert voted_labels(Voted({"happy": 1}), [0], "majority")[0].agreed is None


def test_votes_are_kept_in_the_order_of_the_column():
    mixed = Voted({"neutral": 3, "contempt": 1, "unknown": 2, "no face": 1, "angry": 2})
    assert set(VOTED) == set(fer2013.VOTED.values())
    assert voted_labels(mixed, [0], "plurality")[0].votes == [2, 0, 0, 0, 0, 0, 3, 1, 2, 1]
    assert voted_labels(VOTES, [5], "plurality")[0].votes == [0] * 10


def test_a_label_is_the_emotion_that_a_source_names():
    source = Voted({}, {}, {})
    source.classes = ("happy", "sad")
    source.label = (1, None, 0).__getitem__
    assert [each.emotion for each in labeled(source, range(3))] == ["sad", None, "happy"]
    assert labeled(source, [0])[0].shares == [0, 0, 0, 0, 1, 0, 0]


def test_faces_without_labels_are_taken_as_they_come_and_others_in_an_order_that_the_seed_draws():
    unlabeled = Voted(*[{}] * 50)
    unlabeled.classes = ()
    assert list(order(unlabeled, 0)) == list(range(50))
    drawn = [list(order(Voted(*[{}] * 50), seed)) for seed in (0, 0, 1)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert sorted(drawn[0]) == list(range(50)) != drawn[0]


def test_ages_are_put_together_to_ranges():
    ages = Answers(tuple(map(str, range(6))), np.array([[0.1, 0.2, 0.3, 0.1, 0.2, 0.1], [np.nan] * 6], np.float32))
    ranges = ages.within([2, 4, 9])
    assert ranges.classes == ("0-1", "2-3", "4-5")
    assert ranges.probabilities[0].tolist() == pytest.approx([0.3, 0.4, 0.3])
    assert ranges.group(0, 0.35) == ("2-3", pytest.approx(0.4))
    assert ranges.group(0, 0.5) == ("unsure", pytest.approx(0.4))
    assert ranges.group(1, 0.5) is None


@pytest.mark.parametrize(
    ("classes", "bounds", "said"),
    [
        (["0", "1", "80"], None, r"age are the numbers 0 to 80, each of which .* bounds = \[18, 40, 60\]"),
        (["female", "male"], [18], "age has bounds, and its classes are no numbers: female, male; take bounds out"),
        (["0", "1", "2"], [3], "bounds of age make one group of all classes, which are the numbers 0 to 2"),
    ],
)
def test_bounds_are_for_numbers(classes, bounds, said):
    group = PredictedGroup(name="age", model="age", bounds=bounds)
    with pytest.raises(StudyError, match=said):
        check_bounds(group, classes)


def test_a_group_of_ages_is_in_the_tables():
    study = ExpressionStudy(name="a", groups=[PredictedGroup(name="age", model="age", min_confidence=0.5, bounds=[1])])
    said = {"fer": Answers(("sad", "happy"), np.array([(0.25, 0.75)], np.float32))}
    said["age"] = Answers(("0", "1", "2"), np.array([(0.25, 0.375, 0.375)], np.float32))
    faces = Faces([0], ["r0"], [Label()], [{}], np.zeros((1, 2, 2, 3), np.uint8), said)
    built = tables.build(study, 0, faces)
    (row,) = built["items"].to_pylist()
    assert (row["predicted_age"], row["predicted_age_confidence"]) == ("1-2", 0.75)
    years = [each["class"] for each in built["predictions"].to_pylist() if each["classifier"] == "age"]
    assert years == ["0", "1", "2"]


def test_the_tables_say_what_is_known_of_a_face():
    study = ExpressionStudy(name="a")
    faces = Faces(
        rows=[4, 7, 9],
        ids=["r4", "r7", "r9"],
        labels=[Label("sad", [0.0] * 4 + [1.0, 0.0, 0.0], None, "sad"), Label(dropped="unclear"), Label()],
        groups=[{"usage": "Training"}, {"usage": "PublicTest"}, {"usage": "Training"}],
        pictures=np.zeros((3, 2, 2, 3), np.uint8),
        answers={
            "fer": Answers(("sad", "happy"), np.array([(0.25, 0.75), (0.5, 0.5), NOTHING], np.float32)),
            "gender": Answers(("female", "male"), np.array([(0.875, 0.125), (0.25, 0.75), NOTHING], np.float32)),
        },
    )
    built = tables.build(study, 3, faces)
    assert "votes" not in built["items"].column_names
    rows = built["items"].drop_columns(["image"]).to_pylist()
    assert rows[0] == {
        "item_id": "a-00003-face4",
        "batch": 3,
        "image_id": "a-00003-row4",
        "row": "r4",
        "kind": 1,
        "control": "sad",
        "label": "sad",
        "label_shares": [0, 0, 0, 0, 1, 0, 0],
        "dropped": None,
        "group_usage": "Training",
        "predicted_gender": "female",
        "predicted_gender_confidence": 0.875,
        "fer_class": "happy",
        "fer_confidence": 0.75,
        "fer_found": True,
    }
    assert [(row["kind"], row["dropped"], row["predicted_gender"]) for row in rows[1:]] == [
        (0, "unclear", "unsure"),
        (0, None, None),
    ]
    assert [(row["fer_class"], row["fer_confidence"], row["fer_found"]) for row in rows[1:]] == [
        ("sad", 0.5, True),
        (None, None, False),
    ]
    predictions = built["predictions"].to_pylist()
    assert len(predictions) == 8
    assert predictions[3] == {
        "image_id": "a-00003-row4",
        "batch": 3,
        "classifier": "gender",
        "class": "male",
        "probability": 0.125,
    }
