"""The report of a small study: what is on it, and that nothing is missing without a word."""

import dataclasses
import html

import numpy as np
import pandas as pd
import pytest

from analysis import results
from analysis.makers import answers_of
from analysis.report.findings import Findings
from analysis.report.make import report_files
from analysis.studies.classification import ANALYSIS
from analysis.studies.classification.claims import introduction
from analysis.studies.classification.data import Classification
from analysis.studies.classification.tables.errors import errors
from analysis.studies.classification.tables.limits import limits
from tests.analysis.studies.classification import made

BATCHES, CLASSES, ROWS = 4, 3, 20


def drawn(batches: int = BATCHES) -> Classification:
    """Two classifiers that share some of their mistakes, one of them attacked, every kind of item, five raters a batch,
    and an expert.
    """
    rng = np.random.default_rng(0)
    labels = [f"c{number}" for number in range(batches * CLASSES) for _ in range(ROWS)]
    batch = [number // CLASSES for number in range(batches * CLASSES) for _ in range(ROWS)]
    others = [f"o{number}" for number in range(12)]
    said = {}
    for name in ("one", "two"):
        wrong = rng.random(len(labels)) < 0.4
        firsts = rng.integers(0, 2, len(labels))
        said[name] = [
            [others[first], *others[4:7], label]
            if mistaken and place % 3
            else [others[first], *others[4:8]]
            if mistaken
            else [label, *others[8:]]
            for place, (label, mistaken, first) in enumerate(zip(labels, wrong, firsts, strict=True))
        ]
    rows = made.predictions(labels, batch, **said)
    success = rng.random(sum(five[0] == label for five, label in zip(said["one"], labels, strict=True))) < 0.9
    attacks = made.attacked(rows, "one", success, "o9", success)
    asked: list[tuple[str, int, str, float]] = []
    for at, label in enumerate(labels):
        named = dict.fromkeys(said[name][at][0] for name in said)
        asked += [("mistake", at, each, 1.0) for each in named if each != label]
        asked += [("agreed", at, label, np.nan)] if set(named) == {label} else []
    of_row = dict(zip(rows["row"], range(len(rows)), strict=True))
    succeeded = attacks[attacks["success"]].groupby("batch").head(8)["row"]
    asked += [("adversarial", of_row[row], "o9", 3.0) for row in succeeded]
    first = [(at, five) for at, five in enumerate(said["one"]) if five[0] != labels[at]][::4]
    there = {(at, shown) for kind, at, shown, _ in asked if kind == "mistake"}
    asked += [("mistake_top5", at, each, np.nan) for at, five in first for each in five if (at, each) not in there]
    items = made.items(rows, asked)
    chosen = {(f"r{at}", each) for at, five in first for each in five}
    pairs = list(zip(items["row"], items["shown_class"], items["kind"], strict=True))
    items["top5_weight"] = [
        4.0 if (row, shown) in chosen and kind != "adversarial" else np.nan for row, shown, kind in pairs
    ]
    items = made.with_explained(items)
    chance = items["kind"].map({"agreed": 0.98, "adversarial": 0.5, "explained": 0.6}).fillna(0.0).to_numpy()
    chance = np.where(chance == 0, rng.beta(0.5, 0.7, len(items)), chance)
    people = made.ratings(items, (rng.random((len(items), 5)) < chance[:, None]).tolist())
    experts = people[people["item_id"].str.startswith("mistake/")].drop_duplicates("item_id")
    experts = experts.assign(source="expert", participant_id="expert", rating_id="e" + experts["rating_id"])
    rows["image_id"] = rows["row"]
    everybody = pd.concat([people, experts], ignore_index=True)
    explained = made.explanations(items, "one", [0.1, 0.5, 0.9])
    shown = made.pictures(list(dict.fromkeys([*items["image_id"], *explained["image_id"]])))
    return made.study(rows, items, everybody, attacks, shown, explained)


@pytest.fixture(scope="module")
def study() -> Classification:
    return drawn()


@pytest.fixture(scope="module")
def tables(study: Classification) -> dict[str, pd.DataFrame]:
    return results(study, compare_with="paper")


@pytest.fixture(scope="module")
def files(study: Classification, tables: dict[str, pd.DataFrame]) -> dict[str, bytes]:
    return report_files(study, tables)


def test_every_table_of_the_kind_is_there(tables: dict[str, pd.DataFrame]) -> None:
    assert set(tables["skipped"]["table"]) <= {"drift", "groups"}
    assert list(tables["errors"]["measure"]) == 2 * [
        "top-1",
        "top-5, over top-1 mistakes",
        "top-5, over top-5 mistakes",
    ]
    assert tables["errors"][["rectified", "low", "high"]].notna().all(axis=None)
    assert set(tables["expert_errors"]["kind"]) == {"all", "mistake"}


@pytest.mark.parametrize(
    "name",
    [
        *("figures/errors.svg", "figures/positive-answers-top-1.svg", "figures/rectified-curve-after-the-attack.svg"),
        *("figures/strip-accepted-one.svg", "figures/strip-accepted-two.svg", "figures/strip-adversarial.svg"),
        *("figures/expert-errors.svg", "figures/error-consistency.svg", "figures/rectified-power.svg"),
        *("figures/positive-answers-of-arms.svg", "figures/turned-to-yes.svg", "figures/explanation-paths.svg"),
        *("figures/explanations-one.svg", "figures/image-paths-one.svg"),
        *("tables/arm-difference.csv", "tables/explained-pairs.csv"),
        *("tables/table-1.csv", "tables/table-2.tex", "tables/compared-errors.csv", "tables/mistakes.csv"),
    ],
)
def test_the_folder_has_each_result(files: dict[str, bytes], name: str) -> None:
    assert name in files


def test_single_images_have_their_own_path(study: Classification, files: dict[str, bytes]) -> None:
    attacked = study.explanations[study.explanations["attacked"].astype(bool)]
    first = attacked[attacked["image_id"] == attacked["image_id"].min()].sort_values("rank")["probability"]
    words = html.unescape(files["index.html"].decode())
    assert f"at its ends: {first.iloc[0]:.2f} to {first.iloc[-1]:.2f}; " in words


def test_the_opening_says_who_errs_how_often(files: dict[str, bytes], tables: dict[str, pd.DataFrame]) -> None:
    page = files["index.html"].decode()
    row = tables["errors"].iloc[0]
    said = f"By the label, one errs on {100 * row['raw']:.2f} % of them"
    assert said in page
    assert f"leaves {100 * row['rectified']:.2f} %" in page
    assert "Attacked, one errs on" in page
    assert "People side with " in page


def test_explained_images_of_which_little_speaks_for_the_class_are_counted(study: Classification) -> None:
    """Of one image the second of two superpixels is hidden, of another one both are."""
    parts = study.explanations.reset_index(drop=True)
    first, second = list(dict.fromkeys(parts["image_id"]))[:2]
    hidden = ((parts["image_id"] == first) & (parts["rank"] == 2)) | (parts["image_id"] == second)
    tables = {**study.tables, "explanations": parts.assign(shown=parts["shown"] & ~hidden)}
    n = parts["image_id"].nunique()
    said = limits(dataclasses.replace(study, tables=tables)).set_index("topic").loc["explanations", "statement"]
    assert said == (
        f"2 of {n} explained images show fewer superpixels than have a weight, for no more speak for the class; 1 of "
        "them show none"
    )
    assert "explanations" not in set(limits(study)["topic"])


def test_a_study_of_two_batches_says_that_it_has_no_intervals() -> None:
    study = drawn(batches=2)
    found = Findings(study, answers_of(study, ANALYSIS), {"errors": errors(study)})
    assert introduction(found)[-1] == (
        "There are 2 independent batches, and an interval needs 3: no error here has one, and other classes and other "
        "people may give others. A study of more batches has intervals: of more classes, or of fewer in each "
        "(classes_per_batch)."
    )
