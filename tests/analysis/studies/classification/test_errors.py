"""Rectified errors worked out by hand on a few rows."""

import numpy as np
import pandas as pd
import pytest

from analysis import MissingDataError
from analysis.questions import YesNo
from analysis.studies.classification.data import Classification, judged
from analysis.studies.classification.tables.errors import adversarial_errors, error_differences, errors
from analysis.studies.classification.tables.experts import expert_errors
from analysis.studies.classification.tables.positive_answers import positive_answers, rectified_curve
from tests.analysis.studies.classification import made

Y, N = True, False


def rows() -> pd.DataFrame:
    """Ten rows of two batches. `one` errs on r0 to r3 and found nothing in r9; `two` errs on r0, r1, r5."""
    labels = ["cat"] * 5 + ["fox"] * 5
    one = [["dog"], ["dog"], ["cow"], ["cow"], ["cat"], ["fox"], ["fox"], ["fox"], ["fox"], None]
    two = [["dog"], ["pig"], ["cat"], ["cat"], ["cat"], ["dog"], ["fox"], ["fox"], ["fox"], ["fox"]]
    return made.predictions(labels, [0] * 5 + [1] * 5, one=one, two=two)


def study(third: list[bool] | None = None) -> Classification:
    """People side with r0 (shared by both classifiers; 4 of 5) and r2 (6 of 7), not with r1 (3 of 5), r5 (1 of 5); of
    r3 and of r1's pig nobody was asked.
    """
    asked = [
        ("mistake", 0, "dog", 1.5),
        ("mistake", 1, "dog", 1.5),
        ("mistake", 2, "cow", 1.5),
        ("mistake", 5, "dog", 1.0),
    ]
    items = made.items(rows(), asked)
    answers = [[Y, Y, Y, Y, N], third or [Y, Y, Y, N, N], [Y, Y, Y, Y, Y, Y, N], [Y, N, N, N, N]]
    return made.study(rows(), items, made.ratings(items, answers))


def test_errors_of_classifiers_that_share_a_mistake() -> None:
    """One: 4 of 9 wrong, 3 asked, 2 accepted: 4/9 x 1/3. Two: 3 of 10, 2 asked with the weights 1.5 and 1."""
    table = errors(study()).set_index("classifier")
    assert list(table["n"]) == [9, 10]
    assert list(table["failures"]) == [1, 0]
    assert list(table["raw"]) == pytest.approx([4 / 9, 0.3])
    assert table[["mistakes", "asked", "accepted"]].to_numpy().tolist() == [[4, 3, 2], [3, 2, 1]]
    assert list(table["agreement"]) == pytest.approx([2 / 3, 1.5 / 2.5])
    assert list(table["rectified"]) == pytest.approx([4 / 9 / 3, 0.3 * 0.4])
    assert list(table["least"]) == pytest.approx([1 / 9, 1 / 10])
    assert list(table["most"]) == pytest.approx([2 / 9, 2 / 10])
    assert set(table["interval"]) == {"too few batches for an interval"}


def test_fewer_than_five_valid_answers_are_none() -> None:
    table = errors(study(third=[Y, Y, Y, Y])).set_index("classifier")
    assert (table.loc["one", "asked"], table.loc["one", "accepted"]) == (2, 2)
    assert table.loc["one", "rectified"] == 0


@pytest.mark.parametrize(
    ("yes", "of", "level"), [(4, 5, 4), (7, 9, 3), (8, 10, 4), (5, 6, 4), (4, 4, np.nan), (0, 7, 0)]
)
def test_of_more_answers_the_share_is_taken(yes: int, of: int, level: float) -> None:
    items = made.items(rows(), [("mistake", 0, "dog", 1.0)])
    answers = made.ratings(items, [[Y] * yes + [N] * (of - yes)])
    found = judged(items, answers.astype({"relevant": "boolean"}))["level"].iloc[0]
    assert found == level or (np.isnan(found) and np.isnan(level))


def test_an_answer_that_cannot_tell_is_no_valid_one() -> None:
    items = made.items(rows(), [("mistake", 0, "dog", 1.0), ("mistake", 1, "dog", 1.0)])
    answers = made.ratings(items, [["yes"] * 4 + ["cannot_tell"] + ["no"], ["no"] * 4 + ["cannot_tell"]])
    found = made.study(rows(), items, answers)
    assert found.questions == (YesNo("relevant"),)
    assert found.cannot_tell == 2
    assert list(found.judged["n_answers"]) == [5, 4]
    assert found.judged["level"].tolist()[0] == 4
    assert np.isnan(found.judged["level"].tolist()[1])


