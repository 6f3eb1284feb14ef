"""Whether people and models err on the same pairs: error consistency (Geirhos, Meding, Wichmann 2020)."""

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis import frames
from analysis.errors import MissingDataError
from analysis.frames import Column, Numbers, Table
from analysis.tables.answers import answers

REFERENCES = ("majority", "construction")
SEED = 0

_MOST_COUPLES = 2000
"""Of two people who are compared; of more, as many are drawn."""

_LEAST_PAIRS = 10
"""That two deciders share; of fewer, kappa is noise."""


def error_consistency(pairs: Table, ratings: Table) -> pd.DataFrame:
    """Cohen's kappa of who errs where: agreement of the errors beyond what the two accuracies alone would bring.

    With accuracies a and b, observed = share of pairs on which both are right or both wrong, expected = a b +
    (1 - a)(1 - b), kappa = (observed - expected) / (1 - expected): 1 the same errors, 0 independent ones.

    What is right (`reference`): "majority", the answer of most people, of those who are being compared none (where the
    others are split, the pair does not count); or "construction", on genuine (same) and negative (different) pairs
    alone. A person is compared by the pairs they rated; two deciders share at least 10 pairs. For "people" the figures
    are means over persons, or couples of them (2,000 drawn with seed 0 where there are more), kappa_std their SD.

    Columns: first, second ("people" or a recognizer), reference, n (pairs, of the mean comparison), observed,
    expected, kappa, kappa_std, n_compared (comparisons with a kappa), reason.

    Raises:
        MissingDataError: there are no ratings of identity.
    """
    given = answers(pairs, ratings).dropna(subset="identity")
    if given.empty:
        raise MissingDataError("the dataset has no ratings of identity")
    scored = frames.frame(pairs)
    scored = scored[scored["pair_id"].isin(given["pair_id"])].reset_index(drop=True)
    people = given.pivot_table(index="participant_id", columns="pair_id", values="identity")
    said = people.reindex(columns=scored["pair_id"]).to_numpy(np.float64)
    deciders = {name: _decisions(scored[f"{name}_accept"]) for name in frames.recognizers(scored)}
    kind = scored["kind"].astype("str").to_numpy()
    built = np.where(kind == "genuine", 1.0, np.where(kind == "negative", 0.0, np.nan))
    rows = []
    for reference in REFERENCES:
        truth = Truth(said, built if reference == "construction" else None)
        for first, second in itertools.combinations_with_replacement(["people", *deciders], 2):
            if first == second != "people":
                continue
            compared = list(_compared(truth, deciders.get(first), deciders[second] if second != "people" else None))
            rows.append({"first": first, "second": second, "reference": reference} | _mean(compared))
    return pd.DataFrame(rows)


class Truth:
    """What is right of each pair: as it was constructed, or what most of those say who are not compared."""

    def __init__(self, said: Numbers, built: Numbers | None) -> None:
        """said: (people, pairs), 0 or 1, NaN where they did not answer."""
        self.said = said
        self._built = built
        self._yes, self._answers = np.nansum(said, axis=0), np.isfinite(said).sum(axis=0)

    def without(self, *people: int) -> Numbers:
        """(pairs,), 0 or 1, NaN where it is not known."""
        if self._built is not None:
            return self._built
        own = self.said[list(people)]
        yes, answered = self._yes - np.nansum(own, axis=0), self._answers - np.isfinite(own).sum(axis=0)
        return np.where(2 * yes > answered, 1.0, np.where(2 * yes < answered, 0.0, np.nan))


def consistency(first_right: npt.NDArray[np.bool_], second_right: npt.NDArray[np.bool_]) -> tuple[float, float, float]:
    """observed, expected and kappa of two deciders on the same pairs; kappa is NaN where expected is 1."""
    a, b = first_right.mean(), second_right.mean()
    observed, expected = float((first_right == second_right).mean()), float(a * b + (1 - a) * (1 - b))
    return observed, expected, (observed - expected) / (1 - expected) if expected < 1 else np.nan


def _compared(truth: Truth, first: Numbers | None, second: Numbers | None) -> Iterator[tuple[int, float, float, float]]:
    """n, observed, expected, kappa of each comparison; None stands for people."""
    if first is not None and second is not None:
        couples = [(first, second, truth.without())]
    elif second is not None:
        couples = [(own, second, truth.without(person)) for person, own in enumerate(truth.said)]
    else:
        couples = [(truth.said[a], truth.said[b], truth.without(a, b)) for a, b in _couples(truth.said)]
    for one, other, right in couples:
        known = np.isfinite(one) & np.isfinite(other) & np.isfinite(right)
        if known.sum() >= _LEAST_PAIRS:
            yield int(known.sum()), *consistency(one[known] == right[known], other[known] == right[known])


def _couples(said: Numbers) -> list[tuple[int, int]]:
    answered = np.isfinite(said).astype(np.float64)
    first, second = np.nonzero(np.triu(answered @ answered.T >= _LEAST_PAIRS, k=1))
    if len(first) > _MOST_COUPLES:
        drawn = np.sort(np.random.default_rng(SEED).choice(len(first), _MOST_COUPLES, replace=False))
        first, second = first[drawn], second[drawn]
    return list(zip(first.tolist(), second.tolist(), strict=True))


def _mean(compared: list[tuple[int, float, float, float]]) -> dict[str, Any]:
    if not compared:
        unknown = dict.fromkeys(("n", "observed", "expected", "kappa", "kappa_std"), np.nan)
        return unknown | {
            "n_compared": 0,
            "reason": f"no two share {_LEAST_PAIRS} pairs of which it is known what is right",
        }
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


def _decisions(accept: Column) -> Numbers:
    return np.asarray(accept.astype("Float64").to_numpy(np.float64, na_value=np.nan))
