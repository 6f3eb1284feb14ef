"""The section of models against people: curves, errors, calibration, consistency, transfer."""

from collections.abc import Iterator

from analysis.figures import error_consistency
from analysis.figures.style import rows
from analysis.report.contents import Contents
from analysis.report.findings import Findings
from analysis.report.page import Item
from analysis.report.sections import CEILING, Result, SectionOf
from analysis.report.tables import number
from analysis.report.words import INTERVALS, listed
from analysis.studies.verification.data import study
from analysis.studies.verification.figures import calibration, det, error_rates, psychometric, roc, transfer


def _draw_curves(findings: Findings, contents: Contents) -> Iterator[Item]:
    if not findings.has("roc"):
        return
    table, curves = findings.tables["verification"], findings.tables["roc"]
    source, thresholds = contents.source, study(findings.published).thresholds
    areas = ", ".join(f"{row.recognizer} {number(row.auc)}" for row in rows(table))
    equal = ", ".join(f"{row.recognizer} {number(row.eer)}" for row in rows(table))
    yield contents.figure(
        "roc",
        roc.roc(curves, thresholds, source=source),
        "Receiver operating characteristic, the majority of people as reference. Bands are 95 % intervals of the "
        "true accept rate at each threshold alone; they ignore that the false accept rate varies too.",
        f"A curve per recognizer from no to all pairs accepted. Area under the curve: {areas}.",
    )
    yield contents.figure(
        "det",
        det.det(curves, thresholds, source=source),
        "Detection error tradeoff, the majority of people as reference. Bands are 95 % intervals of the false "
        "reject rate at each threshold alone; rates below 0.2 % are drawn there.",
        f"A curve per recognizer, false rejects against false accepts. Equal error rate: {equal}.",
    )


def _draw_errors(findings: Findings, contents: Contents) -> Iterator[Item]:
    table = findings.tables["error_rates"]
    of_all = table[table["kind"] == "all"]
    text = ", ".join(f"{row.recognizer} {row.rate} {number(row.value)}" for row in rows(of_all))
    yield contents.figure(
        "error-rates",
        error_rates.error_rates(table, source=contents.source),
        f"Error rates at the default threshold by kind. {INTERVALS}",
        f"Markers with intervals, a row per kind. Over all: {text}.",
    )


def _draw_calibration(findings: Findings, contents: Contents) -> Iterator[Item]:
    table = findings.tables["calibration"]
    ends = table.groupby("model", sort=False)["rate"].agg(["first", "last"])
    text = ", ".join(f"{row.Index} from {number(row.first)} to {number(row.last)}" for row in rows(ends))
    yield contents.figure(
        "calibration",
        calibration.calibration(table, study(findings.published).thresholds, source=contents.source),
        "Identity rate by bin of distance, and a logistic fit. Bars are 95 % intervals of the rate in a bin; they "
        "ignore that the bins' edges follow from the same pairs.",
        f"Identity rate from the smallest to the largest distance: {text}.",
    )


def _draw_psychometric(findings: Findings, contents: Contents) -> Iterator[Item]:
    table = findings.tables["psychometric"].dropna(subset="threshold")
    if table.empty:
        return
    text = ", ".join(f"{row.model}, {row.condition} {number(row.threshold)}" for row in rows(table))
    yield contents.figure(
        "psychometric",
        psychometric.psychometric(table, source=contents.source),
        "Psychometric functions, kind by kind, over the distances that there are. Bars at one half are 95 % intervals "
        "of the threshold alone; they ignore that the slope varies too.",
        f"A falling line per kind. Thresholds: {text}.",
    )


def _draw_consistency(findings: Findings, contents: Contents) -> Iterator[Item]:
    table = findings.tables["error_consistency"]
    of_all = table[table["condition"] == "all"]
    text = ", ".join(f"{row.first} and {row.second} ({row.reference}) {number(row.kappa)}" for row in rows(of_all))
    yield contents.figure(
        "error-consistency",
        error_consistency.error_consistency(of_all, source=contents.source),
        "Cohen's kappa of the errors of every two deciders over all pairs, corrected for their accuracies; "
        "white is 0, independent errors.",
        f"Heat map. Kappa: {text}.",
    )


