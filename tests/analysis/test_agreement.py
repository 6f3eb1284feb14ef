import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.metrics import cohen_kappa_score

from analysis.questions import Choice, Scale, YesNo
from analysis.studies.verification.data import answers as of_pairs
from analysis.tables import agreement as module
from analysis.tables.agreement import agreement, rater_agreement
from analysis.tables.answers import Answers
from analysis.tables.power import variance_components
from tests.analysis.synthetic import draw_pairs, draw_ratings

KRIPPENDORFF = """
    1 2 3 3 2 1 4 1 2 . . .
    1 2 3 3 2 2 4 1 2 5 . 3
    . 3 3 3 2 3 4 2 2 5 1 .
    1 2 3 3 2 4 4 1 2 5 1 .
"""
"""Four observers, twelve units: Krippendorff (2011), Computing Krippendorff's alpha-reliability, section C."""

SHROUT_FLEISS = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], float)
"""Six targets, four judges: Shrout and Fleiss (1979), table 2."""


def study(answers: np.ndarray, question: str) -> Answers:
    """About pairs; answers (raters, pairs), NaN where there is none."""
    ids = [f"p{n}" for n in range(answers.shape[1])]
    pairs = pd.DataFrame({"pair_id": ids, "base_id": ids, "batch": 0, "kind": "positive", "level": 0.2})
    raters, columns = np.nonzero(~np.isnan(answers))
    ratings = pd.DataFrame({"participant_id": [f"r{n}" for n in raters], "pair_id": [ids[n] for n in columns]})
    values = answers[raters, columns]
    ratings["similarity"] = values if question == "similarity" else np.nan
    ratings["identity"] = values > 0.5 if question == "identity" else None
    return of_pairs(pairs, ratings)


def found(table: pd.DataFrame, **where: str) -> pd.Series:
    for column, value in where.items():
        table = table[table[column] == value]
    assert len(table) == 1
    return table.iloc[0]


def test_alpha_of_intervals_is_that_of_krippendorff() -> None:
    rows = [line.split() for line in KRIPPENDORFF.strip().splitlines()]
    answers = np.array([[np.nan if cell == "." else float(cell) for cell in row] for row in rows])
    row = found(agreement(study(answers, "similarity")), statistic="alpha", question="similarity")
    assert row["value"] == pytest.approx(0.849, abs=5e-4)
    assert row["n_pairs"] == 11  # the last unit has one answer
    assert np.isnan([row["low"], row["high"]]).all()
    assert row["interval"] == "too few batches for an interval"


def test_alpha_of_binary_data_is_that_of_krippendorff() -> None:
    """Section A of the same: two observers, ten units."""
    answers = np.array([[0, 1, 0, 0, 0, 0, 0, 0, 1, 0], [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]], float)
    row = found(agreement(study(answers, "identity")), statistic="alpha", question="identity")
    assert row["value"] == pytest.approx(0.095, abs=5e-4)


def test_the_interval_of_alpha_is_around_the_value_of_the_library() -> None:
    """The jackknife's own formula, with every pair once, is krippendorff.alpha; without a batch, the rest's."""
    pairs = draw_pairs(batches=4)
    ratings = draw_ratings(pairs).sample(frac=0.7, random_state=0)  # with gaps
    given = ratings.merge(pairs[["pair_id", "base_id"]], on="pair_id").assign(
        identity=lambda rows: rows["identity"] * 1.0
    )
    for asked in (Scale("similarity"), YesNo("identity")):
        question = asked.name
        row = found(agreement(of_pairs(pairs, ratings)), statistic="alpha", question=question)
        assert module.alpha_of_weights(given, "pair_id", asked)(np.ones((1, given["pair_id"].nunique())))[
            0
        ] == pytest.approx(row["value"])
        rest = [agreement(of_pairs(pairs[pairs["batch"] != out], ratings)) for out in range(4)]
        without = np.arctanh([found(table, statistic="alpha", question=question)["value"] for table in rest])
        reach = stats.t.ppf(0.975, 3) * np.sqrt(4 * without.var())
        limits = np.tanh(np.arctanh(row["value"]) + np.array([-reach, reach]))
        assert (row["low"], row["high"]) == pytest.approx(tuple(limits))
        assert row["interval"] == "jackknife of 4 batches"


def test_icc_is_that_of_shrout_and_fleiss() -> None:
    table = agreement(study(SHROUT_FLEISS.T, "similarity"))
    row = found(table, statistic="ICC(2,k)", question="similarity", scope="batch 0")
    assert row["value"] == pytest.approx(0.62, abs=5e-3)
    assert row["interval"] == "too few batches for an interval"
    assert (row["n_pairs"], row["n_participants"]) == (6, 4)
    assert found(table, question="similarity", scope="mean of batches")["value"] == row["value"]


def test_icc_leaves_out_who_rated_little_then_pairs_with_gaps() -> None:
    answers = np.concatenate([SHROUT_FLEISS.T] * 2, axis=1) + np.arange(12) * 0.01
    answers[0, :4] = np.nan  # 8 of 12: out
    answers[1, 0] = np.nan  # 11 of 12: stays, its pair goes
    row = found(agreement(study(answers, "similarity")), question="similarity", scope="batch 0")
    assert (row["n_pairs"], row["n_participants"]) == (11, 3)
    assert (row["dropped_pairs"], row["dropped_participants"]) == (1, 1)


