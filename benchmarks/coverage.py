"""The coverage of the report's intervals, in studies drawn as ours are: see `benchmarks.design`.

python -m benchmarks.coverage [--replications 2000] [--only WORD]

Every cell draws 2,000 studies of 3, 5 and 10 batches of 4 bases with 10 raters each, and calls what the tables call; of
prediction-powered means, of 6, 10 and 20 batches, the first half of which people rated.
The truth is the same figure of 20,000 other batches. Printed: the share of intervals that hold it, in percent, with its
Monte Carlo error where that is not 0.5; "-": so many of the studies have no interval. Up to 2 batches (8 bases) have
none by rule.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import numpy.typing as npt

from analysis.inference import (
    FISHER,
    LOGIT,
    PLAIN,
    Interval,
    jackknife,
    peak,
    rate,
    stratified,
    weighted_auc,
    weighted_mean,
    weighted_pearson,
    weighted_spearman,
)
from analysis.studies.verification.tables.verification import agreement_curve, weighted_eer
from analysis.tables.agreement import alpha_of_sums
from analysis.tables.prediction_powered import powered_mean
from analysis.tables.psychometric import with_intervals
from benchmarks import people
from benchmarks.design import KINDS, LAYOUT, THRESHOLD, Batches, Numbers, draw
from benchmarks.people import MANY

BATCHES, BATCHES_HALF_RATED = (3, 5, 10), (6, 10, 20)
REPLICATIONS = 2000
RATERS = 10
POOL, TRUTH, POOL_WITHOUT, TRUTH_WITHOUT = 11, 12, 13, 14
"""Seeds: of studies, of the truth; of both where within a kind distances say nothing."""

Rows = npt.NDArray[np.bool_]
Measure = Callable[[Batches, int], Interval]
"""A function from a study, and the fewest batches for an interval, to a figure with its interval."""


def of_kind(kind: str) -> Rows:
    """The pairs (112,) of a kind; "all" leaves genuine ones out, as Table 2 does."""
    return np.asarray(LAYOUT.kind != "genuine" if kind == "all" else LAYOUT.kind == kind)


def batch_of(study: Batches, per_batch: int) -> npt.NDArray[np.intp]:
    """The batch of each row, so many rows a batch."""
    return np.repeat(np.arange(len(study.distance)), per_batch)


def units_of(study: Batches, rows: Rows) -> npt.NDArray[np.intp]:
    """Batch and base of each pair."""
    batch = batch_of(study, int(rows.sum()))
    return np.column_stack([batch, 4 * batch + np.tile(LAYOUT.base[rows], len(study.distance))])


def correlation(study: Batches, least: int, *, kind: str, ranks: bool = False) -> Interval:
    """Table 2."""
    rows = of_kind(kind)
    statistic = weighted_spearman if ranks else weighted_pearson
    of_rows = statistic(study.rate[:, rows].ravel(), study.distance[:, rows].ravel())
    return jackknife(of_rows, batch_of(study, int(rows.sum())), FISHER, null=0, least=least)


def similarity(study: Batches, least: int, *, kind: str) -> Interval:
    """A mean of Table 1."""
    rows = of_kind(kind)
    means = study.similarity[:, rows].ravel() / study.raters
    return jackknife(weighted_mean(means), batch_of(study, int(rows.sum())), PLAIN, least=least)


def identity_rate(study: Batches, least: int, *, kind: str) -> Interval:
    """Identity rate of Table 1."""
    rows = of_kind(kind)
    return rate(study.rate[:, rows].ravel(), units_of(study, rows), least=least)


def accepted(study: Batches, least: int, *, kind: str) -> Interval:
    """Accept rate of Table 1, and of transfer."""
    rows = of_kind(kind)
    return rate((study.distance[:, rows] <= THRESHOLD).ravel().astype(np.float64), units_of(study, rows), least=least)


def erred(study: Batches, least: int, *, kind: str, same: bool) -> Interval:
    """Error rates against the majority."""
    rows = of_kind(kind)
    accept, majority = (study.distance[:, rows] <= THRESHOLD).ravel(), study.rate[:, rows].ravel()
    of = majority > 0.5 if same else majority < 0.5
    return rate((accept != same)[of].astype(np.float64), units_of(study, rows)[of], least=least)


def calibrated(study: Batches, least: int) -> Interval:
    """A bin of calibration."""
    rows = of_kind("all")
    inside = (study.distance[:, rows].ravel() > 0.6) & (study.distance[:, rows].ravel() < 0.7)
    return rate(study.rate[:, rows].ravel()[inside], units_of(study, rows)[inside], least=least)


def psychometric(study: Batches, least: int, *, kind: str, figure: str) -> Interval:
    """Threshold or slope of the psychometric function of a kind."""
    rows = of_kind(kind)
    score, share = study.distance[:, rows].ravel(), study.rate[:, rows].ravel()
    batch = batch_of(study, int(rows.sum()))
    n = np.full(len(score), float(study.raters))
    return with_intervals(score, share, n, batch, least)[2][figure]


def answered(study: Batches, least: int) -> Interval:
    """False accepts among the answers of half of the raters: a group of participants."""
    batch, pair, _ = np.nonzero(study.identity[:, :, : study.raters // 2] == 0)
    accept = study.distance[batch, pair] <= THRESHOLD
    return rate(accept.astype(np.float64), np.column_stack([batch, 4 * batch + LAYOUT.base[pair]]), least=least)


def alpha(study: Batches, least: int, *, question: str) -> Interval:
    """Krippendorff's."""
    yes = study.identity.sum(axis=2).astype(np.float64).ravel()
    sums = (yes, yes) if question == "identity" else (study.similarity.ravel(), study.similarity_squares.ravel())
    statistic = alpha_of_sums(np.full(len(yes), float(study.raters)), *sums)
    return jackknife(statistic, batch_of(study, study.distance.shape[1]), FISHER, least=least)