def _draw_transfer(findings: Findings, contents: Contents) -> Iterator[Item]:
    table = findings.tables["transfer"]
    mean = table.groupby("recognizer", sort=False)["accept_rate"].mean()
    yield contents.figure(
        "transfer",
        transfer.transfer(table, source=contents.source),
        "Accept rate of the optimized samples at every model, by target threshold. Bars are 95 % intervals that leave "
        "out one batch after the other; they ignore that all models see the same pairs.",
        f"Markers with intervals. Mean accept rate over target thresholds: {listed(mean)}.",
    )


MODELS = SectionOf(
    "models",
    "Models against people",
    [
        Result(
            "verification",
            "Each model with the majority of people as reference; agreement alone is the share of people's single "
            f"answers that are its decision. {INTERVALS}",
            _draw_curves,
        ),
        Result("roc", "Error rates at every threshold.", needs=("verification",)),
        Result("error_rates", f"Errors at the default threshold. {INTERVALS}", _draw_errors),
        Result("calibration", f"Identity rate by bin of distance. {INTERVALS}", _draw_calibration),
        Result(
            "calibration_fit",
            "Logistic calibration of distance to identity rate; half is the distance at which it is one half. "
            f"All kinds are mixed in it. {INTERVALS}",
        ),
        Result(
            "psychometric",
            "Psychometric functions, kind by kind: a share of twice the lapse rate is answered at random, and the "
            "others say same less often the larger the distance is (a logistic function). threshold is the distance "
            "at which half say same, slope how steeply the log odds fall. Pairs of a kind differ in more than their "
            f"distance, which makes slopes flatter; a lapse rate of 0.1 is at its bound. {INTERVALS}",
            _draw_psychometric,
        ),
        Result(
            "error_consistency",
            "Error consistency of every two deciders, over all pairs and kind by kind: Cohen's kappa of who errs "
            "where, 1 the same errors, 0 errors as independent as the two accuracies let them be. An error is told by "
            "the majority of those who are not compared, or by construction (genuine: same; negative: different). If "
            "errors are so rare that the accuracies alone let more than 85 % agree, kappa has no interval. "
            "share: kappa of people with a model by that of people with one another, without an interval: at 1 the "
            "model errs with people as they do among themselves. " + INTERVALS,
            _draw_consistency,
        ),
        CEILING,
        Result(
            "signal_detection",
            "Signal detection: d' is how well a decider tells a kind's pairs from genuine ones (same of a genuine pair "
            "is a hit, same of another a false alarm), in units of the noise of a single answer; criterion is above 0 "
            "where it is slow to say same. People: a hierarchical probit model, with 95 % credible intervals over "
            "raters, pairs and images that were not asked or shown, too; people are compared with models, the typical "
            "person has the mean criterion and slope, at pairs of mean effect. Models: half an answer is added to "
            "hits and misses alike. A figure whose chains did not converge (R-hat above 1.01, or fewer than 400 "
            "effective draws) is left out; how often the credible intervals hold the truth was not measured. "
            + INTERVALS,
        ),
        Result(
            "signal_detection_spread",
            "Standard deviations of that model: how far participants differ in criterion and slope (how well they tell "
            "genuine pairs), images, and the pairs of a kind. 95 % credible intervals.",
        ),
        Result(
            "accuracy_difference",
            "How often people and each model are right, kind by kind. Squared differences, and their mean over kinds "
            "(the row all), are the accuracy difference of model-vs-human: 0 where both are right as often everywhere. "
            + INTERVALS,
        ),
        Result(
            "confusion",
            "Confusion of each decider: how often it gives an answer where another is right. People's answers count "
            "one by one, each against the majority of the others. " + INTERVALS,
        ),
        Result(
            "controversial",
            "Controversial pairs, which one model takes for one person and the other for two: side is the share of "
            "people's answers that are those of the model that accepts, the others side with the one that rejects; "
            "ceiling is how often a person says what most others say of the same pair, which no model can be expected "
            f"to exceed. {INTERVALS}",
        ),
        Result(
            "model_spread",
            "How far the accuracies of models lie apart: the variance between models of the share of people's answers "
            "that each gives, on random pairs (negatives) and on controversial ones. It is above 0 by chance alone; "
            f"over both directions together two models may come out equal that lie far apart in each. {INTERVALS}",
        ),
        Result("transfer", f"Optimized samples of one model at all models. {INTERVALS}", _draw_transfer),
    ],
)
