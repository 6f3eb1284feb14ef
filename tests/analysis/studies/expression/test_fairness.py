"""Rates and differences against fairlearn and scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, cohen_kappa_score
from statsmodels.stats.multitest import multipletests

from analysis.makers import answers_of
from analysis.studies.expression import ANALYSIS
from analysis.studies.expression.references import EMOTIONS
from analysis.studies.expression.tables.cells import needed
from analysis.studies.expression.tables.differences import differences, equalized_odds
from analysis.studies.expression.tables.measured import measured
from analysis.studies.expression.tables.models import consistency, model_agreement
from analysis.studies.expression.tables.rates import accuracy, rates
from tests.analysis.studies.expression.faces import drawn

fairness = pytest.importorskip("fairlearn.metrics")

RATES = {
    "TPR": fairness.true_positive_rate,
    "FPR": fairness.false_positive_rate,
    "TNR": fairness.true_negative_rate,
    "FNR": fairness.false_negative_rate,
}


@pytest.fixture(scope="module")
def study():
    return drawn(3000)


@pytest.fixture(scope="module")
def made(study):
    return list(measured(study, needed(study)))


def binary(study, emotion):
    items = study.items
    return items["label"] == emotion, items["fer_class"] == emotion, items[["group_gender", "group_race"]]


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_rates_of_every_group_as_in_fairlearn(study, made, emotion):
    table = (
        rates(study, made).query("classifier == 'fer' and emotion == @emotion").set_index(["group", "rate"])["value"]
    )
    right, said, groups = binary(study, emotion)
    for columns in (["group_gender"], ["group_race"], ["group_gender", "group_race"]):
        frame = fairness.MetricFrame(metrics=RATES, y_true=right, y_pred=said, sensitive_features=groups[columns])
        for group, row in frame.by_group.iterrows():
            name = group if isinstance(group, str) else ", ".join(group)
            assert [table[name, rate] for rate in RATES] == pytest.approx([row[rate] for rate in RATES])


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_equalized_odds_as_in_fairlearn(study, made, emotion):
    table = equalized_odds(study, made).query("classifier == 'fer' and emotion == @emotion").set_index("grouping")
    right, said, groups = binary(study, emotion)
    for name in ("gender", "race"):
        theirs = fairness.equalized_odds_difference(right, said, sensitive_features=groups[f"group_{name}"])
        ratio = fairness.equalized_odds_ratio(right, said, sensitive_features=groups[f"group_{name}"])
        row = table.loc[name]
        assert row["equalized_odds"] == pytest.approx(theirs)
        assert min(row["tpr_ratio"], row["fpr_ratio"]) == pytest.approx(ratio)
        assert row["low"] <= row["equalized_odds"] <= row["high"]


def test_differences_and_ratios_of_two_groups(study, made):
    table = differences(study, made).query("classifier == 'fer' and grouping == 'gender' and rate == 'TPR'")
    right, said, groups = binary(study, "happy")
    frame = fairness.MetricFrame(
        metrics=fairness.true_positive_rate, y_true=right, y_pred=said, sensitive_features=groups["group_gender"]
    )
    row = table.set_index("emotion").loc["happy"]
    assert abs(row["difference"]) == pytest.approx(frame.difference())
    assert row["ratio"] == pytest.approx(frame.by_group["female"] / frame.by_group["male"])
    missed = fairness.MetricFrame(
        metrics=fairness.false_negative_rate, y_true=right, y_pred=said, sensitive_features=groups["group_gender"]
    ).by_group
    assert row["rest_ratio"] == pytest.approx(missed["female"] / missed["male"])
    assert row["rest_low"] < row["rest_ratio"] < row["rest_high"]
    assert row["p_holm"] >= row["p"]


def test_two_groups_that_differ_in_one_thing_as_in_fairlearn(study, made):
    table = differences(study, made).query("classifier == 'fer'")
    right, said, groups = binary(study, "happy")
    by_group = fairness.MetricFrame(
        metrics=fairness.false_positive_rate, y_true=right, y_pred=said, sensitive_features=groups
    ).by_group
    crossed = table.query("grouping == 'gender x race' and rate == 'FPR' and emotion == 'happy'")
    apart = crossed.set_index(["first", "second"])["difference"]
    assert len(apart) == 3 + 2 * 3  # women and men of each race, and every two races of each gender
    assert apart["female, Black", "male, Black"] == pytest.approx(
        by_group["female", "Black"] - by_group["male", "Black"]
    )
    assert apart["male, Asian", "male, White"] == pytest.approx(by_group["male", "Asian"] - by_group["male", "White"])


def test_families_are_of_single_groupings_and_of_two_together(study, made):
    table = differences(study, made)
    crossed = table["grouping"] == "gender x race"
    for rows in (table[crossed], table[~crossed]):
        p = rows["p"].dropna()
        assert rows["family"].unique().tolist() == [len(p)]
        assert rows.loc[p.index, "p_holm"].to_numpy() == pytest.approx(multipletests(p, method="holm")[1])
    # two classifiers, a couple of genders and three of races, an accuracy, seven FPR and as many TPR; without the TPR
    # of the group that has fewer than 30 disgusted faces in which `other` found one, which is in two couples
    small = [each for each in made if each.small and each.grouping in ("gender", "race")]
    assert [(each.classifier, each.group, each.emotion, each.rate) for each in small] == [
        ("other", "Asian", "disgust", "TPR")
    ]
    assert table.loc[~crossed, "family"].iloc[0] == 2 * (1 + 3) * (1 + 2 * 7) - 2
    women = study.items[(study.items["group_gender"] == "female") & (study.items["group_race"] == "Black")]
    row = table[crossed].query("classifier == 'fer' and rate == 'TPR' and emotion == 'happy'").set_index("first")
    row = row.loc[["female, Black"]].iloc[0]
    assert row[["labels_first", "predictions_first"]].tolist() == [
        (women["label"] == "happy").sum(),
        (women["fer_class"] == "happy").sum(),
    ]


def test_accuracies_as_in_scikit_learn(study, made):
    table = accuracy(study, made).query("classifier == 'fer' and group == 'female'").iloc[0]
    women = study.items[study.items["group_gender"] == "female"]
    assert table["value"] == pytest.approx((women["label"] == women["fer_class"]).mean())
    assert table["balanced"] == pytest.approx(balanced_accuracy_score(women["label"], women["fer_class"]))


def test_errors_of_two_models_without_ratings_as_in_scikit_learn(study):
    (row,) = consistency(study, answers_of(study, ANALYSIS)).to_dict("records")
    found = study.items[study.items["other_class"].notna()]
    errors = [found["label"] != found[f"{name}_class"] for name in ("fer", "other")]
    assert [row[name] for name in ("first", "second", "reference", "n")] == ["fer", "other", "labels", len(found)]
    assert row["kappa"] == pytest.approx(cohen_kappa_score(*errors))
    assert row["low"] < row["kappa"] < row["high"]


def test_kappa_of_two_models_as_in_scikit_learn(study):
    table = model_agreement(study).set_index(["first", "second", "group"])
    found = study.items[study.items["other_class"].notna()]
    row = table.loc[("fer", "other", "all")]
    assert row["n"] == len(found)
    assert row["kappa"] == pytest.approx(cohen_kappa_score(found["fer_class"], found["other_class"].astype(str)))
    assert row["agreement"] == pytest.approx(np.mean(found["fer_class"] == found["other_class"]))
