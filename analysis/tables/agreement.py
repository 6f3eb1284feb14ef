"""Agreement among people: Krippendorff's alpha, ICC(2,k), and each rater with the rest."""

import warnings
from collections.abc import Callable
from typing import Any, assert_never

import numpy as np
import pandas as pd
import pingouin
from scipy import stats
from scipy.sparse import coo_array, csr_array
from sklearn.metrics import cohen_kappa_score

from analysis.errors import MissingDataError
from analysis.frames import Column, Numbers
from analysis.inference import FISHER, jackknife, without_interval
from analysis.questions import Choice, Question, Scale, YesNo
from analysis.registry import Noun
from analysis.tables.answers import Answers, complete_block

_PEOPLE = ("rated", "kept")
"""Columns of a batch's row with the participants who rated in it, and those of its complete block."""


def agreement(answers: Answers) -> pd.DataFrame:
    """Krippendorff's alpha over everything, and ICC(2,k) batch by batch; for every question.

    Alpha (of numbers: interval metric; of yes and no and of choices: nominal) takes every rating of an item that has
    two; its 95 % interval leaves out one batch after the other, on Fisher's z. ICC(2,k) (two-way random effects,
    absolute agreement, mean of k raters; McGraw and Wong's ICC(A,k)) is not defined for a choice, and needs raters who
    rated the same items, which they are within a batch: a participant with less than 90 % of the batch's rated items is
    left out, then every item that one of the others did not rate. A batch alone has no interval: its items share
    images. The row with the scope "mean of batches" is the mean of theirs, weighted by items, with an interval as
    alpha's.

    Columns: statistic ("alpha", "ICC(2,k)"), question, scope ("all", "batch 3", "mean of batches"), value, low, high,
    interval (how it was made, or why there is none), n_items (or n_pairs, and so on, by what an item is called),
    n_participants (k of the ICC; of several batches everybody once), dropped_items, dropped_participants, reason.

    Raises:
        MissingDataError: there are no ratings.
    """
    joined = answers.joined()
    rows = []
    for question in answers.questions:
        name = question.name
        rows.append({"statistic": "alpha", "question": name, "scope": "all"} | _alpha(answers, joined, question))
        match question:
            case Scale() | YesNo():
                rows += _iccs(answers, joined, name)
            case Choice():  # its answers have no order and no distance
                pass
            case _:
                assert_never(question)
    return pd.DataFrame(rows).drop(columns=["unit", *_PEOPLE], errors="ignore")


def rater_agreement(answers: Answers) -> pd.DataFrame:
    """Each participant against the others who rated the same items.

    Columns: participant_id, n_items (or n_pairs, and so on; that others rated too); of every question with numbers
    `<question>_pearson` (with the mean of the others); of every other one `<question>_agreement` (share of items with
    the answer of most of the others; where two answers are given as often the item does not count) and
    `<question>_kappa` (Cohen's, the same two answers); reason (why one of them is NaN).

    Raises:
        MissingDataError: no item was rated by two.
    """
    joined, key = answers.joined(), answers.key
    joined = joined[joined.groupby(key)["participant_id"].transform("size") >= 2]
    if joined.empty:
        raise MissingDataError(f"no {answers.item.singular} was rated by two participants")
    for question in answers.questions:
        joined[f"{question.name}_rest"] = _rest(joined, key, question)
    return pd.DataFrame([_rater(answers, str(name), own) for name, own in joined.groupby("participant_id")])


def alpha_of_weights(joined: pd.DataFrame, key: str, question: Question) -> Callable[[Numbers], Numbers]:
    """Alpha as a statistic of weights (r, items), items in the order of their ids.

    Interval metric for numbers, which of 0 and 1 is the nominal one; nominal metric for words.
    """
    by_item = joined.groupby(key)[question.name]
    match question:
        case Scale() | YesNo():
            n, total = by_item.count().to_numpy(np.float64), by_item.sum().to_numpy(np.float64)
            squares = (joined[question.name] ** 2).groupby(joined[key]).sum().to_numpy(np.float64)
            return alpha_of_sums(np.asarray(n, np.float64), total, squares)
        case Choice():
            there = joined.dropna(subset=question.name)
            items, options = (pd.factorize(there[name], sort=True)[0] for name in (key, question.name))
            return alpha_of_counts(coo_array((np.ones(len(there)), (items, options))).tocsr())
        case _:
            assert_never(question)


