"""Tables by hand: imbalance, small cells, calibration, the error of predicted groups, what differs, what is needed."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.makers import answers_of
from analysis.studies.expression import ANALYSIS
from analysis.studies.expression.tables.calibration import calibration_by_group
from analysis.studies.expression.tables.cells import needed, too_few
from analysis.studies.expression.tables.counts import acquisition
from analysis.studies.expression.tables.differences import differences
from analysis.studies.expression.tables.disagreement import disagreement
from analysis.studies.expression.tables.group_error import corrected_rates, group_error
from analysis.studies.expression.tables.limits import limits
from analysis.studies.expression.tables.measured import measured
from analysis.studies.expression.tables.needed import faces_needed
from tests.analysis.studies.expression.faces import answers, drawn, faces, simulated


def repeated(rows):
    """Columns of rows (.., n), each n times."""
    return [list(column) for column in zip(*(row[:-1] for row in rows for _ in range(row[-1])), strict=True)]


def test_a_gap_by_imbalance_alone_is_gone_at_equal_shares():
    # of neutral faces a tenth is called happy, of sad ones four tenths, in both groups; women are neutral more often
    labels, said, gender = repeated(
        [
            ("neutral", "happy", "female", 30),
            ("neutral", "neutral", "female", 270),
            ("sad", "happy", "female", 40),
            ("sad", "sad", "female", 60),
            ("neutral", "happy", "male", 10),
            ("neutral", "neutral", "male", 90),
            ("sad", "happy", "male", 120),
            ("sad", "sad", "male", 180),
        ]
    )
    of = faces(labels, {"fer": said}, group_gender=gender)
    row = differences(of, measured(of, needed(of))).query("emotion == 'happy' and rate == 'FPR'").iloc[0]
    assert row["difference"] == pytest.approx(70 / 400 - 130 / 400)
    assert row["at_equal_shares"] == pytest.approx(0)
    assert row["by_imbalance"] == pytest.approx(row["difference"])
    assert row["equal_low"] < 0 < row["equal_high"]


def test_a_cell_below_thirty_faces_is_in_no_difference():
    labels, said, gender = repeated(
        [
            ("happy", "happy", "female", 29),
            ("sad", "sad", "female", 40),
            ("happy", "happy", "male", 50),
            ("sad", "happy", "male", 31),
        ]
    )
    of = faces(labels, {"fer": said}, group_gender=gender)
    made = list(measured(of, needed(of)))
    small = {(each.group, each.emotion): each.small for each in made if each.rate == "TPR"}
    assert small["female", "happy"] == "fewer than 30 faces"
    assert small["female", "sad"] == ""
    table = differences(of, made)
    assert not ((table["emotion"] == "happy") & (table["rate"] == "TPR")).any()
    assert ((table["emotion"] == "sad") & (table["rate"] == "TPR")).any()


def test_a_cell_needs_k_people_where_they_are_right():
    of = faces([None] * 40, {"fer": ["sad"] * 40}, ratings=answers([["sad"] * 4] * 40))
    assert too_few(of, needed(of).weight) == "fewer than 5 participants"
    more = faces([None] * 40, {"fer": ["sad"] * 40}, ratings=answers([["sad"] * 5] * 40))
    assert too_few(more, needed(more).weight) == ""


def test_faces_not_found_are_counted_by_group_and_in_no_rate():
    of = faces(["sad"] * 4, {"fer": ["sad", None, None, "happy"]}, group_gender=["female", "female", "male", None])
    table = acquisition(of).set_index("group")
    assert table["failures"].to_dict() == {"all": 2, "female": 1, "male": 1, "not known": 0}
    tpr = [each for each in measured(of, needed(of)) if each.rate == "TPR" and each.emotion == "sad"]
    assert {each.group: each.n for each in tpr} == {"all": 2, "female": 1, "male": 0}


def test_confidence_against_how_often_it_is_right():
    labels, said = repeated([("sad", "sad", 60), ("sad", "happy", 60)])
    bins, whole = calibration_by_group(faces(labels, {"fer": said}))
    assert whole.loc[0, "confidence"] == pytest.approx(0.7)
    assert whole.loc[0, "overconfidence"] == pytest.approx(0.2)
    assert whole.loc[0, "calibration_error"] == pytest.approx(0.2)
    assert bins["n"].sum() == 120


def perceived(of_face):
    ratings = answers([["happy"] * 5] * len(of_face), per_batch=50)
    ratings["perceived_gender"] = [each for each in of_face for _ in range(5)]
    return ratings


def test_the_error_of_predicted_groups_is_taken_out():
    # of women's faces 80 % are called happy, of men's 40 %, whatever is predicted; a fifth of the predictions is wrong
    said, predicted, seen = repeated(
        [
            ("happy", "female", "female", 320),
            ("sad", "female", "female", 80),
            ("happy", "male", "female", 80),
            ("sad", "male", "female", 20),
            ("happy", "male", "male", 160),
            ("sad", "male", "male", 240),
            ("happy", "female", "male", 40),
            ("sad", "female", "male", 60),
        ]
    )
    order = np.random.default_rng(0).permutation(len(said))
    said, predicted, seen = (np.array(each)[order].tolist() for each in (said, predicted, seen))
    of = faces(
        [None] * len(said),
        {"fer": said},
        ratings=perceived(seen),
        per_batch=50,
        predicted_gender=predicted,
        predicted_gender_confidence=0.9,
    )
    error = group_error(of).set_index(["predicted", "perceived"])["share"]
    assert error["female", "female"] == pytest.approx(0.8)
    assert error["male", "female"] == pytest.approx(0.2)
    table = corrected_rates(of).query("emotion == 'happy' and rate == 'TPR'").set_index("gender")
    assert table["by_prediction"].to_dict() == pytest.approx({"female": 0.72, "male": 0.48})
    assert table["corrected"].to_dict() == pytest.approx({"female": 0.8, "male": 0.4})
    assert table["by_people"].to_dict() == pytest.approx({"female": 0.8, "male": 0.4})
    assert (table["low"] < table["corrected"]).all()
    counts = ["labels", "predictions", "people_labels", "people_predictions"]
    assert table[counts].to_numpy().tolist() == [[500, 360, 500, 400], [500, 240, 500, 200]]
    all_faces = corrected_rates(of).query("emotion == 'all'").set_index("gender")
    assert all_faces[counts].to_numpy().tolist() == [[500, 500, 500, 500]] * 2


def test_predictions_that_say_nothing_correct_nothing():
    seen = ["female", "male"] * 50
    predicted = ["female", "female", "male", "male"] * 25
    of = faces(
        [None] * 100,
        {"fer": ["happy"] * 100},
        ratings=perceived(seen),
        per_batch=50,
        predicted_gender=predicted,
        predicted_gender_confidence=0.9,
    )
    table = corrected_rates(of).query("emotion == 'happy' and rate == 'TPR'")
    assert table["corrected"].isna().all()
    assert table["reason"].str.contains("next to nothing").all()


def test_faces_on_which_model_and_people_differ_come_first():
    said = ["happy", "sad", "happy"]
    of = faces(
        [None] * 3,
        {"fer": said},
        ratings=answers([["happy"] * 4, ["happy"] * 4, ["happy", "happy", "sad", "sad"]]),
        probabilities=True,
    )
    table = disagreement(of)
    surer = table[table["sort"] == "surer than people"]
    assert surer["item_id"].tolist() == ["face1", "face2"]
    assert surer["difference"].tolist() == pytest.approx([0.7, 0.2])
    less = table[table["sort"] == "less sure than people"]
    assert less["item_id"].tolist() == ["face1", "face0"]
    assert less["difference"].tolist() == pytest.approx([0.95, 0.3])


def test_half_the_width_needs_four_times_the_faces():
    of = drawn(1000)
    table = faces_needed(measured(of, needed(of), crossed=False))
    row = table.query("classifier == 'fer' and group == 'all' and emotion == 'happy' and rate == 'TPR'").iloc[0]
    assert [row["labels"], row["predictions"]] == [
        (of.items["label"] == "happy").sum(),
        (of.items["fer_class"] == "happy").sum(),
    ]
    assert row["faces_for_0.1"] == np.ceil(row["n"] * (row["width"] / 0.1) ** 2)
    assert row["faces_for_0.05"] == pytest.approx(4 * row["faces_for_0.1"], abs=4)
    nothing = faces_needed(measured(faces(["sad"], {"fer": ["sad"]}), needed(faces(["sad"], {"fer": ["sad"]}))))
    assert nothing.query("emotion == 'happy' and rate == 'TPR'").iloc[0]["faces_for_0.1"] == 385  # 1.96^2 / 0.1^2


def test_limits_say_what_the_groups_are():
    words = " ".join(limits(simulated(3, per_batch=20), _answers(simulated(3, per_batch=20)))["statement"])
    assert "a model's word for how a face looks" in words
    assert "people did not rate gender" in words
    stated = replace(simulated(3, per_batch=20), confidences={"gender (predicted)": 0.8})
    words = " ".join(limits(stated, _answers(stated))["statement"])
    assert "below a probability of 0.8 a face is in the group unsure" in words
    alone = faces([None], {"fer": ["sad"]})
    assert "nobody labeled the faces and nobody was asked" in " ".join(limits(alone, _answers(alone))["statement"])


def _answers(of):
    return answers_of(of, ANALYSIS)
