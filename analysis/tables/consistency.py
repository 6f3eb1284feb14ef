"""Whether people and models err on the same items: error consistency (Geirhos, Meding, Wichmann 2020)."""

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.frames import Numbers
from analysis.tables.deciders import PEOPLE, Deciders, conditions, deciders

SEED = 0

_MOST_COUPLES = 2000
"""Couples of people that are compared; of more, as many are drawn."""

_LEAST_ITEMS = 10
"""Items that two deciders share; of fewer, kappa is noise."""

_Compared = tuple[int, float, float, float]


def error_consistency(
    items: pd.DataFrame,
    ratings: pd.DataFrame,
    *,
    key: str,
    question: str,
    decisions: Mapping[str, str],
    references: Mapping[str, str] | None = None,
    condition: str | None = None,
) -> pd.DataFrame:
    """Cohen's kappa of who errs where: agreement of the errors beyond what the two accuracies alone would bring.

    With accuracies a and b, observed = share of items on which both are right or both wrong, expected = a b +
    (1 - a)(1 - b), kappa = (observed - expected) / (1 - expected): 1 the same errors, 0 independent ones.

    A person is compared by the items they rated; two deciders share at least 10 items. For "people" the figures are
    means over persons, or couples of them (2,000 drawn with seed 0 where there are more), kappa_std their SD.

    key, question, decisions, references: see `analysis.tables.deciders.deciders`.
    condition: a column of `items`; the comparison is also made within each of its values, by the references that say
        of any item there what is right.

    Columns: first, second ("people" or a model), reference, condition ("all", or a value of that column), n (items, of
    the mean comparison), observed, expected, kappa, kappa_std, n_compared (comparisons with a kappa), reason.

    Raises:
        MissingDataError: there are no answers to the question.
    """
    all_deciders = deciders(items, ratings, key=key, question=question, decisions=decisions, references=references)
    rows = []
    for name, rows_of in conditions(all_deciders, condition):
        within = all_deciders.among(rows_of)
        for reference in within.known_references:
            for first, second in itertools.combinations_with_replacement([PEOPLE, *within.models], 2):
                if first == second != PEOPLE:
                    continue
                compared = list(_compared(within, reference, first, second))
                head = {"first": first, "second": second, "reference": reference, "condition": name}
                rows.append(head | _mean(compared))
    return pd.DataFrame(rows)


def consistency(first_right: npt.NDArray[np.bool_], second_right: npt.NDArray[np.bool_]) -> tuple[float, float, float]:
    """observed, expected and kappa of two deciders on the same items; kappa is NaN where expected is 1."""
    a, b = first_right.mean(), second_right.mean()
    observed, expected = float((first_right == second_right).mean()), float(a * b + (1 - a) * (1 - b))
    return observed, expected, (observed - expected) / (1 - expected) if expected < 1 else np.nan


def _compared(of: Deciders, reference: str, first: str, second: str) -> Iterator[_Compared]:
    """n, observed, expected and kappa of each comparison."""
    couples: Iterator[tuple[Numbers, Numbers, Numbers]]
    if first == second:
        couples = ((of.people[a], of.people[b], of.right(reference, a, b)) for a, b in _couples(of.people))
    elif first == PEOPLE:
        couples = ((own, of.models[second], of.right(reference, who)) for who, own in enumerate(of.people))
    else:
        couples = iter([(of.models[first], of.models[second], of.right(reference))])
    for one, other, right in couples:
        known = np.isfinite(one) & np.isfinite(other) & np.isfinite(right)
        if known.sum() >= _LEAST_ITEMS:
            yield int(known.sum()), *consistency(one[known] == right[known], other[known] == right[known])


def _couples(people: Numbers) -> list[tuple[int, int]]:
    answered = np.isfinite(people).astype(np.float64)
    first, second = np.nonzero(np.triu(answered @ answered.T >= _LEAST_ITEMS, k=1))
    if len(first) > _MOST_COUPLES:
        drawn = np.sort(np.random.default_rng(SEED).choice(len(first), _MOST_COUPLES, replace=False))
        first, second = first[drawn], second[drawn]
    return list(zip(first.tolist(), second.tolist(), strict=True))


def _mean(compared: list[_Compared]) -> dict[str, Any]:
    if not compared:
        unknown = dict.fromkeys(("n", "observed", "expected", "kappa", "kappa_std"), np.nan)
        reason = f"no two share {_LEAST_ITEMS} items of which it is known what is right"
        return unknown | {"n_compared": 0, "reason": reason}
    n, observed, expected, kappa = (np.array(column, np.float64) for column in zip(*compared, strict=True))
    known = kappa[np.isfinite(kappa)]
    return {
        "n": float(n.mean()),
        "observed": float(observed.mean()),
        "expected": float(expected.mean()),
        "kappa": float(known.mean()) if len(known) else np.nan,
        "kappa_std": float(known.std(ddof=1)) if len(known) > 1 else np.nan,
        "n_compared": len(known),
        "reason": "" if len(known) else "none makes an error",
    }
