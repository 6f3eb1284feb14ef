"""Whether people and classifiers, and two classifiers, err on the same pictures."""

import itertools
from typing import Any

import numpy as np
import pandas as pd

from analysis.errors import MissingDataError
from analysis.inference import FISHER, Numbers, jackknife
from analysis.studies.classification.data import UNITS, Classification, relevance_decisions
from analysis.tables.consistency import consistency, error_consistency
from analysis.tables.deciders import ALL, PEOPLE

EVERY_ROW = "every row"
"""The rows of the source that two classifiers are compared on; items are drawn because one of them erred."""


def consistency_of(study: Classification) -> pd.DataFrame:
    """Cohen's kappa of who errs where; see `analysis.tables.consistency.error_consistency`.

    Of people it is over the items, condition "all": an answer is wrong by the majority of the others, or by the label,
    which says yes of itself alone. Of two classifiers it is over every row, by the label, condition "every row".

    Raises:
        MissingDataError: nobody answered, and there is one classifier.
    """
    parts = []
    try:
        with_people = error_consistency(**relevance_decisions(study))
        parts.append(with_people[with_people["first"] == PEOPLE].assign(condition=ALL))
    except MissingDataError:
        if len(study.classifiers) < 2 or study.labeled.empty:
            raise
    couples = [_couple(study, *couple) for couple in itertools.combinations(study.classifiers, 2)]
    return pd.concat([*parts, *([pd.DataFrame(couples)] if couples else [])], ignore_index=True)


def _couple(study: Classification, first: str, second: str) -> dict[str, Any]:
    both = study.labeled.dropna(subset=[f"{first}_top1", f"{second}_top1"])
    one, other = ((both[f"{name}_top1"] == both["label"]).to_numpy(np.bool_) for name in (first, second))
    observed, expected, kappa = consistency(one, other)
    head = {"first": first, "second": second, "reference": "label", "condition": EVERY_ROW, "n": float(len(both))}
    head |= {"observed": observed, "expected": expected, "kappa": kappa, "kappa_std": np.nan}
    if not np.isfinite(kappa):
        reason = "none makes an error"
        return head | {"n_compared": 0, "low": np.nan, "high": np.nan, "interval": reason, "reason": reason}

    def statistic(weights: Numbers) -> Numbers:
        n = weights.sum(axis=1)
        a, b, same = (weights @ one / n, weights @ other / n, weights @ (one == other) / n)
        by_chance = a * b + (1 - a) * (1 - b)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray((same - by_chance) / (1 - by_chance), np.float64)

    interval = jackknife(statistic, both[UNITS[0]], FISHER)
    return head | {"n_compared": 1} | interval.columns() | {"reason": ""}
