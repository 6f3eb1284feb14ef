"""From ratings to the paper's Tables 1 and 2: studies made to have the printed figures give them back to the digit."""

import json
from typing import Any

import numpy as np
import pytest

from analysis import AnalysisError
from analysis.studies.classification.data import Classification
from analysis.studies.classification.tables.errors import adversarial_errors, errors
from analysis.studies.classification.tables.explained import arm_difference, explained_pairs
from analysis.studies.classification.tables.layout import table_1, table_2
from analysis.studies.classification.tables.paper import compared_errors, printed_figures
from analysis.studies.classification.tables.positive_answers import rectified_curve
from analysis.studies.classification.verdicts import TOP1, TOP5_OF_TOP1, TOP5_OF_TOP5
from tests.analysis.studies.classification import made
from tests.conftest import SHARED

REFERENCE = SHARED / "reference" / "imagenet_beyond_accuracy.json"

YES = {5: [True] * 5, 4: [True] * 4 + [False], 3: [True] * 3 + [False] * 2, 0: [False] * 5}

PRINTED = printed_figures("paper")
BATCHES = 10


def top1_study() -> Classification:
    """10,000 rows. Each classifier errs on the first ones, with a class of its own; four of five say yes to some of
    its mistakes, three to the others.
    """
    n = 10_000
    said, asked, answers = {}, [], []
    for name, of in PRINTED["top1"].items():
        wrong, left = (round(n * of[error] / 100) for error in ("raw", "rectified"))
        column = name.replace("-", "")
        said[column] = [[column]] * wrong + [["label"]] * (n - wrong)
        asked += [("mistake", at, column, 1.0) for at in range(wrong)]
        answers += [YES[4]] * (wrong - left) + [YES[3]] * left
    rows = made.predictions(["label"] * n, np.arange(n) % BATCHES, **said)
    items = made.items(rows, asked)
    return made.study(rows, items, made.ratings(items, answers))


def top5_study() -> Classification:
    """10,000 rows; a mistake's five classes end with the label but for the first 644. People accept the third class of
    all but the first 137 of these, and of all but 57 of the others.
    """
    n, wrong, out = 10_000, 2269, 644
    others = [f"c{number}" for number in range(12)]
    said = [others[:5]] * out + [[*others[5:9], "label"]] * (wrong - out) + [["label", *others[8:]]] * (n - wrong)
    rows = made.predictions(["label"] * n, np.arange(n) % BATCHES, net=said)
    asked, answers = [], []
    for at, five in enumerate(said[:wrong]):
        accepted = 137 <= at < out or at >= out + 57
        for place, name in enumerate(five):
            asked.append(("mistake" if place == 0 else "mistake_top5", at, name, 1.0))
            answers.append(YES[4] if place == 2 and accepted else YES[3])
    items = made.items(rows, asked).assign(top5_weight=1.0)
    return made.study(rows, items, made.ratings(items, answers))


def attack_study(asked: int, accepted: int) -> Classification:
    """10,000 rows, 7,731 right before the attack, 796 after it; people are asked of some of the successful attacks."""
    n, before, after = 10_000, 7731, 796
    rows = made.predictions(["label"] * n, np.arange(n) % BATCHES, net=[["label"]] * before + [["x"]] * (n - before))
    success = np.arange(before) >= after
    attacks = made.attacked(rows, "net", success, "y", success | (np.arange(before) < 96))
    drawn = [("adversarial", after + at, "y", (before - after) / asked) for at in range(asked)]
    items = made.items(rows, drawn)
    return made.study(
        rows, items, made.ratings(items, [YES[5 if at < accepted else 0] for at in range(asked)]), attacks
    )


def arms_study() -> Classification:
    """The same, with 5,652 attacks asked whole and explained: people side with 1,244 of the former, 1,741 of the
    latter, of which 1,100 are among the former.
    """
    whole = attack_study(5652, 1244)
    items = made.with_explained(whole.items)
    accepted = [at < 1244 for at in range(5652)] + [at < 1100 or 1244 <= at < 1885 for at in range(5652)]
    answers = made.ratings(items, [YES[5 if yes else 0] for yes in accepted])
    shown = made.explanations(items, "net", [0.1, 0.5])
    return made.study(whole.predictions, items, answers, whole.attacks, explained=shown)


def test_table_1_gives_the_printed_top1_errors() -> None:
    table = table_1(errors(top1_study())).set_index("classifier")
    for name, of in PRINTED["top1"].items():
        row = table.loc[name.replace("-", "")]
        assert (row["raw_%"], row["rectified_%"]) == (f"{of['raw']}", f"{of['rectified']}")
    assert "bounds_%" not in table  # every mistake was asked


@pytest.mark.parametrize(("classifier", "agreed"), [("ResNet-101", 1988), ("ResNet-18", 1357)])
def test_the_curve_ends_with_the_printed_share_of_all_five(classifier: str, agreed: int) -> None:
    n = 5000
    rows = made.predictions(["label"] * n, np.arange(n) % BATCHES, net=[["x"]] * n)
    items = made.items(rows, [("mistake", at, "x", 1.0) for at in range(n)])
    answers = made.ratings(items, [YES[5]] * agreed + [YES[4]] * (n - agreed))
    share = rectified_curve(made.study(rows, items, answers)).query("enough == 5")["agreement"].iloc[0]
    assert f"{100 * share:.2f}" == f"{PRINTED['all_agree'][classifier]}"


