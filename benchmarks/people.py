"""Figures of people and of deciders whose coverage `benchmarks.coverage` measures, by the code of the tables."""

import itertools
import zlib
from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.inference import Interval, chance_spread, spread, without_interval
from analysis.inference.rates import rate_limits
from analysis.tables.ceiling import Matrix
from analysis.tables.consistency import mean_kappa
from analysis.tables.drift import slope_within
from benchmarks.design import BASES, LAYOUT, THRESHOLD, Batches, Numbers

MANY = 10**9
"""More batches than there are: no interval, the figure alone."""

GROUPS = 3
SHIFT = 0.3
"""The share of answers "no" of the last group that become "yes", where groups differ."""
DRIFT_SD = 0.1
"""SD between raters of the change of identity, per hundred pairs, where they drift; its mean is 0."""

Rows = npt.NDArray[np.bool_]


def of_kind(kind: str) -> Rows:
    """The pairs (112,) of a kind; "all" is every pair."""
    return np.asarray(LAYOUT.kind == kind) | (kind == "all")


def rng_of(study: Batches) -> np.random.Generator:
    """A generator of the study's own, so that what is drawn beside it is the same whenever it is measured."""
    return np.random.default_rng(zlib.crc32(study.identity.tobytes()))


def kappa_of(study: Batches, least: int, *, kind: str, who: str) -> Interval:
    """Error consistency within a kind, by the majority: of people with a "model", of "people" with one another, or of
    the two "models".
    """
    rows = of_kind(kind)
    answers, accept = study.identity[:, rows].astype(np.int64), study.distance[:, rows] <= THRESHOLD
    if who == "models":
        share = study.rate[:, rows]
        right, second = share > 0.5, study.second[:, rows] <= THRESHOLD
        counts = _counts(share != 0.5, accept == right, second == right)[None]
        return _of_counts(counts, least)
    yes, n = answers.sum(axis=2), study.raters
    parts = []
    if who == "model":
        for rater in range(n):
            others = yes - answers[:, :, rater]
            clear, right = 2 * others != n - 1, 2 * others > n - 1
            parts.append(_counts(clear, (answers[:, :, rater] == 1) == right, accept == right))
    else:
        for a, b in itertools.combinations(range(n), 2):
            others = yes - answers[:, :, a] - answers[:, :, b]
            clear, right = 2 * others != n - 2, 2 * others > n - 2
            parts.append(_counts(clear, (answers[:, :, a] == 1) == right, (answers[:, :, b] == 1) == right))
    counts = np.concatenate(parts)
    if least == MANY:
        return _of_counts(counts[:, None], least)
    apart = np.zeros((len(counts), len(study.distance), 4))  # whoever is compared rated one batch
    apart[np.arange(len(counts)), np.tile(np.arange(len(study.distance)), len(parts))] = counts
    return _of_counts(apart, least)


def _counts(clear: Rows, first: Rows, second: Rows) -> Numbers:
    """(batches, 4): pairs, of which both are right or both wrong, the first, the second is right."""
    columns = [clear, clear & (first == second), clear & first, clear & second]
    return np.stack([column.sum(axis=1) for column in columns], axis=1).astype(np.float64)


def _of_counts(counts: Numbers, least: int) -> Interval:
    counts = counts[counts.sum(axis=1)[:, 0] >= 10]
    row = mean_kappa(counts if least < MANY else counts.sum(axis=1, keepdims=True))
    if least == MANY or not np.isfinite(row["low"]):
        return without_interval(row["kappa"], counts.shape[1])
    return Interval(row["kappa"], row["low"], row["high"], "jackknife", counts.shape[1])


def ceiling(study: Batches, least: int, *, kind: str, share: bool = False) -> Interval:
    """The split-half ceiling of identity, or the share of it that the model's correlation is."""
    rows = of_kind(kind)
    answers, distance = study.identity[:, rows].astype(np.float64), study.distance[:, rows]
    s, n, raters = answers.shape
    if least == MANY:
        halves = answers[:, :, ::2].mean(axis=2).ravel(), answers[:, :, 1::2].mean(axis=2).ravel()
        r = np.corrcoef(*halves)[0, 1]
        ceiling = np.sqrt(2 * r / (1 + r))
        correlation = np.corrcoef(answers.mean(axis=2).ravel(), distance.ravel())[0, 1]
        return without_interval(abs(correlation) / ceiling if share else ceiling, s)
    people = np.full((s, raters, s, n), np.nan)
    people[np.arange(s), :, np.arange(s)] = answers.transpose(0, 2, 1)
    items, batches = pd.DataFrame({"distance": distance.ravel()}), np.repeat(np.arange(s), n)
    of_people, of_model = Matrix(items, people.reshape(s * raters, s * n), batches).rows({"model": "distance"})
    if share:
        return Interval(of_model["share"], of_model["share_low"], of_model["share_high"], "jackknife", s)
    return Interval(of_people["split_half"], of_people["low"], of_people["high"], "jackknife", s)


