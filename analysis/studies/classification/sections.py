"""The sections of a classification report, as declarations: what is shown of which result."""

from collections.abc import Iterator
from dataclasses import replace

from analysis.figures import error_consistency
from analysis.figures.style import rows
from analysis.report.contents import Contents
from analysis.report.findings import Findings
from analysis.report.page import Item
from analysis.report.sections import AGREEMENT, CEILING, DRIFT, GROUPS, LIMITS, PARTICIPANTS, POWER, Result, SectionOf
from analysis.report.tables import number
from analysis.report.words import INTERVALS, listed, slug
from analysis.studies.classification.assigned_sections import ASSIGNMENTS
from analysis.studies.classification.data import ACCEPTED, OF, study
from analysis.studies.classification.explained_sections import EXPLAINED_IMAGES
from analysis.studies.classification.figures import errors, experts, positive_answers, rectified_curve, rectified_power
from analysis.studies.classification.strips import draw_accepted, draw_attacked
from analysis.studies.classification.tables.layout import table_1, table_2
from analysis.studies.classification.tables.power import RATERS
from analysis.studies.classification.unlabeled_sections import UNLABELED
from analysis.studies.classification.words import percent

_RULE = f"at least {ACCEPTED} of {OF} valid answers say yes, or the same share of more"
_BOUNDS = (
    "least and most are what the rectified error of these very rows can be, whatever people would say of the mistakes "
    "that they were not asked about"
)


def _errors_text(findings: Findings) -> list[str]:
    of = study(findings.published)
    sentences = [
        "A mistake is a row that a classifier gives another class than its label. People side with a mistake where "
        f"{_RULE} that its class is relevant for the image. The rectified error is the share of rows whose mistake "
        "they do not side with. An item with fewer than five valid answers counts as not asked."
    ]
    if not findings.has("errors"):
        return []
    table = findings.tables["errors"]
    if of.source is not None and (table["asked"] < table["mistakes"]).any():
        sentences.append(
            "Not every mistake was asked. The rectified error is then an estimate: each mistake that was drawn and "
            "asked stands for as many as its sampling weight says; those of them that have too few answers are "
            "taken to be like the others. The bounds hold whatever people would have said."
        )
    if any(of.has_top5(name) for name in of.classifiers):
        sentences.append(
            "Rectified top-5 error has two definitions. Over top-1 mistakes, a row is an error where people accept "
            "none of the classifier's five classes, whatever the label; over top-5 mistakes, only a row is whose "
            "label is not among the five."
        )
    return sentences


def _draw_errors(findings: Findings, contents: Contents) -> Iterator[Item]:
    table = findings.tables["errors"]
    text = "; ".join(
        f"{row.classifier}, {row.measure}: raw {percent(row.raw)} %, rectified {percent(row.rectified) or 'unknown'}"
        for row in rows(table)
    )
    yield contents.figure(
        "errors",
        errors.errors(table, source=contents.source),
        "Errors by the label, and after people were heard. Bars are 95 % intervals that leave out one batch after "
        "the other; they ignore that all classifiers see the same rows, so that bars that overlap say nothing of "
        "whether two differ. The gray band is between the bounds that hold whatever people would have said of the "
        "mistakes that they were not asked about.",
        f"Two markers a line. {text}.",
    )


def _draw_positive(findings: Findings, contents: Contents) -> Iterator[Item]:
    for measure, table in findings.tables["positive_answers"].groupby("measure", sort=False):
        all_yes = table[table["yes"] == OF].set_index("classifier")["share"]
        yield contents.figure(
            f"positive-answers-{slug(str(measure))}",
            positive_answers.positive_answers(table, source=contents.source),
            f"{_named(measure)}: share of mistakes by number of positive answers of {OF}; of more than {OF} answers "
            "the share of yes counts, rounded down. Bars are 95 % intervals of each share alone; they ignore that the "
            "shares of a classifier add up to 1.",
            f"Markers with intervals from 0 to {OF} positive answers. Share of mistakes to which all say yes: "
            f"{listed(all_yes)}.",
        )


