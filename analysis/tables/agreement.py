"""How far people agree: Krippendorff's alpha, ICC(2,k), and each rater with the rest."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pingouin
from scipy import stats
from sklearn.metrics import cohen_kappa_score

from analysis.errors import MissingDataError
from analysis.frames import Numbers, Table
from analysis.inference import FISHER, jackknife, without_interval
from analysis.tables.answers import answers, complete_block

_QUESTIONS = ["similarity", "identity"]


def agreement(pairs: Table, ratings: Table) -> pd.DataFrame:
    """Krippendorff's alpha over everything, and ICC(2,k) batch by batch; for both questions.

    Alpha (similarity: interval metric; identity: nominal) takes every rating of a pair that has two; its 95 % interval
    leaves out one batch after the other, on Fisher's z. ICC(2,k) (two-way random effects, absolute agreement, mean of k
    raters; McGraw and Wong's ICC(A,k)) needs raters who rated the same pairs, which they are within a batch: a
    participant with less than 90 % of the batch's rated pairs is left out, then every pair that one of the others did
    not rate. A batch alone has no interval: its pairs share images. The row with the scope "mean of batches" is the
    mean of theirs, weighted by pairs, with an interval as alpha's.

    Columns: statistic ("alpha", "ICC(2,k)"), question, scope ("all", "batch 3", "mean of batches"), value, low, high,
    interval (how it was made, or why there is none), n_pairs, n_participants (k of the ICC), dropped_pairs,
    dropped_participants, reason.

    Raises:
        MissingDataError: there are no ratings.
    """
    given = answers(pairs, ratings)
    rows = []
    for question in _QUESTIONS:
        rows.append({"statistic": "alpha", "question": question, "scope": "all"} | _alpha(given, question))
        of_batches = []
        for batch, of_batch in given.groupby("batch"):
            row = {"statistic": "ICC(2,k)", "question": question, "scope": f"batch {batch}"}
            of_batches.append(row | _icc(of_batch, question) | {"unit": of_batch["unit"].iloc[0]})
        rows += [*of_batches, _mean_of_batches(pd.DataFrame(of_batches), question)]
    return pd.DataFrame(rows).drop(columns="unit")


def rater_agreement(pairs: Table, ratings: Table) -> pd.DataFrame:
    """Each participant against the others who rated the same pairs.

    Columns: participant_id, n_pairs (that others rated too), similarity_pearson (with the mean of the others),
    identity_agreement (share of pairs with the answer of most of the others; where they are split evenly the pair does
    not count), identity_kappa (Cohen's, the same two answers), reason (why one of them is NaN).

    Raises:
        MissingDataError: no pair was rated by two.
    """
    given = answers(pairs, ratings)
    given = given[given.groupby("pair_id")["participant_id"].transform("size") >= 2]
    if given.empty:
        raise MissingDataError("no pair was rated by two participants")
    for question in _QUESTIONS:
        by_pair = given.groupby("pair_id")[question]
        others = by_pair.transform("count") - given[question].notna()
        rest = by_pair.transform("sum") - given[question].fillna(0)
        given[f"{question}_rest"] = np.where(others > 0, rest / others.where(others > 0, 1), np.nan)
    return pd.DataFrame([_rater(str(name), own) for name, own in given.groupby("participant_id")])


def alpha_of_weights(given: pd.DataFrame, question: str) -> Callable[[Numbers], Numbers]:
    """Alpha with the interval metric, as a statistic of weights (r, pairs), pairs in the order of their ids.

    For the answers 0 and 1 the interval metric is the nominal one.
    """
    by_pair = given.groupby("pair_id")[question]
    n, total = by_pair.count().to_numpy(np.float64), by_pair.sum().to_numpy(np.float64)
    squares = (given[question] ** 2).groupby(given["pair_id"]).sum().to_numpy(np.float64)
    return alpha_of_sums(np.asarray(n, np.float64), total, squares)


def alpha_of_sums(n: Numbers, total: Numbers, squares: Numbers) -> Callable[[Numbers], Numbers]:
    """The same, from the number of answers to each pair, their sum and the sum of their squares, (pairs,) each.

    The sum of (x_i - x_j)^2 over couples of answers to a pair follows from these three.
    """
    within = 2 * (n * squares - total**2) / np.maximum(n - 1, 1)
    usable = n >= 2

    def alpha(weights: Numbers) -> Numbers:
        weights = weights * usable
        count, of_all = weights @ n, 2 * ((weights @ n) * (weights @ squares) - (weights @ total) ** 2)
        return np.where(of_all > 0, 1 - (count - 1) * (weights @ within) / np.where(of_all > 0, of_all, 1), np.nan)

    return alpha


def _alpha(given: pd.DataFrame, question: str) -> dict[str, Any]:
    given = given[given[question].notna()]
    given = given[given.groupby("pair_id")[question].transform("size") >= 2]
    n = {"n_pairs": given["pair_id"].nunique(), "n_participants": given["participant_id"].nunique()}
    n |= {"dropped_pairs": 0, "dropped_participants": 0}
    unknown = {"value": np.nan, "low": np.nan, "high": np.nan, "interval": ""}
    if given.empty:
        return unknown | n | {"reason": "no pair has two answers"}
    if n["n_pairs"] < 2:
        return unknown | n | {"reason": "one pair with two answers: no other pair to tell it from"}
    if given[question].nunique() < 2:
        return unknown | n | {"reason": "all answers are the same"}
    # krippendorff.alpha takes pairs x values x values of memory
    found = jackknife(alpha_of_weights(given, question), given.groupby("pair_id")["unit"].first(), FISHER)
    return {"value": found.estimate} | found.columns() | n | {"reason": ""}


def _icc(of_batch: pd.DataFrame, question: str) -> dict[str, Any]:
    block = complete_block(of_batch, question)
    n_pairs, n_participants = block.shape
    rated = of_batch[of_batch[question].notna()]
    row: dict[str, Any] = {"value": np.nan, "low": np.nan, "high": np.nan, "interval": ""}
    row |= {"n_pairs": n_pairs, "n_participants": n_participants}
    row["dropped_pairs"] = rated["pair_id"].nunique() - n_pairs
    row["dropped_participants"] = rated["participant_id"].nunique() - n_participants
    if n_pairs < 3 or n_participants < 2:
        return row | {"reason": "fewer than 2 participants with the same 3 pairs"}
    if np.ptp(block.mean(axis="columns")) == 0:
        return row | {"reason": "all pairs have the same mean"}
    data = block.melt(ignore_index=False, var_name="participant_id", value_name="answer").reset_index()
    with warnings.catch_warnings(), np.errstate(divide="ignore", invalid="ignore"):  # who agree leave no residual
        warnings.filterwarnings("ignore", category=DeprecationWarning, module="pingouin")  # it calls what pandas drops
        table = pingouin.intraclass_corr(data, targets="pair_id", raters="participant_id", ratings="answer")
    value = float(table.set_index("Type").loc["ICC(A,k)", "ICC"])
    return row | {"value": value} | without_interval(value, 1).columns() | {"reason": ""}


def _mean_of_batches(batches: pd.DataFrame, question: str) -> dict[str, Any]:
    known = batches[batches["value"].notna()]
    counts = ["n_pairs", "n_participants", "dropped_pairs", "dropped_participants"]
    row = {"statistic": "ICC(2,k)", "question": question, "scope": "mean of batches", "low": np.nan, "high": np.nan}
    row |= {"interval": ""}
    row |= {column: int(batches[column].sum()) for column in counts}
    if known.empty:
        return row | {"value": np.nan, "reason": "known of no batch"}
    values, pairs = known["value"].to_numpy(np.float64), known["n_pairs"].to_numpy(np.float64)
    found = jackknife(lambda weights: weights * pairs @ values / (weights @ pairs), known["unit"], FISHER)
    return row | {"value": found.estimate} | found.columns() | {"reason": ""}


def _rater(name: str, own: pd.DataFrame) -> dict[str, Any]:
    row: dict[str, Any] = {"participant_id": name, "n_pairs": own["pair_id"].nunique()}
    reasons = []
    both = own[own["similarity"].notna() & own["similarity_rest"].notna()]
    row["similarity_pearson"] = np.nan
    if len(both) < 3:
        reasons.append("fewer than 3 pairs with similarity")
    elif both["similarity"].nunique() < 2 or np.ptp(both["similarity_rest"]) == 0:
        reasons.append("similarity is always the same")
    else:
        row["similarity_pearson"] = float(stats.pearsonr(both["similarity"], both["similarity_rest"]).statistic)
    decided = own[own["identity"].notna() & own["identity_rest"].notna() & (own["identity_rest"] != 0.5)]
    mine, theirs = decided["identity"].to_numpy() > 0.5, decided["identity_rest"].to_numpy() > 0.5
    row["identity_agreement"] = float((mine == theirs).mean()) if len(decided) else np.nan
    row["identity_kappa"] = np.nan
    if not len(decided):
        reasons.append("no pair on which the others decide")
    elif len(np.unique(np.concatenate([mine, theirs]))) < 2:
        reasons.append("identity is always the same")
    else:
        row["identity_kappa"] = float(cohen_kappa_score(mine, theirs))
    return row | {"reason": "; ".join(reasons)}
