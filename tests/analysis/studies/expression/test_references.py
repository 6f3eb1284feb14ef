"""What counts as right of a face: labels, votes under every rule, people's answers; counts by hand."""

import numpy as np
import pytest

from analysis.studies.expression import references
from analysis.studies.expression.references import EMOTIONS, VOTED
from analysis.studies.expression.tables.cells import needed
from analysis.studies.expression.tables.counts import dropped
from analysis.studies.expression.tables.measured import measured
from analysis.studies.expression.tables.rates import label_rules, rates
from builder.studies.expression import tasks
from tests.analysis.studies.expression.faces import answers, faces

# angry, disgust, fear, happy, sad, surprise, neutral, contempt, unknown, no face
VOTES = [
    [0, 0, 0, 6, 0, 0, 4, 0, 0, 0],
    [0, 0, 0, 5, 0, 0, 5, 0, 0, 0],
    [0, 0, 0, 4, 3, 1, 1, 0, 1, 0],
    [0, 0, 0, 3, 0, 0, 0, 7, 0, 0],
]
"""happy; a tie; happy by plurality alone; contempt."""
SAID = ["happy", "happy", "happy", "happy"]


@pytest.fixture(scope="module")
def voted():
    of = faces([None] * 4, {"fer": SAID}, votes=VOTES, group_gender=["female", "female", "male", "male"])
    of.items["label_shares"] = [[0.0] * 7] * 4  # that there are labels
    return of


def test_emotions_and_votes_are_those_of_the_builder():
    assert (EMOTIONS, VOTED) == (tasks.EMOTIONS, tasks.VOTED)
    assert set(references.ANSWERED) == set(tasks.OPTIONS)


def test_labels_come_of_votes_by_every_rule(voted):
    happy = EMOTIONS.index("happy")
    shares = {rule: voted.under(rule).shares[:, happy].tolist() for rule in references.RULES}
    assert shares["majority"] == [1, 0, 0, 0]
    assert shares["plurality"] == [1, 0, 1, 0]
    assert shares["probabilistic"] == [0.6, 0.5, 0.4, 0.3]
    assert shares["ferplus"] == pytest.approx([0.6, 0.5, 4 / 7, 0.3])


def test_rates_under_every_rule_by_hand(voted):
    table = label_rules(voted).query("emotion == 'happy' and rate == 'TPR'").set_index(["group", "rule"])["n"]
    assert table["all", "majority"] == 1
    assert table["all", "probabilistic"] == pytest.approx(1.8)
    of_women = label_rules(voted).query("group == 'female' and emotion == 'happy' and rate == 'FPR'").set_index("rule")
    assert of_women.loc["majority", ["labels", "predictions"]].tolist() == [1, 1]  # the tie counts as nothing
    assert of_women.loc["probabilistic", ["labels", "predictions"]].tolist() == pytest.approx([1.1, 2])
    accuracy = label_rules(voted).query("rate == 'accuracy' and group == 'all'").set_index("rule")["value"]
    assert accuracy["majority"] == 1  # happy alone counts
    assert accuracy["probabilistic"] == pytest.approx(1.8 / (1 + 1 + 0.9 + 0.3))


def test_what_is_dropped_is_counted_by_group(voted):
    table = dropped(voted).set_index(["rule", "group", "reason"])
    assert table.loc[("majority", "female", "unclear"), ["n", "of"]].tolist() == [1, 2]
    assert table.loc[("majority", "male", "contempt"), "n"] == 1
    assert table.loc[("probabilistic", "male", "contempt"), "n"] == pytest.approx(0.7)
    assert table.loc[("probabilistic", "male", "unknown"), "n"] == pytest.approx(0.1)


def test_what_is_dropped_is_counted_where_no_group_is_known_too():
    of = faces([None] * 4, {"fer": SAID}, votes=VOTES, group_gender=["female", None, "male", None])
    of.items["label_shares"] = [[0.0] * 7] * 4
    table = dropped(of).query("rule == 'majority'").pivot(index="reason", columns="group", values="n")
    assert table.loc["unclear"].to_dict() == {"all": 2, "female": 0, "male": 1, "not known": 1}
    assert table.loc["contempt"].to_dict() == {"all": 1, "female": 0, "male": 0, "not known": 1}


def test_a_face_counts_by_its_shares():
    of = faces([None] * 4, {"fer": ["happy", "neutral", "sad", "fear"]}, votes=VOTES, rule="probabilistic")
    of.items["label_shares"] = [[0.0] * 7] * 4
    table = rates(of, measured(of, needed(of))).query("grouping == 'all'").set_index(["emotion", "rate"])
    assert table.loc[("happy", "TPR"), "value"] == pytest.approx(0.6 / 1.8)
    assert table.loc[("neutral", "FPR"), "value"] == pytest.approx(0.5 / (0.6 + 0.5 + 0.8 + 0.3))


def test_most_people_are_right_where_nobody_labeled():
    of = faces(
        [None] * 4,
        {"fer": SAID},
        ratings=answers(
            [
                ["happy", "happy", "sad"],
                ["happy", "sad", "another"],
                ["another", "another", "happy"],
                ["no_face", "no_face", "no_face"],
            ]
        ),
    )
    reference = needed(of)
    assert reference.of == "people"
    assert reference.shares[:, EMOTIONS.index("happy")].tolist() == [1, 0, 0, 0]
    lost = {reason: values.tolist() for reason, values in reference.dropped.items()}
    assert lost["unclear"] == [0, 1, 0, 0]
    assert lost["another emotion"] == [0, 0, 1, 0]
    assert lost["no face"] == [0, 0, 0, 1]
    assert of.unit == "batches"


def test_labels_are_the_reference_where_there_are_any():
    of = faces(["sad", None], {"fer": ["sad", "sad"]}, ratings=answers([["happy"], ["happy"]]))
    assert needed(of).of == "labels"
    assert needed(of).has_label.tolist() == [True, False]
    assert needed(of).dropped["no label"].tolist() == [0, 1]
    assert of.unit == "faces"
    assert of.rules == ()


def test_without_labels_and_answers_nothing_is_right():
    assert faces([None], {"fer": ["sad"]}).reference is None


def test_faces_of_one_person_are_one_unit():
    of = faces(["sad"] * 4, {"fer": ["sad"] * 4}, group_person=["a", "b", "a", None])
    assert of.unit == "persons"
    assert len(np.unique(of.units)) == 3
    assert of.units[0] == of.units[2]
    assert list(of.groupings) == []