def _draw_curve(findings: Findings, contents: Contents) -> Iterator[Item]:
    for measure, table in findings.tables["rectified_curve"].groupby("measure", sort=False):
        first, last = (table[table["enough"] == n].set_index("classifier")["rectified"] for n in (1, OF))
        yield contents.figure(
            f"rectified-curve-{slug(str(measure))}",
            rectified_curve.rectified_curve(table, source=contents.source),
            f"{_named(measure)}: the rectified error where 1, 2, ... {OF} positive answers of {OF} are enough. The "
            f"thin line across is the raw error, the upright one the rule of {ACCEPTED} of {OF}. Bars are 95 % "
            "intervals of each error alone; they ignore that all of a classifier's are of the same answers.",
            f"Rising lines. Rectified error at 1 of {OF}: {listed(first)}; at {OF} of {OF}: {listed(last)}.",
        )


def _named(measure: object) -> str:
    """A measure at the beginning of a sentence."""
    return str(measure)[:1].upper() + str(measure)[1:]


def _draw_experts(findings: Findings, contents: Contents) -> Iterator[Item]:
    table = findings.tables["expert_errors"]
    of_all = table[table["kind"] == "all"]
    text = ", ".join(f"{row.error} at {row.enough} of {OF} {number(row.value)}" for row in rows(of_all))
    yield contents.figure(
        "expert-errors",
        experts.experts(of_all, source=contents.source),
        "How often people are wrong by the experts' answers, over all kinds, by how many positive answers are enough. "
        "Bars are 95 % intervals of each rate alone; they ignore that experts may err.",
        f"Two lines of markers with intervals: {text}.",
    )


def _draw_consistency(findings: Findings, contents: Contents) -> Iterator[Item]:
    table = findings.tables["error_consistency"]
    text = ", ".join(f"{row.first} and {row.second} ({row.reference}) {number(row.kappa)}" for row in rows(table))
    yield contents.figure(
        "error-consistency",
        error_consistency.error_consistency(table, source=contents.source),
        "Cohen's kappa of the errors of every two deciders, corrected for their accuracies; white is 0, independent "
        "errors. People are compared on the items, two classifiers on every row.",
        f"Heat map. Kappa: {text}.",
    )


def _draw_power(findings: Findings, contents: Contents) -> Iterator[Item]:
    table = findings.tables["rectified_power"].dropna(subset="width")
    of_least = table[table["raters"] == RATERS[0]]
    if of_least.empty:
        return
    cases = of_least["batches"].dropna()
    yield contents.figure(
        "rectified-power",
        rectified_power.rectified_power(of_least, source=contents.source),
        "Batches needed for a 95 % interval of the rectified error of a wanted width, by the mistakes that are "
        f"asked of each, with {RATERS[0]} raters. It ignores that the variances that it stands on are estimates "
        "themselves.",
        f"A falling line per width. Batches needed from {number(cases.min())} to {number(cases.max())}.",
    )


ERRORS = SectionOf(
    "errors",
    "Errors, raw and rectified",
    [
        Result(
            "errors",
            "Errors in percent, by the label (raw) and after people were heard (rectified).",
            file="table-1",
            frame=lambda findings: table_1(findings.tables["errors"]),
            fitted=True,
        ),
        Result(
            "errors",
            "The same with all numbers, as shares. agreement is the share of mistakes that people side with; "
            f"{_BOUNDS}. {INTERVALS}",
            _draw_errors,
        ),
        Result(
            "error_differences",
            "Whether two classifiers differ: the top-1 error of one minus that of the other, on the same rows. p_holm "
            f"knows that all rows of this table are one family (Holm). {INTERVALS}",
        ),
        Result(
            "compared_errors",
            "The printed errors of the paper beside those of this study, in percent; all_agree is the share of "
            "mistakes that all five side with. Other classifiers, pictures or people give other numbers.",
        ),
    ],
    _errors_text,
)

