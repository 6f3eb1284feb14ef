"""Models against people: error curves, rates at the threshold, and the threshold that agrees best."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.metrics import roc_auc_score, roc_curve

from analysis.errors import MissingDataError
from analysis.frames import Numbers, Table
from analysis.inference import LOGIT, Interval, jackknife, peak, together, weighted_auc
from analysis.inference import rate as rate_interval
from analysis.inference.interval import LEAST
from analysis.inference.rates import rate_limits
from analysis.studies.verification import data

_FIGURES = (
    *("auc", "auc_low", "auc_high", "eer", "eer_low", "eer_high", "eer_threshold", "threshold"),
    *("agreement", "agreement_low", "agreement_high", "best_threshold", "best_low", "best_high", "best_agreement"),
)


def decided(rated_pairs: pd.DataFrame, name: str) -> pd.DataFrame:
    """The rated pairs that a recognizer acquired and on which most people agree; where half say each, a pair is a tie.

    Columns: those of the pair, and distance, accept (bool), same (whether most people see one identity).
    """
    acquired = rated_pairs[rated_pairs[f"{name}_distance"].notna() & rated_pairs[f"{name}_accept"].notna()]
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
    false_reject_rate over false_accept_rate, a DET curve false_reject_rate over it. n_different, n_same: pairs that
    the two rates are of. false_accept_low, false_accept_high, false_reject_low, false_reject_high: the interval of each
    rate at this threshold alone (see `analysis.inference.rates.rate_limits`); NaN with too few batches.

    Raises:
        MissingDataError: there are no ratings, or people see the same identity in all pairs or none.
    """
    rated_pairs = data.with_answers(pairs, ratings)
    curves = []
    for name in data.recognizers(rated_pairs):
        pairs_of = decided(rated_pairs, name)
        if pairs_of["same"].nunique() == 2:
            curves.append(_curve(pairs_of).pipe(_labeled, name).join(_bands(pairs_of)))
    if not curves:
        raise MissingDataError("no recognizer has both pairs that most people call the same and pairs they do not")
    return pd.concat(curves, ignore_index=True)


def verification(
    pairs: Table, ratings: Table | None = None, thresholds: Mapping[str, float] | None = None
) -> pd.DataFrame:
    """Each recognizer's rates against people, over all kinds.

    thresholds: the recognizers' own; what their decisions show where it is left out.

    auc, eer: area under the ROC curve and equal error rate (where the two error rates cross, linear between operating
    points) against the majority, ties left out; eer_threshold is where. agreement: the share of people's answers that
    the recognizer gives at its threshold, each pair counting once, ties included; best_threshold has the highest
    (midway between the two distances it parts), with best_agreement on the same pairs. Intervals leave out
    one batch after the other; `interval` says how each was made, or why there is none (see `analysis.inference`).

    Columns: recognizer, n_same, n_different, ties, failures, auc, auc_low, auc_high, eer, eer_low, eer_high,
    eer_threshold, threshold, agreement, agreement_low, agreement_high, best_threshold, best_low, best_high,
    best_agreement, interval, reason.

    Raises:
        MissingDataError: there are no ratings, or no recognizer.
    """
    rated_pairs = data.with_answers(pairs, ratings)
    rated_pairs = rated_pairs[rated_pairs["identity_rate"].notna()]
    names = data.recognizers(rated_pairs)
    if rated_pairs.empty or not names:
        raise MissingDataError("the dataset has no ratings of identity" if names else "the dataset has no recognizer")
    own = data.thresholds(rated_pairs) | dict(thresholds or {})
    table = pd.DataFrame([{"recognizer": name} | _summary(rated_pairs, name, own[name]) for name in names])
    return table[["recognizer", "n_same", "n_different", "ties", "failures", *_FIGURES, "interval", "reason"]]


