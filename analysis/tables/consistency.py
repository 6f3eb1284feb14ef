"""Whether people and models err on the same items: error consistency (Geirhos, Meding, Wichmann 2020)."""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.inference import FISHER, Numbers, from_replicates, independent, left_out, without_interval
from analysis.inference.units import Codes
from analysis.tables.deciders import PEOPLE, Deciders, conditions, deciders

SEED = 0

_MOST_COUPLES = 2000
"""Couples of people that are compared; of more, as many are drawn."""

_LEAST_ITEMS = 10
"""Items that two deciders share; of fewer, kappa is noise."""

_MOST_EXPECTED = 0.85
"""Expected agreement up to which kappa has an interval: beyond, it hangs on a handful of errors, and what a jackknife
gives holds the truth in half of all studies (see `benchmarks.coverage`).
"""

RARE = "errors are too rare for an interval"


def error_consistency(
    items: pd.DataFrame,
    ratings: pd.DataFrame,
    *,
    key: str,
    question: str,
    decisions: Mapping[str, str],
    units: Sequence[str],
    references: Mapping[str, str] | None = None,
    condition: str | None = None,
) -> pd.DataFrame:
    """Cohen's kappa of who errs where: agreement of the errors beyond what the two accuracies alone would bring.

    With accuracies a and b, observed = share of items on which both are right or both wrong, expected = a b +
    (1 - a)(1 - b), kappa = (observed - expected) / (1 - expected): 1 the same errors, 0 independent ones.

    A person is compared by the items they rated; two deciders share at least 10 items. For "people" the figures are
    means over persons, or couples of them (2,000 drawn with seed 0 where there are more), kappa_std their SD.

    key, question, decisions, references: see `analysis.tables.deciders.deciders`.
    units: columns of `items` with the units of dependence, for intervals (see `analysis.inference`).
    condition: a column of `items`; the comparison is also made within each of its values, by the references that say
        of any item there what is right.

    Columns: first, second ("people" or a model), reference, condition ("all", or a value of that column), n (items, of
    the mean comparison), observed, expected, kappa, kappa_std, n_compared (comparisons with a kappa), low, high,
    interval (of kappa: how it was made, or why there is none), share (of people with a model: their kappa by that of
    people with one another, so that 1 is a model that errs with people as they do among themselves; NaN where people's
    is not above 0; without an interval), reason.

    Raises:
        MissingDataError: there are no answers to the question.
    """
    all_deciders = deciders(items, ratings, key=key, question=question, decisions=decisions, references=references)
    batches = left_out(independent(all_deciders.items[list(units)]))
    rows = []
    for name, rows_of in conditions(all_deciders, condition):
        within = all_deciders.among(rows_of)
        for reference in within.known_references:
            for first, second in itertools.combinations_with_replacement([PEOPLE, *within.models], 2):
                if first == second != PEOPLE:
                    continue
                head = {"first": first, "second": second, "reference": reference, "condition": name}
                rows.append(head | mean_kappa(_compared(within, reference, first, second, batches[rows_of])))
    return _with_share(pd.DataFrame(rows))


def _with_share(table: pd.DataFrame) -> pd.DataFrame:
    """The table with the column `share`, before `reason`."""
    same = ["reference", "condition"]
    of_people = (table["first"] == PEOPLE) & (table["second"] == PEOPLE)
    ceiling = table[same].merge(table.loc[of_people, [*same, "kappa"]], on=same, how="left")["kappa"].to_numpy()
    with_model = (table["first"] == PEOPLE) & ~of_people
    share = (table["kappa"] / ceiling).where(with_model & (ceiling > 0))
    table.insert(list(table.columns).index("reason"), "share", share)
    return table


def consistency(first_right: npt.NDArray[np.bool_], second_right: npt.NDArray[np.bool_]) -> tuple[float, float, float]:
    """observed, expected and kappa of two deciders on the same items; kappa is NaN where expected is 1."""
    counts = [len(first_right), (first_right == second_right).sum(), first_right.sum(), second_right.sum()]
    observed, expected, kappa = _kappas(np.array(counts, np.float64))
    return float(observed), float(expected), float(kappa)