def drift(study: Batches, least: int, *, sd: float) -> Interval:
    """The change of identity per hundred pairs rated, of raters who change by 0 on the average."""
    if least == MANY:
        return without_interval(0.0, len(study.distance))
    rng, (s, n, raters) = rng_of(study), study.identity.shape
    batch, pair, rater = (codes.ravel() for codes in np.indices(study.identity.shape))
    order = np.argsort(rng.random((s, raters, n)), axis=2).transpose(0, 2, 1).ravel() / 100
    own = sd * rng.normal(size=(s, raters))
    cases = pd.DataFrame({"unit": batch, "base_id": BASES * batch + LAYOUT.base[pair], "pair_id": batch * n + pair})
    cases["participant_id"] = batch * raters + rater
    cases["value"] = study.identity.ravel() + own[batch, rater] * order
    line = slope_within(cases, "pair_id", order, ("unit", "base_id"), "")
    return Interval(line["slope"], line["low"], line["high"], "jackknife", s, p=line["p"])


def band(study: Batches, least: int, *, threshold: float, same: bool) -> Interval:
    """The band of a ROC or DET curve at a threshold: false accepts, or false rejects, over all kinds."""
    share = study.rate
    of, error = (share > 0.5, study.distance > threshold) if same else (share < 0.5, study.distance <= threshold)
    total, errors = of.sum(axis=1).astype(np.float64), (of & error).sum(axis=1).astype(np.float64)
    estimate, s = errors.sum() / total.sum(), len(total)
    if least == MANY:
        return without_interval(estimate, s)
    bases = sum(int(of[:, LAYOUT.base == base].any(axis=1).sum()) for base in range(BASES))
    low, high, near = rate_limits(errors[None], total[None], bases)
    return Interval(estimate, float(low[0]), float(high[0]), "jackknife", s, "conservative" if near[0] else "")


def apart(study: Batches, least: int, *, differ: bool) -> Interval:
    """The largest less the smallest share of "yes" of three groups of participants, and p by permutation."""
    s, _, raters = study.identity.shape
    rng = rng_of(study)
    answers = study.identity.astype(np.float64)
    group = np.argsort(rng.random((s, raters)), axis=1) % GROUPS
    if differ:
        last = (group == GROUPS - 1)[:, None, :] & (rng.random(answers.shape) < SHIFT)
        answers = np.maximum(answers, last)
    groups = np.broadcast_to(group[:, None, :], answers.shape).ravel()
    means = np.bincount(groups, answers.ravel()) / np.bincount(groups)
    if least == MANY:
        return without_interval(means.max() - means.min() if differ else 0.0, s)
    batch, _, rater = (codes.ravel() for codes in np.indices(answers.shape))
    interval = spread(answers.ravel(), groups, batch)
    _, p = chance_spread(answers.ravel(), groups, batch * raters + rater, batch)
    return Interval(interval.estimate, interval.low, interval.high, interval.method, s, p=p)


MEASURES = {
    **{
        f"kappa of errors, {label}, {kind}": partial(kappa_of, kind=kind, who=who)
        for who, label in {"model": "people and model", "people": "people", "models": "two models"}.items()
        for kind in ("positive", "negative", "interpolation", "optimized")
    },
    "kappa of errors, people, all": partial(kappa_of, kind="all", who="people"),
    **{f"noise ceiling, {kind}": partial(ceiling, kind=kind) for kind in ("negative", "optimized", "all")},
    **{f"share of the ceiling, {kind}": partial(ceiling, kind=kind, share=True) for kind in ("optimized", "all")},
    "drift, none": partial(drift, sd=0.0),
    "drift, raters differ": partial(drift, sd=DRIFT_SD),
    **{
        f"{curve} at {threshold:g}": partial(band, threshold=threshold, same=same)
        for curve, same in {"ROC and DET, false accepts": False, "DET, false rejects": True}.items()
        for threshold in (0.3, 0.45, 0.7)
    },
    "group difference, none": partial(apart, differ=False),
    "group difference, one of three groups": partial(apart, differ=True),
}