def error_rates(pairs: Table, ratings: Table | None = None) -> pd.DataFrame:
    """False accepts and false rejects of each recognizer's decisions, by kind, the majority of people being right.

    Columns: recognizer, kind (last "all"), rate ("false accept": accepted among pairs that most people call two
    identities; "false reject": rejected among those that most call one), n, errors, value, low, high, interval (how it
    was made, or why there is none), failures (rated pairs of the kind that were not acquired, in no other column),
    reason.

    Raises:
        MissingDataError: there are no ratings.
    """
    rated_pairs = data.with_answers(pairs, ratings)
    rated_pairs = rated_pairs[rated_pairs["identity_rate"].notna()]
    rows: list[dict[str, Any]] = []
    for name in data.recognizers(rated_pairs):
        for kind, level, cell in data.cells(rated_pairs):
            if np.isnan(level):
                head = {"recognizer": name, "kind": kind}
                failures = int(cell[f"{name}_accept"].isna().sum())
                rows += [head | rate | {"failures": failures} for rate in _rates(decided(cell, name))]
    if not rows:
        raise MissingDataError("the dataset has no ratings of identity or no recognizer")
    order = ["recognizer", "kind", "rate", "n", "errors", "value", "low", "high"]
    order += ["interval", "failures", "reason"]
    return pd.DataFrame(rows)[order]


def best_threshold(distance: Numbers, identity_rate: Numbers) -> tuple[float, float]:
    """The threshold that gives most of people's answers, and their share; NaN where that is to accept nothing."""
    cuts, gains = _gains(distance, identity_rate, np.ones((1, len(distance))))
    best = int(np.argmax(gains[0]))
    agreement = float(np.mean(1 - identity_rate) + gains[0, best] / len(distance))
    return float(cuts[best]), agreement


def _summary(rated_pairs: pd.DataFrame, name: str, threshold: float) -> dict[str, Any]:
    clear = decided(rated_pairs, name)
    acquired = rated_pairs[rated_pairs[f"{name}_distance"].notna() & rated_pairs[f"{name}_accept"].notna()]
    row: dict[str, Any] = {
        "n_same": int(clear["same"].sum()),
        "n_different": int((~clear["same"]).sum()),
        "ties": len(acquired) - len(clear),
        "failures": len(rated_pairs) - len(acquired),
        "threshold": threshold,
    }
    row = dict.fromkeys(_FIGURES, np.nan) | {"interval": ""} | row
    if acquired.empty:
        return row | {"reason": "no rated pair was acquired"}
    distance, share = (acquired[column].to_numpy(np.float64) for column in (f"{name}_distance", "identity_rate"))
    accept = acquired[f"{name}_accept"].astype(bool).to_numpy()
    agreement = rate_interval(np.where(accept, share, 1 - share), acquired[list(data.UNIT_COLUMNS)])
    row |= {"agreement": agreement.estimate, "agreement_low": agreement.low, "agreement_high": agreement.high}
    if np.all(share == 1) or np.all(share == 0):
        reason = "all answers are the same: every threshold on one side of all distances is as good"
        return row | {"interval": together(agreement=agreement), "reason": reason}
    row["best_threshold"], row["best_agreement"] = best_threshold(distance, share)
    best = peak(*agreement_curve(distance, share), acquired["unit"])
    row |= {"best_low": best.low, "best_high": best.high}
    reason = "" if np.isfinite(row["best_threshold"]) else "people's answers are met best where nothing is accepted"
    if clear["same"].nunique() < 2:
        one_side = "people see the same identity in all pairs or in none"
        reason = "; ".join(filter(None, [one_side, reason]))
        return row | {"interval": together(agreement=agreement, best_threshold=best), "reason": reason}
    auc, eer, threshold = _separation(clear)
    row |= {"auc": auc.estimate, "auc_low": auc.low, "auc_high": auc.high}
    row |= {"eer": eer.estimate, "eer_low": eer.low, "eer_high": eer.high, "eer_threshold": threshold}
    return row | {"interval": together(auc=auc, eer=eer, agreement=agreement, best_threshold=best), "reason": reason}


def _separation(clear: pd.DataFrame) -> tuple[Interval, Interval, float]:
    """Area under the curve, equal error rate, and the threshold where the error rates are equal."""
    same, score = clear["same"].to_numpy(), clear["distance"].to_numpy(np.float64)
    auc = jackknife(lambda weights: weighted_auc(same, score, weights), clear["unit"], LOGIT)
    rate, threshold = equal_error_rate(_curve(clear))
    eer = jackknife(lambda weights: weighted_eer(same, score, weights), clear["unit"], LOGIT)
    return replace(auc, estimate=float(roc_auc_score(same, -score))), replace(eer, estimate=rate), threshold