def _compared(of: Deciders, reference: str, first: str, second: str, batches: Codes) -> Numbers:
    """The counts of `couple_counts` of two deciders, a comparison for each person or couple of them."""
    couples: Iterator[tuple[Numbers, Numbers, Numbers]]
    if first == second:
        couples = ((of.people[a], of.people[b], of.right(reference, a, b)) for a, b in _couples(of.people))
    elif first == PEOPLE:
        couples = ((own, of.models[second], of.right(reference, who)) for who, own in enumerate(of.people))
    else:
        couples = iter([(of.models[first], of.models[second], of.right(reference))])
    return couple_counts(couples, batches)


def couple_counts(couples: Iterable[tuple[Numbers, Numbers, Numbers]], batches: Codes) -> Numbers:
    """(comparisons, batches, 4): items that two deciders share, on which both are right or wrong, the first, the second
    is right; of comparisons with at least 10 items.

    couples: what both say and what is right, (items,) each, NaN where that is not known. batches: (items,).
    """
    n_batches, counts = int(batches.max(initial=-1)) + 1, []
    for one, other, right in couples:
        mask = np.isfinite(one) & np.isfinite(other) & np.isfinite(right)
        if mask.sum() >= _LEAST_ITEMS:
            a, b = one[mask] == right[mask], other[mask] == right[mask]
            columns = [np.ones(len(a)), a == b, a, b]
            counts.append([np.bincount(batches[mask], column, n_batches) for column in columns])
    return np.array(counts, np.float64).reshape(-1, 4, n_batches).transpose(0, 2, 1)


def _kappas(counts: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """observed, expected and kappa of counts (..., 4); kappa is NaN where expected is 1, all are without items."""
    with np.errstate(divide="ignore", invalid="ignore"):
        observed, a, b = (counts[..., place] / counts[..., 0] for place in (1, 2, 3))
        expected = a * b + (1 - a) * (1 - b)
        return observed, expected, np.where(expected < 1, (observed - expected) / (1 - expected), np.nan)


def _couples(people: Numbers) -> list[tuple[int, int]]:
    answered = np.isfinite(people).astype(np.float64)
    first, second = np.nonzero(np.triu(answered @ answered.T >= _LEAST_ITEMS, k=1))
    if len(first) > _MOST_COUPLES:
        sample = np.sort(np.random.default_rng(SEED).choice(len(first), _MOST_COUPLES, replace=False))
        first, second = first[sample], second[sample]
    return list(zip(first.tolist(), second.tolist(), strict=True))


def mean_kappa(counts: Numbers) -> dict[str, Any]:
    """The figures of a row from those of its comparisons, (comparisons, batches, 4)."""
    if not len(counts):
        unknown = dict.fromkeys(("n", "observed", "expected", "kappa", "kappa_std"), np.nan)
        reason = f"no two share {_LEAST_ITEMS} items of which it is known what is right"
        return unknown | {"n_compared": 0} | without_interval(np.nan, 0, reason).columns() | {"reason": reason}
    total = counts.sum(axis=1)
    observed, expected, kappa = _kappas(total)
    mask = kappa[np.isfinite(kappa)]
    row = {"n": float(total[:, 0].mean()), "observed": float(observed.mean()), "expected": float(expected.mean())}
    if not len(mask):
        row |= {"kappa": np.nan, "kappa_std": np.nan, "n_compared": 0}
        return row | without_interval(np.nan, 0, "none makes an error").columns() | {"reason": "none makes an error"}
    row |= {"kappa": float(mask.mean()), "kappa_std": float(mask.std(ddof=1)) if len(mask) > 1 else np.nan}
    interval = from_replicates(row["kappa"], _without(counts), FISHER)
    if row["expected"] > _MOST_EXPECTED and np.isfinite(interval.low):
        interval = without_interval(row["kappa"], interval.n, RARE)
    return row | {"n_compared": len(mask)} | interval.columns() | {"reason": ""}


def _without(counts: Numbers) -> Numbers:
    """(batches,), the mean kappa without each batch that has items of a comparison."""
    there = counts[:, counts[..., 0].sum(axis=0) > 0]
    rest = there.sum(axis=1, keepdims=True) - there
    kappa = _kappas(rest)[2]
    mask = np.isfinite(kappa) & (rest[..., 0] >= _LEAST_ITEMS)
    with np.errstate(invalid="ignore"):
        means: Numbers = np.where(mask, kappa, 0).sum(axis=0) / mask.sum(axis=0)
    return means
