"""Table 3 and the prevalence of attributes: studies made to have the printed figures give them back."""

import dataclasses
import json
from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.studies.classification.assigned_sections import table_3
from analysis.studies.classification.data import Classification
from analysis.studies.classification.tables.assignments import (
    assignment_differences,
    assignment_success,
    compared_assignments,
)
from analysis.studies.classification.tables.examples import class_examples
from analysis.studies.classification.tables.paper import printed_figures
from analysis.studies.classification.tables.prevalence import carried, people_answers, prevalence
from tests.analysis.studies.classification import made
from tests.conftest import SHARED

REFERENCE = SHARED / "reference" / "imagenet_beyond_accuracy.json"

PRINTED = printed_figures("paper")
TABLE_3: Mapping[str, Mapping[str, float]] = PRINTED["assignment"]


@pytest.fixture(scope="module")
def small() -> Classification:
    labels = ["a"] * 10 + ["b"] * 10
    rows = made.predictions(labels, [0] * 20, one=[[label] for label in labels], two=[["b"]] * 20)
    items = made.items(rows, [("mistake", 0, "b", 1.0)])
    return made.study(rows, items, made.ratings(items, [[True] * 5]))


def assigned(small: Classification, shares: Mapping[str, float], n: int, seconds: float = 60) -> Classification:
    """`n` answers a condition, of which so many percent are right, by 40 people of 20 classes."""
    items, ratings = [], []
    for place, (condition, share) in enumerate(shares.items()):
        right = round(n * share / 100)
        item = np.array([f"i{place}-{at % 20}" for at in range(n)])
        shown = {"item_id": item[:20], "label": [f"c{at}" for at in range(20)], "condition": condition}
        items.append(pd.DataFrame(shown))
        hits = np.random.default_rng(place).permutation(n) < right
        who = {"participant_id": [f"p{at // 20 % 40}" for at in range(n)], "response_time_ms": 1000 * seconds}
        ratings.append(pd.DataFrame({"item_id": item, "assigned": np.where(hits, "B", "C"), **who}))
    table = pd.concat(items, ignore_index=True).assign(kind="assignment", right_panel="B", batch=0, row="r")
    answers = pd.concat(ratings, ignore_index=True).assign(source="human")
    return dataclasses.replace(small, items=table, ratings=answers)


def test_table_3s_means_come_back(small: Classification) -> None:
    printed = {name: of["success"] for name, of in TABLE_3.items()}
    table = table_3(assignment_success(assigned(small, printed, 10_000)))
    assert dict(zip(table["condition"], table["mean_%"], strict=True)) == {
        name: f"{share:.2f}" for name, share in printed.items()
    }
    assert set(table["n"]) == {10_000}


def test_the_standard_error_is_the_printed_std_at_236_answers(small: Classification) -> None:
    success = assignment_success(assigned(small, {name: of["success"] for name, of in TABLE_3.items()}, 236))
    below = compared_assignments(success, PRINTED, "paper")
    for name, of in below.groupby("condition"):
        ours, theirs = of["standard_error"]
        assert abs(ours - theirs) < 0.03, name
    assert list(below["study"]) == ["this study", "paper"] * 7
    assert success["chance"].unique().tolist() == [1 / 6]


def test_answers_that_took_too_short_or_too_long_are_left_out(small: Classification) -> None:
    study = assigned(small, {"random": 50.0}, 100)
    times = np.array([19_999, 20_000, 180_000, 180_001, np.nan] * 20)
    row = assignment_success(dataclasses.replace(study, ratings=study.ratings.assign(response_time_ms=times))).iloc[0]
    assert (row["n_answers"], row["left_out"], row["n"]) == (100, 60, 40)


def test_pairs_of_conditions_are_corrected_for_their_number(small: Classification) -> None:
    table = assignment_differences(assigned(small, {"random": 50, "mmd, prototypes": 50.1, "probability": 80}, 4000))
    assert len(table) == 3
    assert (table["p_holm"] >= table["p"]).all()
    of = table.set_index(["first", "second"])
    better = of.loc[("probability", "random")]
    assert better["difference"] == pytest.approx(0.3)
    assert better["p_holm"] < 0.001
    assert of.loc[("mmd, prototypes", "random"), "p_holm"] > 0.05