def test_table_1_gives_both_printed_top5_errors() -> None:
    table = table_1(errors(top5_study())).set_index("error")
    assert list(table.index) == [TOP1, TOP5_OF_TOP1, TOP5_OF_TOP5]
    assert list(table["raw_%"]) == ["22.69", "6.44", "6.44"]
    assert list(table["rectified_%"])[1:] == ["1.94", "1.37"]


@pytest.mark.parametrize(
    ("asked", "accepted", "agreement", "rectified"), [(1413, 311, "22.01", "76.78"), (1000, 308, "30.80", "70.68")]
)
def test_table_2_gives_the_printed_errors_after_the_attack(
    asked: int, accepted: int, agreement: str, rectified: str
) -> None:
    table = adversarial_errors(attack_study(asked, accepted))
    row = table_2(table).iloc[0]
    assert (row["right_before_%"], row["right_after_%"], row["raw_%"]) == ("77.31", "7.96", "92.04")
    assert (row["people_side_with_%"], row["rectified_%"]) == (agreement, rectified)
    assert (row["success_%"], row["float_success_%"]) == ("89.70", "90.95")
    least, most = (92.04 - (6935 - left) / 100 for left in (asked - accepted, 6935 - accepted))
    assert row["bounds_%"] == f"{least:.2f} to {most:.2f}"


def test_table_2_gives_both_printed_rows() -> None:
    study = arms_study()
    table = adversarial_errors(study)
    laid_out = table_2(table)
    assert list(laid_out["shown"]) == ["whole", "explained"]
    assert list(laid_out["people_side_with_%"]) == ["22.01", "30.80"]
    assert list(laid_out["rectified_%"]) == ["76.78", "70.68"]
    pairs = explained_pairs(study)
    row = arm_difference(study, pairs).iloc[0]
    assert (row["pairs"], row["to_yes"], row["to_no"]) == (5652, 641, 144)
    assert row["difference"] == pytest.approx((1741 - 1244) / 5652)
    curve = rectified_curve(study)
    below = compared_errors(errors(study), curve, table, PRINTED, "paper")
    explained = below[below["measure"] == "explained after the attack"]
    assert list(explained["rectified"].round(2)) == [70.68, 70.68]


def test_the_difference_of_arms_is_paired_by_image() -> None:
    """People side with all images of half of the batches and with none of the others, in both arms alike: whatever
    images there are, nothing differs, though each share by itself has a wide interval.
    """
    batch = np.arange(60) % BATCHES
    labels = [f"c{each}" for each in batch]
    rows = made.predictions(labels, batch, net=[[label] for label in labels])
    attacks = made.attacked(rows, "net", [True] * 60, "y", [True] * 60)
    items = made.with_explained(made.items(rows, [("adversarial", at, "y", 1.0) for at in range(60)]))
    answers = made.ratings(items, [YES[5 if at % BATCHES < 5 else 0] for at in range(120)])
    study = made.study(rows, items, answers, attacks)
    shares = adversarial_errors(study)
    assert (shares["agreement_high"] - shares["agreement_low"]).min() > 0.1
    row = arm_difference(study, explained_pairs(study)).iloc[0]
    assert (row["whole"], row["difference"], row["low"], row["high"]) == (0.5, 0.0, 0.0, 0.0)


def test_printed_figures_are_those_of_the_reference() -> None:
    if not REFERENCE.is_file():
        pytest.skip("the reference is not here")
    reference = json.loads(REFERENCE.read_text())
    assert reference["table_1_top1_error_percent"] == PRINTED["top1"]
    five = reference["top5_error_percent_resnet101"]
    assert list(PRINTED["top5"]["ResNet-101"].values()) == list(five.values())
    assert reference["all_five_agree_with_a_mistake_percent"] == PRINTED["all_agree"]
    attacked, ifgsm = PRINTED["adversarial"]["ResNet-101"], reference["ifgsm"]
    assert (attacked["before"], attacked["after"]) == (ifgsm["accuracy_percent_before"], ifgsm["after"])
    whole = reference["table_2_adversarial_top1_error_percent"]["whole"]
    assert {name: attacked[name] for name in whole} == whole
    assert attacked["agreement"] == reference["people_agree_with_adversarial_class_percent"]["whole"]
    explained = reference["table_2_adversarial_top1_error_percent"]["explained"]
    assert {name: PRINTED["explained"]["ResNet-101"][name] for name in explained} == explained


def test_the_printed_errors_stand_below_ours() -> None:
    study = attack_study(1000, 220)
    curve = rectified_curve(study)
    table = compared_errors(errors(study), curve, adversarial_errors(study), PRINTED, "paper")
    of_top1: Any = table[table["measure"] == TOP1]
    assert list(of_top1["study"]) == ["this study", *["paper"] * 4]
    assert list(of_top1["raw"].round(2)) == [22.69, 31.39, 22.69, 25.53, 22.85]
    attacked = table[table["measure"] == "after the attack"]
    assert list(attacked["rectified"].round(2)) == [76.78, 76.78]
    assert len(table) == 5 + 1 + 1 + 2 + 1


def test_another_printed_study_is_none() -> None:
    with pytest.raises(AnalysisError, match="there are those of: paper"):
        printed_figures("poster")