def alpha_of_sums(n: Numbers, total: Numbers, squares: Numbers) -> Callable[[Numbers], Numbers]:
    """Alpha with the interval metric, from the number of answers to each item, their sum and the sum of their squares,
    (items,) each.

    The sum of (x_i - x_j)^2 over couples of answers to an item follows from these three.
    """
    within = 2 * (n * squares - total**2) / np.maximum(n - 1, 1)
    return _alpha_of(n, within, lambda weights: 2 * ((weights @ n) * (weights @ squares) - (weights @ total) ** 2))


def alpha_of_counts(counts: csr_array) -> Callable[[Numbers], Numbers]:
    """Alpha with the nominal metric, from how often each item was given each answer, (items, answers)."""
    n = np.asarray(counts.sum(axis=1), np.float64)
    same = np.asarray((counts**2).sum(axis=1), np.float64)
    within = (n**2 - same) / np.maximum(n - 1, 1)
    return _alpha_of(n, within, lambda weights: (weights @ n) ** 2 - ((counts.T @ weights.T) ** 2).sum(axis=0))


def _alpha_of(n: Numbers, within: Numbers, of_all: Callable[[Numbers], Numbers]) -> Callable[[Numbers], Numbers]:
    """1 less the disagreement within items, (items,), by that of all answers together, a function of weights."""
    usable = n >= 2

    def alpha(weights: Numbers) -> Numbers:
        weights = weights * usable
        count, apart = weights @ n, of_all(weights)
        return np.where(apart > 0, 1 - (count - 1) * (weights @ within) / np.where(apart > 0, apart, 1), np.nan)

    return alpha


def _alpha(answers: Answers, joined: pd.DataFrame, question: Question) -> dict[str, Any]:
    key, item, name = answers.key, answers.item, question.name
    joined = joined[joined[name].notna()]
    joined = joined[joined.groupby(key)[name].transform("size") >= 2]
    n = {f"n_{item.plural}": joined[key].nunique(), "n_participants": joined["participant_id"].nunique()}
    n |= {f"dropped_{item.plural}": 0, "dropped_participants": 0}
    unknown = {"value": np.nan, "low": np.nan, "high": np.nan, "interval": ""}
    if joined.empty:
        return unknown | n | {"reason": f"no {item.singular} has two answers"}
    if joined[key].nunique() < 2:
        return (
            unknown | n | {"reason": f"one {item.singular} with two answers: no other {item.singular} to tell it from"}
        )
    if joined[name].nunique() < 2:
        return unknown | n | {"reason": "all answers are the same"}
    # krippendorff.alpha takes items x values x values of memory
    interval = jackknife(alpha_of_weights(joined, key, question), joined.groupby(key)["unit"].first(), FISHER)
    return {"value": interval.estimate} | interval.columns() | n | {"reason": ""}


def _iccs(answers: Answers, joined: pd.DataFrame, name: str) -> list[dict[str, Any]]:
    """A row for each batch, and one for their mean."""
    rows = []
    for batch, of_batch in joined.groupby("batch"):
        row = {"statistic": "ICC(2,k)", "question": name, "scope": f"batch {batch}"}
        rows.append(row | _icc(answers, of_batch, name) | {"unit": of_batch["unit"].iloc[0]})
    return [*rows, _mean_of_batches(pd.DataFrame(rows), name, answers.item)]


def _icc(answers: Answers, of_batch: pd.DataFrame, name: str) -> dict[str, Any]:
    key, item = answers.key, answers.item
    block = complete_block(of_batch, key, of_batch[name])
    n_items, n_participants = block.shape
    ratings = of_batch[of_batch[name].notna()]
    row: dict[str, Any] = {"value": np.nan, "low": np.nan, "high": np.nan, "interval": ""}
    row |= {f"n_{item.plural}": n_items, "n_participants": n_participants}
    row[f"dropped_{item.plural}"] = ratings[key].nunique() - n_items
    row["dropped_participants"] = ratings["participant_id"].nunique() - n_participants
    row |= dict(zip(_PEOPLE, (set(ratings["participant_id"]), set(block.columns)), strict=True))
    if n_items < 3 or n_participants < 2:
        return row | {"reason": f"fewer than 2 participants with the same 3 {item.plural}"}
    if np.ptp(block.mean(axis="columns")) == 0:
        return row | {"reason": f"all {item.plural} have the same mean"}
    data = block.melt(ignore_index=False, var_name="participant_id", value_name="answer").reset_index()
    with warnings.catch_warnings(), np.errstate(divide="ignore", invalid="ignore"):  # who agree leave no residual
        warnings.filterwarnings("ignore", category=DeprecationWarning, module="pingouin")  # it calls what pandas drops
        table = pingouin.intraclass_corr(data, targets=key, raters="participant_id", ratings="answer")
    value = float(table.set_index("Type").loc["ICC(A,k)", "ICC"])
    return row | {"value": value} | without_interval(value, 1).columns() | {"reason": ""}


