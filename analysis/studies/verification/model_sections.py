"""The section of models against people: curves, errors, calibration, consistency, transfer."""

from analysis.figures import error_consistency
from analysis.figures.style import rows
from analysis.report.contents import Contents
from analysis.report.findings import Findings
from analysis.report.page import Item, Section
from analysis.report.tables import number
from analysis.report.words import INTERVALS, listed
from analysis.studies.verification.figures import calibration, det, error_rates, roc, transfer


def models(found: Findings, contents: Contents) -> Section:
    """Models against people."""
    parts = (_curves, _errors, _calibrations, _consistency, _transfer)
    items = [item for part in parts for item in part(found, contents)]
    return Section("models", "Models against people", items=items)


def _curves(found: Findings, contents: Contents) -> list[Item]:
    if not found.has("verification", "roc"):
        return []
    table, curves = found.tables["verification"], found.tables["roc"]
    source, thresholds = contents.source, found.published.thresholds
    areas = ", ".join(f"{row.recognizer} {number(row.auc)}" for row in rows(table))
    equal = ", ".join(f"{row.recognizer} {number(row.eer)}" for row in rows(table))
    return [
        contents.table("verification", table, f"Each model with the majority of people as reference. {INTERVALS}"),
        contents.figure(
            "roc",
            roc.roc(curves, thresholds, source=source),
            "Receiver operating characteristic, the majority of people as reference. Bands are 95 % intervals of the "
            "true accept rate at each threshold alone; they ignore that the false accept rate varies too.",
            f"A curve per recognizer from no to all pairs accepted. Area under the curve: {areas}.",
        ),
        contents.figure(
            "det",
            det.det(curves, thresholds, source=source),
            "Detection error tradeoff, the majority of people as reference. Bands are 95 % intervals of the false "
            "reject rate at each threshold alone; rates below 0.2 % are drawn there.",
            f"A curve per recognizer, false rejects against false accepts. Equal error rate: {equal}.",
        ),
        contents.table("roc", curves, "Error rates at every threshold."),
    ]


def _errors(found: Findings, contents: Contents) -> list[Item]:
    if not found.has("error_rates"):
        return []
    table = found.tables["error_rates"]
    of_all = table[table["kind"] == "all"]
    said = ", ".join(f"{row.recognizer} {row.rate} {number(row.value)}" for row in rows(of_all))
    return [
        contents.table("error-rates", table, f"Errors at the default threshold. {INTERVALS}"),
        contents.figure(
            "error-rates",
            error_rates.error_rates(table, source=contents.source),
            f"Error rates at the default threshold by kind. {INTERVALS}",
            f"Markers with intervals, a row per kind. Over all: {said}.",
        ),
    ]


def _consistency(found: Findings, contents: Contents) -> list[Item]:
    items: list[Item] = []
    if found.has("error_consistency"):
        table = found.tables["error_consistency"]
        of_all = table[table["condition"] == "all"]
        said = ", ".join(f"{row.first} and {row.second} ({row.reference}) {number(row.kappa)}" for row in rows(of_all))
        caption = (
            "Error consistency of every two deciders, over all pairs and kind by kind: Cohen's kappa of who errs "
            "where, 1 the same errors, 0 errors as independent as the two accuracies let them be. An error is told by "
            "the majority of those who are not compared, or by construction (genuine: same; negative: different). "
            + INTERVALS
        )
        items.append(contents.table("error-consistency", table, caption))
        items.append(
            contents.figure(
                "error-consistency",
                error_consistency.error_consistency(of_all, source=contents.source),
                "Cohen's kappa of the errors of every two deciders over all pairs, corrected for their accuracies; "
                "white is 0, independent errors.",
                f"Heat map. Kappa: {said}.",
            )
        )
    if found.has("noise_ceiling"):
        caption = (
            "The noise ceiling: correlation of each measure with people's mean, beside the largest that the noise of "
            "their answers lets any model reach (split_half: the root of the reliability of the mean by Spearman and "
            "Brown, over 50 random halves of the raters), and its share of it. leave_one_out: the mean correlation of "
            "a rater with the others, against which single, that of the measure with single raters, is held. The row "
            f"people has the ceiling itself. {INTERVALS}"
        )
        items.append(contents.table("noise-ceiling", found.tables["noise_ceiling"], caption))
    if found.has("accuracy_difference"):
        caption = (
            "How often people and each model are right, kind by kind. Squared differences, and their mean over kinds "
            "(the row all), are the accuracy difference of model-vs-human: 0 where both are right as often everywhere."
        )
        items.append(contents.table("accuracy-difference", found.tables["accuracy_difference"], caption))
    if found.has("confusion"):
        caption = (
            "Confusion of each decider: how often it gives an answer where another is right. People's answers count "
            "one by one, each against the majority of the others."
        )
        items.append(contents.table("confusion", found.tables["confusion"], caption))
    return items


def _transfer(found: Findings, contents: Contents) -> list[Item]:
    if not found.has("transfer"):
        return []
    table = found.tables["transfer"]
    mean = table.groupby("recognizer", sort=False)["accept_rate"].mean()
    return [
        contents.table("transfer", table, f"Optimized samples of one model at all models. {INTERVALS}"),
        contents.figure(
            "transfer",
            transfer.transfer(table, source=contents.source),
            "Accept rate of the optimized samples at every model, by target threshold.",
            f"Markers with intervals. Mean accept rate over target thresholds: {listed(mean)}.",
        ),
    ]


def _calibrations(found: Findings, contents: Contents) -> list[Item]:
    items: list[Item] = []
    if found.has("calibration"):
        table = found.tables["calibration"]
        ends = table.groupby("model", sort=False)["rate"].agg(["first", "last"])
        said = ", ".join(f"{row.Index} from {number(row.first)} to {number(row.last)}" for row in rows(ends))
        items.append(
            contents.figure(
                "calibration",
                calibration.calibration(table, found.published.thresholds, source=contents.source),
                "Identity rate by bin of distance with intervals, and a logistic fit.",
                f"Identity rate from the smallest to the largest distance: {said}.",
            )
        )
        items.append(contents.table("calibration", table, f"Identity rate by bin of distance. {INTERVALS}"))
    if found.has("calibration_fit"):
        caption = (
            "Logistic calibration of distance to identity rate; half is the distance at which it is one half. "
            f"All kinds are mixed in it. {INTERVALS}"
        )
        items.append(contents.table("calibration-fit", found.tables["calibration_fit"], caption))
    return items