def icc(study: Batches, least: int) -> Interval:
    """Mean of ICC(2,k) of identity over batches."""
    values = study.identity.astype(np.float64)
    n, k = values.shape[1:]
    pairs, raters = values.mean(axis=2), values.mean(axis=1)
    of_pairs, of_raters = k * pairs.var(axis=1, ddof=1), n * raters.var(axis=1, ddof=1)
    rest = values - pairs[:, :, None] - raters[:, None, :] + values.mean(axis=(1, 2), keepdims=True)
    error = (rest**2).sum(axis=(1, 2)) / ((n - 1) * (k - 1))
    batches = (of_pairs - error) / (of_pairs + (of_raters - error) / n)
    return jackknife(weighted_mean(batches), np.arange(len(batches)), FISHER, least=least)


def clear_of(study: Batches) -> tuple[Rows, Numbers, npt.NDArray[np.intp]]:
    """Pairs with a majority: whether it says yes, distance, batch."""
    share = study.rate.ravel()
    clear = share != 0.5
    return share[clear] > 0.5, study.distance.ravel()[clear], batch_of(study, study.distance.shape[1])[clear]


def auc(study: Batches, least: int) -> Interval:
    """Area under the curve."""
    same, distance, batch = clear_of(study)
    return jackknife(lambda weights: weighted_auc(same, distance, weights), batch, LOGIT, least=least)


def eer(study: Batches, least: int) -> Interval:
    """Equal error rate."""
    same, distance, batch = clear_of(study)
    return jackknife(lambda weights: weighted_eer(same, distance, weights), batch, LOGIT, least=least)


def agreed(study: Batches, least: int) -> Interval:
    """Share of people's answers that a model gives at its threshold."""
    rows = np.ones(len(LAYOUT.kind), np.bool_)
    share = np.where(study.distance <= THRESHOLD, study.rate, 1 - study.rate)
    return rate(share.ravel(), units_of(study, rows), least=least)