def test_experts_are_in_no_error() -> None:
    items = made.items(rows(), [("mistake", 0, "dog", 1.0)])
    people = made.ratings(items, [[Y, Y, Y, Y, N]])
    experts = people.head(3).assign(source="expert", participant_id="e", relevant=N)
    found = made.study(rows(), items, pd.concat([people, experts], ignore_index=True))
    assert len(found.experts) == 3
    assert (found.judged["n_answers"].iloc[0], found.judged["level"].iloc[0]) == (5, 4)
    assert "expert" not in found.other_sources


def test_false_positives_and_negatives_are_counted_against_experts() -> None:
    """Experts accept r0 (4 of 5 people do) and r1 (3), reject r2 (5) and r5 (1), and are split on r3, which counts
    nowhere.
    """
    asked = [("mistake", at, name, 1.0) for at, name in ((0, "dog"), (1, "dog"), (2, "cow"), (5, "dog"), (3, "cow"))]
    items = made.items(rows(), asked)
    people = made.ratings(items, [[Y] * yes + [N] * (5 - yes) for yes in (4, 3, 5, 1, 5)])
    experts = made.ratings(items, [[Y], [Y], [N], [N], [Y, N]]).assign(source="expert")
    experts = experts.assign(participant_id="expert-" + experts["participant_id"], rating_id="e" + experts["rating_id"])
    table = expert_errors(made.study(rows(), items, pd.concat([people, experts], ignore_index=True)))
    of_all = table[table["kind"] == "all"]
    assert set(of_all["n"]) == {2}
    assert of_all.groupby("error")["value"].apply(list).to_dict() == {
        "false positive": [1.0, 0.5, 0.5, 0.5, 0.5],
        "false negative": [0.0, 0.0, 0.0, 0.5, 1.0],
    }


def test_positive_answers_add_up_and_the_curve_rises() -> None:
    shares = positive_answers(study()).query("classifier == 'one'").set_index("yes")["share"]
    assert shares.to_dict() == pytest.approx({0: 0, 1: 0, 2: 0, 3: 1 / 3, 4: 2 / 3, 5: 0})
    curve = rectified_curve(study()).query("classifier == 'one'").set_index("enough")["rectified"]
    assert curve.to_dict() == pytest.approx({1: 0, 2: 0, 3: 0, 4: 4 / 27, 5: 4 / 9})


def test_rows_that_were_wrong_before_the_attack_stay_errors() -> None:
    """Two: 7 right, 4 successes of which 2 are asked and 1 accepted: (3 + 4 x 1/2) / 10."""
    table = rows()
    attacks = made.attacked(table, "two", [Y, Y, Y, Y, N, N, N], "ant", [Y, Y, Y, Y, Y, N, N])
    asked = [("adversarial", 2, "ant", 2.0), ("adversarial", 3, "ant", 2.0), ("mistake", 0, "dog", 1.0)]
    items = made.items(table, asked)
    answers = made.ratings(items, [[Y] * 5, [N] * 5, [Y] * 5])
    row = adversarial_errors(made.study(table, items, answers, attacks)).iloc[0]
    assert (row["classifier"], row["before"], row["after"], row["raw"]) == ("two", 0.7, pytest.approx(0.3), 0.7)
    assert (row["success_rate"], row["float_success_rate"]) == (4 / 7, 5 / 7)
    assert (row["asked"], row["mistakes"], row["agreement"]) == (2, 4, 0.5)
    assert row["rectified"] == pytest.approx(0.5)
    assert (row["least"], row["most"]) == pytest.approx((0.4, 0.6))


def test_without_attacks_there_is_no_table_of_them() -> None:
    with pytest.raises(MissingDataError, match="no adversarial examples"):
        adversarial_errors(study())


def test_differences_are_of_the_errors_in_the_table() -> None:
    table = error_differences(study()).set_index("error")["difference"]
    assert table["raw"] == pytest.approx(4 / 9 - 0.3)
    assert table["rectified"] == pytest.approx(4 / 27 - 0.12)


def test_without_ratings_errors_are_raw() -> None:
    items = made.items(rows(), [("mistake", 0, "dog", 1.0)])
    table = errors(made.study(rows(), items, made.ratings(items, [[Y]]).head(0).astype({"relevant": "boolean"})))
    assert list(table["raw"]) == pytest.approx([4 / 9, 0.3])
    assert table["rectified"].isna().all()
    assert set(table["reason"]) == {"no mistake has five valid answers"}