def basketball(small: Classification) -> tuple[Classification, pd.DataFrame]:
    """100 images, 50 prototypes and 10 criticisms; of each so many show white and black persons, some both."""
    counts = {"prototype": (50, 22, 39), "criticism": (10, 9, 2), "": (40, 24, 12)}
    rows, attributes, examples = [], [], []
    for role, (n, white, black) in counts.items():
        for at in range(n):
            row = f"{role or 'other'}{at}"
            rows.append(row)
            attributes += [(row, "white person")] if at < white else []
            attributes += [(row, "black person")] if at >= n - black else []
            examples += [(row, role)] if role else []
    table = pd.DataFrame(examples, columns=["row", "role"]).assign(method="adversarial", rank=1, classifier="one")
    table["class"] = "basketball"
    predictions = pd.DataFrame({"row": rows, "batch": 0, "label": "basketball"})
    study = dataclasses.replace(small, tables={"predictions": predictions, "examples": table})
    return study, pd.DataFrame(attributes, columns=["row", "attribute"])


def test_the_shares_of_basketball_come_back(small: Classification) -> None:
    table = prevalence(*basketball(small)).set_index(["role", "attribute"])
    shares = {key: round(100 * share, 6) for key, share in table["share"].items()}
    assert shares == {
        ("prototype", "black person"): 78,
        ("prototype", "white person"): 44,
        ("criticism", "black person"): 20,
        ("criticism", "white person"): 90,
    }
    of_class = table["share_class"].groupby("attribute").first()
    assert of_class.round(6).to_dict() == {"black person": 0.53, "white person": 0.55}
    for (role, attribute), row in table.iterrows():
        n = {"prototype": 50, "criticism": 10}[role]
        having = {"black person": 53, "white person": 55}[attribute]
        found = round(row["share"] * n)
        exact = stats.fisher_exact([[found, n - found], [having - found, 100 - n - having + found]]).pvalue
        assert row["p"] == pytest.approx(exact)
        assert row["low"] < row["share"] < row["high"]


def test_attributes_are_of_another_classifier_and_of_a_joined_table(small: Classification) -> None:
    examples = pd.DataFrame({"row": ["r0"], "role": "prototype", "method": "random", "rank": 1, "classifier": "one"})
    images = pd.DataFrame({"image_id": ["i0"], "row": ["r0"]})
    tables = {**small.tables, "examples": examples.assign(**{"class": "a"})}
    study = dataclasses.replace(small, tables=tables, images=images)
    joined = pd.DataFrame({"image_id": ["i0", "i0", "r1"], "person": ["white", "black", "black"]})
    known = carried(study, joined)
    assert {tuple(each) for each in known[known["row"].isin(["r0", "r1"])].to_numpy()} == {
        ("r0", "people say b"),
        ("r0", "two says b"),
        ("r1", "two says b"),
        ("r0", "person: white"),
        ("r0", "person: black"),
        ("r1", "person: black"),
    }


def test_what_people_say_is_known_of_rows_that_they_were_asked_about() -> None:
    """Of six images of a class four were asked about; people accept b for two of these, which are both prototypes."""
    rows = made.predictions(["a"] * 6, [0] * 6, one=[["a"]] * 6, two=[["b"]] * 6)
    items = made.items(rows, [("mistake", at, "b", 1.0) for at in range(4)] + [("agreed", 5, "a", 1.0)])
    of = made.study(rows, items, made.ratings(items, [[at < 2 or at == 4] * 5 for at in range(5)]))
    examples = pd.DataFrame({"row": ["r0", "r1", "r4"], "role": "prototype", "method": "random", "classifier": "one"})
    study = dataclasses.replace(of, tables={**of.tables, "examples": examples.assign(**{"class": "a"})})
    table = prevalence(study, carried(study, None), people_answers(study)).set_index("attribute")
    assert set(table.index) == {"people say b", "two says b"}
    row = table.loc["people say b"]
    assert (row["n"], row["share"], row["n_class"], row["share_class"]) == (2, 1.0, 4, 0.5)
    assert row["p"] == pytest.approx(1 / 3)  # two of four: both, none, 1/6 each
    assert tuple(table.loc["two says b", ["n", "n_class"]]) == (3, 6)


def test_examples_that_only_stand_in_are_counted(small: Classification) -> None:
    rows = [{"method": "probability", "role": "criticism", "qualified": each == "r0"} for each in ("r0", "r1", "r2")]
    table = pd.DataFrame(rows).assign(row=["r0", "r1", "r2"], rank=[1, 2, 3], n_candidates=10, n_qualified=1)
    table = table.assign(**{"class": "a", "classifier": "one"})
    study = dataclasses.replace(small, tables={**small.tables, "examples": table})
    assert class_examples(study).to_dict("records") == [
        {"class": "a", "method": "probability", "role": "criticism", "n_candidates": 10, "n_qualified": 1, "nearest": 2}
    ]


def test_printed_assignments_are_those_of_the_reference() -> None:
    if not REFERENCE.is_file():
        pytest.skip("the reference is not here")
    reference = json.loads(REFERENCE.read_text())["table_3_assignment_success_percent"]
    assert {name: [of["success"], of["standard_error"]] for name, of in TABLE_3.items()} == reference