def best(study: Batches, least: int) -> Interval:
    """The threshold that agrees best."""
    distance = np.round(study.distance.ravel(), 3) if least == MANY else study.distance.ravel()
    places, curve = agreement_curve(distance, study.rate.ravel())
    return peak(places, curve, batch_of(study, study.distance.shape[1]), least=least)


def kappa_of_people(study: Batches, least: int) -> Interval:
    """Error consistency of people and a model: the mean over people, each against the majority of the others."""
    yes = study.identity.sum(axis=2, keepdims=True) - study.identity
    others = study.raters - 1
    clear, right = 2 * yes != others, 2 * yes > others
    person = clear & ((study.identity == 1) == right)
    model = clear & ((study.distance <= THRESHOLD)[:, :, None] == right)
    kappas = kappa(person.astype(np.float64), model.astype(np.float64), clear.astype(np.float64))
    return jackknife(weighted_mean(kappas.ravel()), batch_of(study, study.raters), FISHER, null=0, least=least)


def kappa(first: Numbers, second: Numbers, clear: Numbers) -> Numbers:
    """Kappa of errors over the second axis: first and second are 1 where a decider is right; known, where that is."""
    n = clear.sum(axis=1)
    a, b = first.sum(axis=1) / n, second.sum(axis=1) / n
    same = ((first == second) * clear).sum(axis=1) / n
    expected = a * b + (1 - a) * (1 - b)
    return np.asarray((same - expected) / (1 - expected), np.float64)


def kappa_of_models(study: Batches, least: int) -> Interval:
    """Error consistency of two models against the majority."""
    share = study.rate.ravel()
    clear = share != 0.5
    first, second = (
        ((distance.ravel() <= THRESHOLD) == (share > 0.5))[clear] for distance in (study.distance, study.second)
    )

    def statistic(weights: Numbers) -> Numbers:
        n = weights.sum(axis=1)
        a, b, same = weights @ first / n, weights @ second / n, weights @ (first == second) / n
        expected = a * b + (1 - a) * (1 - b)
        return np.asarray((same - expected) / (1 - expected), np.float64)

    return jackknife(statistic, batch_of(study, study.distance.shape[1])[clear], FISHER, null=0, least=least)


def powered(study: Batches, least: int, *, kind: str, similar: bool = False) -> Interval:
    """The mean over all batches, of which the first half was rated."""
    rows, half = of_kind(kind), len(study.distance) // 2
    answers = study.similarity / study.raters if similar else study.rate
    rated = batch_of(study, int(rows.sum())) < half
    mean = powered_mean(np.where(rated, answers[:, rows].ravel(), np.nan), study.distance[:, rows].ravel())
    return stratified(mean, units_of(study, rows), rated, least=least)


MEASURES: dict[str, Measure] = {
    **{f"correlation, {kind}": partial(correlation, kind=kind) for kind in (*KINDS[1:], "all")},
    "Spearman's, negative": partial(correlation, kind="negative", ranks=True),
    "Spearman's, optimized": partial(correlation, kind="optimized", ranks=True),
    **{f"mean similarity, {kind}": partial(similarity, kind=kind) for kind in ("negative", "all")},
    **{f"identity rate, {kind}": partial(identity_rate, kind=kind) for kind in KINDS[1:]},
    **{f"accept rate, {kind}": partial(accepted, kind=kind) for kind in KINDS[1:]},
    **{f"false accept, {kind}": partial(erred, kind=kind, same=False) for kind in (*KINDS[1:], "all")},
    **{f"false reject, {kind}": partial(erred, kind=kind, same=True) for kind in (*KINDS[1:], "all")},
    "calibration, one bin": calibrated,
    "false accept of a group of raters": answered,
    **{
        f"psychometric {figure}, {kind}": partial(psychometric, kind=kind, figure=figure)
        for figure in ("threshold", "slope")
        for kind in ("interpolation", "optimized", "all")
    },
    "alpha, similarity": partial(alpha, question="similarity"),
    "alpha, identity": partial(alpha, question="identity"),
    "ICC(2,k), identity": icc,
    "AUC": auc,
    "EER": eer,
    "agreement at the threshold": agreed,
    "best threshold": best,
    "kappa of errors, people and model": kappa_of_people,
    "kappa of errors, two models": kappa_of_models,
    **people.MEASURES,
}