def _mean_of_batches(batches: pd.DataFrame, name: str, item: Noun) -> dict[str, Any]:
    cases = batches[batches["value"].notna()]
    raters, present = (set().union(*batches[people]) for people in _PEOPLE)  # somebody may have rated several batches
    row = {"statistic": "ICC(2,k)", "question": name, "scope": "mean of batches", "low": np.nan, "high": np.nan}
    row |= {"interval": ""}
    row |= {column: int(batches[column].sum()) for column in (f"n_{item.plural}", f"dropped_{item.plural}")}
    row |= {"n_participants": len(present), "dropped_participants": len(raters - present)}
    if cases.empty:
        return row | {"value": np.nan, "reason": "known of no batch"}
    values, weight = cases["value"].to_numpy(np.float64), cases[f"n_{item.plural}"].to_numpy(np.float64)
    interval = jackknife(lambda weights: weights * weight @ values / (weights @ weight), cases["unit"], FISHER)
    return row | {"value": interval.estimate} | interval.columns() | {"reason": ""}


def _rest(joined: pd.DataFrame, key: str, question: Question) -> Column:
    """The others' answer to the same item: the mean of their numbers, or the answer that most give, else NaN."""
    there = joined[question.name]
    match question:
        case Scale():
            by_item = joined.groupby(key)[question.name]
            others = by_item.transform("count") - there.notna()
            rest = by_item.transform("sum") - there.fillna(0)
            return pd.Series(np.where(others > 0, rest / others.where(others > 0, 1), np.nan), joined.index)
        case YesNo() | Choice():
            return _majority(joined[key], there)
        case _:
            assert_never(question)


def _majority(ids: Column, answers: Column) -> Column:
    """The answer that most of the others give to the same item; NaN where two are given as often, or none."""
    there = pd.DataFrame({"item": ids, "answer": answers}).dropna(subset="answer")
    counts = there.groupby(["item", "answer"]).size().rename("n").reset_index().sort_values("n", ascending=False)
    # whose own answer is taken away, for them one of the three most frequent is the most frequent
    rows = pd.DataFrame({"row": range(len(ids)), "item": ids.to_numpy(), "own": answers.to_numpy()})
    others = rows.merge(counts.groupby("item").head(3), on="item")
    others["n"] -= (others["own"] == others["answer"]).astype(int)
    others = others[others["n"] > 0].sort_values(["row", "n"], ascending=[True, False], kind="stable")
    most = others.groupby("row")["n"].transform("max")
    first = others[others["n"] == most]
    alone = first[first.groupby("row")["row"].transform("size") == 1]
    return alone.set_index("row")["answer"].reindex(range(len(ids))).set_axis(answers.index)


def _rater(answers: Answers, name: str, own: pd.DataFrame) -> dict[str, Any]:
    row: dict[str, Any] = {"participant_id": name, f"n_{answers.item.plural}": own[answers.key].nunique()}
    reasons: list[str] = []
    for question in answers.questions:
        both = own[own[question.name].notna() & own[f"{question.name}_rest"].notna()]
        mine, rest = both[question.name], both[f"{question.name}_rest"]
        match question:
            case Scale():
                row[f"{question.name}_pearson"], reason = _pearson(mine, rest, question.name, answers.item)
            case YesNo() | Choice():
                row[f"{question.name}_agreement"] = float((mine == rest).mean()) if len(both) else np.nan
                row[f"{question.name}_kappa"], reason = _kappa(mine, rest, question.name, answers.item)
            case _:
                assert_never(question)
        reasons += [reason] if reason else []
    return row | {"reason": "; ".join(reasons)}


def _pearson(mine: Column, rest: Column, question: str, item: Noun) -> tuple[float, str]:
    """The correlation, and why there is none."""
    if len(mine) < 3:
        return np.nan, f"fewer than 3 {item.plural} with {question}"
    if mine.nunique() < 2 or np.ptp(rest) == 0:
        return np.nan, f"{question} is always the same"
    return float(stats.pearsonr(mine, rest).statistic), ""


def _kappa(mine: Column, rest: Column, question: str, item: Noun) -> tuple[float, str]:
    """Cohen's kappa, and why there is none."""
    if not len(mine):
        return np.nan, f"no {item.singular} on which the others decide"
    if len(set(mine) | set(rest)) < 2:
        return np.nan, f"{question} is always the same"
    return float(cohen_kappa_score(mine.astype(str), rest.astype(str))), ""