def weighted_eer(same: npt.NDArray[np.bool_], distance: Numbers, weights: Numbers) -> Numbers:
    """Equal error rates (r,) of rows with weights (r, n), linear between the points of the curve; see `verification`.

    NaN where only one side has weight.
    """
    distinct, group = np.unique(distance, return_inverse=True)
    order = np.argsort(group, kind="stable")
    starts = np.searchsorted(group[order], np.arange(len(distinct)))
    accepts, rejects = (
        np.add.reduceat((weights * side)[:, order], starts, axis=1).cumsum(axis=1) for side in (~same, same)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        far = np.insert(accepts / accepts[:, -1:], 0, 0, axis=1)
        frr = np.insert(1 - rejects / rejects[:, -1:], 0, 1, axis=1)
        rows, after = np.arange(len(weights)), np.maximum(np.argmax(far >= frr, axis=1), 1)
        before, gap = after - 1, frr - far
        share = gap[rows, before] / (gap[rows, before] - gap[rows, after])
        return np.asarray(far[rows, before] + share * (far[rows, after] - far[rows, before]), np.float64)


def equal_error_rate(curve: pd.DataFrame) -> tuple[float, float]:
    """The rate and threshold at which the two error rates of a curve of `roc` cross, linear between its points."""
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


def _bands(clear: pd.DataFrame) -> pd.DataFrame:
    """The intervals of both error rates at every threshold of `_curve`."""
    columns: dict[str, Any] = {}
    distinct, place = np.unique(clear["distance"].to_numpy(np.float64), return_inverse=True)
    same = clear["same"].to_numpy()
    for rate, side in {"false_accept": ~same, "false_reject": same}.items():
        columns["n_same" if rate == "false_reject" else "n_different"] = int(side.sum())
        batches = pd.factorize(clear.loc[side, "unit"])[0]
        accepted = np.zeros((len(distinct) + 1, int(batches.max()) + 1))
        np.add.at(accepted, (place[side] + 1, batches), 1)
        accepted = accepted.cumsum(axis=0)
        total = accepted[-1]
        errors = accepted if rate == "false_accept" else total - accepted
        low = high = np.full(len(errors), np.nan)
        if len(total) >= LEAST:
            low, high, _ = rate_limits(errors, np.broadcast_to(total, errors.shape), clear[side]["base_id"].nunique())
        columns |= {f"{rate}_low": low, f"{rate}_high": high}
    return pd.DataFrame(columns)


def _labeled(table: pd.DataFrame, name: str) -> pd.DataFrame:
    table.insert(0, "recognizer", name)
    return table


def _rates(clear: pd.DataFrame) -> list[dict[str, Any]]:
    same, accept = clear["same"].to_numpy(), clear["accept"].to_numpy()
    units = clear[list(data.UNIT_COLUMNS)]
    sides = {"false accept": accept[~same], "false reject": ~accept[same]}
    rows = []
    for rate, errors in sides.items():
        interval = rate_interval(errors.astype(np.float64), units[~same if rate == "false accept" else same])
        row = {"rate": rate, "n": len(errors), "errors": int(errors.sum()), "value": interval.estimate}
        rows.append(row | interval.columns() | {"reason": "" if len(errors) else "no such pair"})
    return rows


def _gains(distance: Numbers, rate: Numbers, weights: Numbers) -> tuple[Numbers, Numbers]:
    """Thresholds (c,), from one that accepts nothing (NaN) up, and what each gains in people's answers (r, c)."""
    distinct, group = np.unique(distance, return_inverse=True)
    order = np.argsort(group, kind="stable")
    starts = np.searchsorted(group[order], np.arange(len(distinct)))
    gained = np.add.reduceat((weights * (2 * rate - 1))[:, order], starts, axis=1).cumsum(axis=1)
    cuts = np.concatenate([[np.nan], (distinct[:-1] + distinct[1:]) / 2, distinct[-1:]])
    return cuts, np.concatenate([np.zeros((len(weights), 1)), gained], axis=1)


def agreement_curve(distance: Numbers, rate: Numbers) -> tuple[Numbers, Callable[[Numbers], Numbers]]:
    """Thresholds (c,), and what share of people's answers each gives more than to accept nothing, by weights."""
    cuts, _ = _gains(distance, rate, np.ones((1, len(distance))))
    return cuts, lambda weights: _gains(distance, rate, weights)[1] / weights.sum(axis=1, keepdims=True)