HALF_RATED: dict[str, Measure] = {
    **{f"prediction-powered identity, {kind}": partial(powered, kind=kind) for kind in ("optimized", "all")},
    "prediction-powered similarity, all": partial(powered, kind="all", similar=True),
}

WITHOUT_EFFECT: dict[str, Measure] = {
    f"correlation, {kind}, within a kind nothing": partial(correlation, kind=kind) for kind in ("negative", "optimized")
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--replications", type=int, default=REPLICATIONS)
    parser.add_argument("--only", default="", help="measures whose name contains this")
    asked = parser.parse_args(arguments)
    families = [
        (MEASURES, 1.0, POOL, TRUTH, BATCHES),
        (HALF_RATED, 1.0, POOL, TRUTH, BATCHES_HALF_RATED),
        (WITHOUT_EFFECT, 0.0, POOL_WITHOUT, TRUTH_WITHOUT, BATCHES),
    ]
    for measures, effect, of_studies, of_truth, batches in families:
        wanted = {name: measure for name, measure in measures.items() if asked.only in name}
        if wanted:
            head = " | ".join(f"{4 * n} bases" for n in batches)
            print(f"| | truth | {head} |\n|---|---|{'---|' * len(batches)}", flush=True)
            studies = draw(max(batches) * asked.replications, RATERS, of_studies, effect=effect)
            truth = draw(20_000, RATERS, of_truth, effect=effect)
            for name, measure in wanted.items():
                print(line(name, measure, studies, truth, batches, asked.replications), flush=True)


def line(
    name: str, measure: Measure, studies: Batches, truth: Batches, batches: Sequence[int], replications: int
) -> str:
    """One measure's row of the table."""
    start, true = time.perf_counter(), measure(truth, MANY).estimate
    cells = [cell(measure, studies, true, n, replications) for n in batches]
    took = f"<!-- {time.perf_counter() - start:.0f} s -->"
    return f"| {name} | {true:.3f} | {' | '.join(cells)} | {took}"


def cell(measure: Measure, studies: Batches, truth: float, batches: int, replications: int) -> str:
    """Coverage of one measure in studies of so many batches; where its null hypothesis holds, how often p < .05."""
    intervals = [
        measure(part(studies, slice(start * batches, (start + 1) * batches)), 3) for start in range(replications)
    ]
    low, high, p = (np.array([getattr(each, name) for each in intervals]) for name in ("low", "high", "p"))
    finite = np.isfinite(low)
    if finite.mean() < 0.01:
        return "no interval"
    coverage = np.mean((low <= truth) & (truth <= high), where=finite)
    error = np.sqrt(coverage * (1 - coverage) / finite.sum())
    text = f"{100 * coverage:.1f}" + (f" ± {100 * error:.1f}" if error > 0.0055 else "")
    conservative = np.mean([each.note != "" for each in intervals], where=finite)
    text += f", conservative in {conservative:.0%}" if conservative > 0.005 else ""
    text += f", - {np.mean(~finite):.1%}" if not finite.all() else ""
    if abs(truth) < 0.005 and np.isfinite(p).any():
        text += f", p < .05 in {100 * np.mean(p < 0.05, where=finite):.1f}"
    return text


def part(studies: Batches, batches: slice) -> Batches:
    """Some of the batches."""
    return Batches(
        studies.distance[batches],
        studies.second[batches],
        studies.similarity[batches],
        studies.similarity_squares[batches],
        studies.identity[batches],
        studies.raters,
    )


if __name__ == "__main__":
    main()
