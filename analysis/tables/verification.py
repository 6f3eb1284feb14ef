"""Models against people: error curves, rates at the threshold, and the threshold that agrees best."""

from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score, roc_curve

from analysis import frames
from analysis.errors import MissingDataError
from analysis.frames import Numbers, Table
from analysis.inference import weighted_auc, wilson
from analysis.intervals import bootstrap

_FIGURES = (
    *("auc", "auc_low", "auc_high", "eer", "eer_threshold", "threshold"),
    *("agreement", "best_threshold", "best_low", "best_high", "best_agreement"),
)


def decided(rated: pd.DataFrame, name: str) -> pd.DataFrame:
    """The rated pairs that a recognizer acquired and on which most people agree; where half say each, a pair is a tie.

    Columns: those of the pair, and distance, accept (bool), same (whether most people see one identity).
    """
    acquired = rated[rated[f"{name}_distance"].notna() & rated[f"{name}_accept"].notna()]
    clear = acquired[acquired["identity_rate"].notna() & (acquired["identity_rate"] != 0.5)]
    return clear.assign(
        distance=clear[f"{name}_distance"],
        accept=clear[f"{name}_accept"].astype(bool),
        same=clear["identity_rate"] > 0.5,
    )


def roc(pairs: Table, ratings: Table | None = None) -> pd.DataFrame:
    """Every operating point of each recognizer, the majority of people being right; ties are left out.

    Columns: recognizer, threshold (accepts a distance up to it; -inf: nothing), false_accept_rate (of the pairs that
    most people call two identities), false_reject_rate (of those that most call one). A ROC curve draws 1 -
    false_reject_rate over false_accept_rate, a DET curve false_reject_rate over it.

    Raises:
        MissingDataError: there are no ratings, or people see the same identity in all pairs or none.
    """
    rated = frames.rated(pairs, ratings)
    curves = []
    for name in frames.recognizers(rated):
        pairs_of = decided(rated, name)
        if pairs_of["same"].nunique() == 2:
            curves.append(_curve(pairs_of).pipe(_labeled, name))
    if not curves:
        raise MissingDataError("no recognizer has both pairs that most people call the same and pairs they do not")
    return pd.concat(curves, ignore_index=True)


def verification(
    pairs: Table, ratings: Table | None = None, thresholds: dict[str, float] | None = None
) -> pd.DataFrame:
    """How each recognizer does against people, over all kinds.

    thresholds: the recognizers' own; what their decisions show where it is left out.

    auc, eer: area under the ROC curve and equal error rate (where the two error rates cross, linear between operating
    points) against the majority, ties left out; eer_threshold is where. agreement: the share of people's answers that
    the recognizer gives at its threshold, each pair counting once, ties included; best_threshold has the highest
    (midway between the two distances it parts), with best_agreement on the same pairs. Intervals (auc_low, auc_high,
    best_low, best_high): bootstrap over bases.

    Columns: recognizer, n_same, n_different, ties, failures, auc, auc_low, auc_high, eer, eer_threshold, threshold,
    agreement, best_threshold, best_low, best_high, best_agreement, reason.

    Raises:
        MissingDataError: there are no ratings, or no recognizer.
    """
    rated = frames.rated(pairs, ratings)
    rated = rated[rated["identity_rate"].notna()]
    names = frames.recognizers(rated)
    if rated.empty or not names:
        raise MissingDataError("the dataset has no ratings of identity" if names else "the dataset has no recognizer")
    own = frames.thresholds(rated) | (thresholds or {})
    table = pd.DataFrame([{"recognizer": name} | _summary(rated, name, own[name]) for name in names])
    return table[["recognizer", "n_same", "n_different", "ties", "failures", *_FIGURES, "reason"]]


def error_rates(pairs: Table, ratings: Table | None = None) -> pd.DataFrame:
    """False accepts and false rejects of each recognizer's decisions, by kind, the majority of people being right.

    Columns: recognizer, kind (last "all"), rate ("false accept": accepted among pairs that most people call two
    identities; "false reject": rejected among those that most call one), n, errors, value, low, high (Wilson),
    failures (rated pairs of the kind that were not acquired, in no other column), reason.

    Raises:
        MissingDataError: there are no ratings.
    """
    rated = frames.rated(pairs, ratings)
    rated = rated[rated["identity_rate"].notna()]
    rows: list[dict[str, Any]] = []
    for name in frames.recognizers(rated):
        for kind, level, cell in frames.cells(rated):
            if np.isnan(level):
                head = {"recognizer": name, "kind": kind}
                failures = int(cell[f"{name}_accept"].isna().sum())
                rows += [head | rate | {"failures": failures} for rate in _rates(decided(cell, name))]
    if not rows:
        raise MissingDataError("the dataset has no ratings of identity or no recognizer")
    order = ["recognizer", "kind", "rate", "n", "errors", "value", "low", "high", "failures", "reason"]
    return pd.DataFrame(rows)[order]