def test_icc_is_the_mean_of_batches_weighted_by_pairs() -> None:
    pairs = draw_pairs(batches=3).query("batch != 2 or kind == 'positive'")
    table = agreement(of_pairs(pairs, draw_ratings(pairs))).query("statistic != 'alpha' and question == 'similarity'")
    batches = table[table["scope"] != "mean of batches"]
    mean = (batches["value"] * batches["n_pairs"]).sum() / batches["n_pairs"].sum()
    assert found(table, scope="mean of batches")["value"] == pytest.approx(mean)
    assert sorted(batches["n_pairs"]) == [24, 112, 112]


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        (np.full((3, 5), 1.0), "all answers are the same"),
        (np.array([[0.0, 1, 0, 1]]), "no pair has two answers"),
        (np.array([[0.0], [1], [0]]), "one pair with two answers: no other pair to tell it from"),
    ],
)
def test_alpha_says_why_there_is_none(answers: np.ndarray, reason: str) -> None:
    row = found(agreement(study(answers, "identity")), statistic="alpha", question="identity")
    assert np.isnan(row["value"])
    assert row["reason"] == reason


def test_rater_agreement_against_one_by_one() -> None:
    pairs = draw_pairs(batches=1)
    ratings = draw_ratings(pairs, raters=4)
    table = rater_agreement(of_pairs(pairs, ratings)).set_index("participant_id")
    wide = ratings.pivot(index="pair_id", columns="participant_id", values="similarity")
    decided = ratings.assign(identity=ratings["identity"] * 1.0)
    decided = decided.pivot(index="pair_id", columns="participant_id", values="identity")
    for name in wide.columns:
        rest = wide.drop(columns=name).mean(axis=1)
        assert table.loc[name, "similarity_pearson"] == pytest.approx(stats.pearsonr(wide[name], rest).statistic)
        majority = decided.drop(columns=name).mean(axis=1)  # of three: never a tie
        mine, theirs = decided[name] > 0.5, majority > 0.5
        assert table.loc[name, "identity_agreement"] == pytest.approx((mine == theirs).mean())
        assert table.loc[name, "identity_kappa"] == pytest.approx(cohen_kappa_score(mine, theirs))


def test_variance_components_are_those_of_shrout_and_fleiss() -> None:
    """Their mean squares: between targets 11.24, between judges 32.49, residual 1.02."""
    table = variance_components(study(SHROUT_FLEISS.T, "similarity"))
    row = found(table, question="similarity", kind="positive")
    assert row["residual"] == pytest.approx(1.02, abs=5e-3)
    assert row["pair"] == pytest.approx((11.24 - 1.02) / 4, abs=5e-3)
    assert row["rater"] == pytest.approx((32.49 - 1.02) / 6, abs=5e-3)


NOMINAL = """
    1 2 3 3 2 1 4 1 2 . . .
    1 2 3 3 2 2 4 1 2 5 . 3
    . 3 3 3 2 3 4 2 2 5 1 .
    1 2 3 3 2 4 4 1 2 5 1 .
"""


def of_words(rows: list[list[str]]) -> Answers:
    """Choices of each rater, a row each; "." where there is none."""
    ratings = pd.DataFrame(
        [
            {"item_id": f"i{item}", "participant_id": f"r{rater}", "answer": word if word != "." else None}
            for rater, words in enumerate(rows)
            for item, word in enumerate(words)
        ]
    )
    items = pd.DataFrame({"item_id": ratings["item_id"].unique()})
    return Answers.about(items, ratings, "item_id", (Choice("answer"),))


def test_alpha_of_choices_is_that_of_krippendorff() -> None:
    """Section C of the same, with the nominal metric."""
    answers = of_words([line.split() for line in NOMINAL.strip().splitlines()])
    row = found(agreement(answers), statistic="alpha", question="answer")
    assert row["value"] == pytest.approx(0.743, abs=5e-4)
    assert row["n_items"] == 11
    assert set(agreement(answers)["statistic"]) == {"alpha"}  # an ICC of words is nothing


def test_a_rater_is_held_against_what_most_others_chose() -> None:
    table = rater_agreement(of_words([list("aabc"), list("abbc"), list("abbd"), list("abc.")])).set_index(
        "participant_id"
    )
    assert table["answer_agreement"].to_dict() == pytest.approx({"r0": 2 / 3, "r1": 1, "r2": 3 / 4, "r3": 2 / 3})


def test_a_person_of_two_batches_counts_once() -> None:
    """Three people rate both batches alone: they are three, not six, in the mean of batches and in the components."""
    pairs = draw_pairs(batches=2)
    ratings = draw_ratings(pairs)
    person = ratings.groupby(ratings["pair_id"].map(pairs.set_index("pair_id")["batch"]))["participant_id"]
    place = person.transform(lambda names: names.map({name: n for n, name in enumerate(dict.fromkeys(names))}))
    ratings = ratings.assign(participant_id=[f"r{n}" for n in place])[place < 3]
    about = of_pairs(pairs, ratings)
    row = found(agreement(about), question="similarity", scope="mean of batches")
    assert (row["n_participants"], row["dropped_participants"]) == (3, 0)
    assert set(variance_components(about)["n_raters"]) == {3}