ANSWERS = SectionOf(
    "answers",
    "How many side with a mistake",
    [
        Result(
            "positive_answers",
            f"Mistakes by number of positive answers, by sampling weights. {INTERVALS}",
            _draw_positive,
        ),
        Result(
            "rectified_curve",
            "The rectified error for every number of positive answers that is enough for siding with a mistake; "
            f"{_BOUNDS}. {INTERVALS}",
            _draw_curve,
        ),
        Result(
            "answers_by_kind",
            "What people say of the items of each kind: yes is the mean share of yes, accepted the share of items that "
            f"they side with. agreed and foil have a sure answer, yes and no. {INTERVALS}",
        ),
        Result(
            "expert_errors",
            "How often people side with what the experts reject (false positive) and do not with what they accept "
            f"(false negative), by how many positive answers are enough. {INTERVALS}",
            _draw_experts,
        ),
    ],
)

STRIPS = SectionOf(
    "mistakes",
    "Mistakes that people side with",
    [
        Result("mistakes", draw=draw_accepted),
        Result("mistakes", "Every mistake and adversarial example that people were asked about, by share of yes."),
    ],
    lambda findings: ["Open a picture to see all that is known of it."] if findings.has("mistakes") else [],
)

ATTACKS = SectionOf(
    "attacks",
    "Adversarial examples",
    [
        Result(
            "adversarial_errors",
            "Errors after the attack, in percent. A row that was wrong before stays an error, whatever people say; "
            "people are asked of successful attacks. success is told by the stored picture, whose values are gray "
            "levels of 8 bits, float success by the one that the attack computed.",
            file="table-2",
            frame=lambda findings: table_2(findings.tables["adversarial_errors"]),
            fitted=True,
        ),
        Result(
            "adversarial_errors",
            "The same with all numbers, as shares: rectified = raw - agreement x (before - after), with the accuracies "
            f"before and after; {_BOUNDS}. {INTERVALS}",
        ),
        Result("mistakes", draw=draw_attacked, needs=("adversarial_errors",)),
    ],
)

MODELS = SectionOf(
    "models",
    "Classifiers against people",
    [
        Result(
            "error_consistency",
            "Error consistency: Cohen's kappa of who errs where, 1 the same errors, 0 errors as independent as the "
            "two accuracies let them be. People are compared on the items, which were drawn because a classifier "
            "erred or because none did: these kappas say nothing of pictures at large. Yes is wrong where most of "
            "the others say no, or, by the label, where the shown class is not the label. Two classifiers are "
            "compared on every row. share: kappa of people with a classifier by that of people with one another, "
            f"without an interval. {INTERVALS}",
            _draw_consistency,
        ),
        replace(
            CEILING,
            caption=f"{CEILING.caption} A measure is the probability that a classifier gives the shown class; attacked "
            "images, and classes that are not among its first five, have none.",
        ),
    ],
)

PEOPLE = SectionOf("people", "People among themselves", [*AGREEMENT, DRIFT])

SECTIONS = (
    PARTICIPANTS,
    UNLABELED,
    ERRORS,
    ANSWERS,
    STRIPS,
    ATTACKS,
    EXPLAINED_IMAGES,
    ASSIGNMENTS,
    MODELS,
    PEOPLE,
    GROUPS,
    replace(
        POWER,
        title="Raters and mistakes needed",
        results=[
            Result(
                "rectified_power",
                "Batches, and so mistakes and ratings, needed for a 95 % interval of the rectified top-1 error of a "
                "wanted width. Every batch has other classes and other raters, each of whom rates all of its "
                "mistakes that are asked. rectified is the error that so many raters are expected to leave: more "
                "raters make siding with a mistake rarer or more frequent, as chances of yes follow a beta "
                "distribution.",
                _draw_power,
            ),
            *POWER.results,
        ],
    ),
    LIMITS,
)
"""The sections of a classification report, in its order."""