def best_threshold(distance: Numbers, identity_rate: Numbers) -> tuple[float, float]:
    """The threshold that gives most of people's answers, and their share; NaN where that is to accept nothing."""
    cuts, gains = _gains(distance, identity_rate, np.ones((1, len(distance))))
    best = int(np.argmax(gains[0]))
    agreement = float(np.mean(1 - identity_rate) + gains[0, best] / len(distance))
    return float(cuts[best]), agreement


def _summary(rated: pd.DataFrame, name: str, threshold: float) -> dict[str, Any]:
    clear = decided(rated, name)
    acquired = rated[rated[f"{name}_distance"].notna() & rated[f"{name}_accept"].notna()]
    row: dict[str, Any] = {
        "n_same": int(clear["same"].sum()),
        "n_different": int((~clear["same"]).sum()),
        "ties": len(acquired) - len(clear),
        "failures": len(rated) - len(acquired),
        "threshold": threshold,
    }
    row = dict.fromkeys(_FIGURES, np.nan) | row
    if acquired.empty:
        return row | {"reason": "no rated pair was acquired"}
    distance, rate = (acquired[column].to_numpy(np.float64) for column in (f"{name}_distance", "identity_rate"))
    accept = acquired[f"{name}_accept"].astype(bool).to_numpy()
    row["agreement"] = float(np.where(accept, rate, 1 - rate).mean())
    if np.all(rate == 1) or np.all(rate == 0):
        return row | {"reason": "all answers are the same: every threshold on one side of all distances is as good"}
    row["best_threshold"], row["best_agreement"] = best_threshold(distance, rate)
    row["best_low"], row["best_high"] = bootstrap(
        lambda weights: _best_of_each(distance, rate, weights), acquired["base_id"]
    )
    reason = "" if np.isfinite(row["best_threshold"]) else "people's answers are met best where nothing is accepted"
    if clear["same"].nunique() < 2:
        one_side = "people see the same identity in all pairs or in none"
        return row | {"reason": "; ".join(filter(None, [one_side, reason]))}
    same, score = clear["same"].to_numpy(), clear["distance"].to_numpy(np.float64)
    row["auc"] = float(roc_auc_score(same, -score))
    row["auc_low"], row["auc_high"] = bootstrap(lambda weights: weighted_auc(same, score, weights), clear["base_id"])
    row["eer"], row["eer_threshold"] = equal_error_rate(_curve(clear))
    return row | {"reason": reason}


def equal_error_rate(curve: pd.DataFrame) -> tuple[float, float]:
    """Where the two error rates of a curve of `roc` cross, linear between its points: the rate and the threshold."""
    far, frr = curve["false_accept_rate"].to_numpy(), curve["false_reject_rate"].to_numpy()
    threshold = curve["threshold"].to_numpy()
    after = int(np.argmax(far >= frr))
    gap = frr - far
    share = gap[after - 1] / (gap[after - 1] - gap[after])
    rate = far[after - 1] + share * (far[after] - far[after - 1])
    if not np.isfinite(threshold[after - 1]):
        return float(rate), float(threshold[after])
    return float(rate), float(threshold[after - 1] + share * (threshold[after] - threshold[after - 1]))


def _curve(clear: pd.DataFrame) -> pd.DataFrame:
    false_accepts, true_accepts, scores = roc_curve(clear["same"], -clear["distance"], drop_intermediate=False)
    rates = {"false_accept_rate": false_accepts, "false_reject_rate": 1 - true_accepts}
    return pd.DataFrame({"threshold": -scores} | rates)


def _labeled(table: pd.DataFrame, name: str) -> pd.DataFrame:
    table.insert(0, "recognizer", name)
    return table


def _rates(clear: pd.DataFrame) -> list[dict[str, Any]]:
    same, accept = clear["same"].to_numpy(), clear["accept"].to_numpy()
    sides = {"false accept": accept[~same], "false reject": ~accept[same]}
    rows = []
    for rate, errors in sides.items():
        low, high = wilson(int(errors.sum()), len(errors))
        value = float(errors.mean()) if len(errors) else np.nan
        row = {"rate": rate, "n": len(errors), "errors": int(errors.sum()), "value": value, "low": low, "high": high}
        rows.append(row | {"reason": "" if len(errors) else "no such pair"})
    return rows


def _gains(distance: Numbers, rate: Numbers, weights: Numbers) -> tuple[Numbers, Numbers]:
    """Thresholds (c,), from one that accepts nothing (NaN) up, and what each gains in people's answers (r, c)."""
    distinct, group = np.unique(distance, return_inverse=True)
    order = np.argsort(group, kind="stable")
    starts = np.searchsorted(group[order], np.arange(len(distinct)))
    gained = np.add.reduceat((weights * (2 * rate - 1))[:, order], starts, axis=1).cumsum(axis=1)
    cuts = np.concatenate([[np.nan], (distinct[:-1] + distinct[1:]) / 2, distinct[-1:]])
    return cuts, np.concatenate([np.zeros((len(weights), 1)), gained], axis=1)


def _best_of_each(distance: Numbers, rate: Numbers, weights: Numbers) -> Numbers:
    cuts, gains = _gains(distance, rate, weights)
    best: Numbers = cuts[np.argmax(gains, axis=1)]
    return best
