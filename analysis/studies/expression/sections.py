"""The sections of an expression report, as declarations: what is shown of which result."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import pandas as pd

from analysis.figures import error_consistency
from analysis.figures.style import rows as table_rows
from analysis.report.contents import Contents
from analysis.report.findings import Findings
from analysis.report.page import Item
from analysis.report.sections import (
    AGREEMENT,
    CEILING,
    DRIFT,
    GROUPS,
    LIMITS,
    PARTICIPANTS,
    POWER,
    TEXTS,
    Result,
    SectionOf,
)
from analysis.report.tables import number
from analysis.report.words import INTERVALS, listed, slug
from analysis.studies.expression.captions import differences_caption, paper_caption
from analysis.studies.expression.data import ALL, study
from analysis.studies.expression.figures import bars, heat_maps, lines
from analysis.studies.expression.strips import draw_strips
from analysis.studies.expression.tables.measured import FPR, TPR
from analysis.studies.expression.tables.measured import RATES as RATES_OF
from analysis.studies.expression.words import SMALL, alone, intervals, reference

PAPER = ("happy", "neutral")
"""The emotions of which the paper shows the four rates."""


def _caption(words: str) -> Callable[[Findings], str]:
    """A caption that ends by how intervals are made."""
    return lambda findings: f"{words} {intervals(findings)}"


def _each(table: pd.DataFrame) -> Iterator[tuple[str, str, str, pd.DataFrame]]:
    """The name of a file's end, classifier, grouping, and the rows of both."""
    for name, of_classifier in table.groupby("classifier", sort=False):
        groupings = [each for each in dict.fromkeys(of_classifier["grouping"]) if each != ALL] or [ALL]
        for place, grouping in enumerate(groupings, start=1):
            end = f"{slug(str(name))}-{place}-{slug(grouping)[:40]}"
            yield end, str(name), grouping, of_classifier[of_classifier["grouping"] == grouping]


def _one_way(findings: Findings) -> list[str]:
    """The groupings by one thing that have a group; ALL where there are none."""
    counted = set(findings.tables["counts"]["grouping"])  # not those of which no face's group is known
    there = dict.fromkeys(findings.tables["acquisition"]["grouping"])
    return [name for name in there if name != ALL and name in counted] or [ALL]


def _draw_counts(findings: Findings, contents: Contents) -> Iterator[Item]:
    table = findings.tables["counts"]
    for grouping in _one_way(findings):
        rows = table[table["grouping"] == grouping]
        totals = rows.groupby("of", sort=False)["n"].sum()
        text = ", ".join(f"{name} {number(float(n))}" for name, n in totals.items())
        yield contents.figure(
            f"counts-{slug(grouping)[:40]}",
            bars.count_bars(rows, f"Faces by emotion and {grouping}", source=contents.source),
            f"How many faces count as each emotion, and of how many each classifier says that they show it, by "
            f"{grouping}. Counts have no interval: they are what there is.",
            f"Bars by emotion, a color per group of {grouping}. Faces in all: {text}.",
        )


def _draw_rates(findings: Findings, contents: Contents) -> Iterator[Item]:
    of = study(findings.published)
    for end, name, grouping, rows in _each(findings.tables["rates"]):
        if grouping in _one_way(findings):
            cases = rows[rows["rate"] == TPR].dropna(subset="value")
            text = ", ".join(f"{each.emotion} {each.group} {number(each.value)}" for each in table_rows(cases))
            yield contents.figure(
                f"rates-{end}",
                bars.rate_bars(rows, (TPR, FPR), f"{name}: rates by emotion and {grouping}", source=contents.source),
                f"{name} by emotion and {grouping}: of the faces that count as an emotion, the share that it says "
                "shows it (TPR), and of those that count as another, the share that it says shows it (FPR). A bar's "
                "line is the 95 % interval of that rate alone: whether groups differ is in the table of differences. "
                f"Empty bars have fewer than 30 faces. Right is what follows from {reference(of)}. "
                f"{intervals(findings)}",
                f"Bars by emotion, a color per group of {grouping}. TPR: {text or 'none'}.",
            )
        yield from _draw_maps(findings, contents, end, name, grouping, rows)


def _draw_maps(
    findings: Findings, contents: Contents, end: str, name: str, grouping: str, rows: pd.DataFrame
) -> Iterator[Item]:
    cases = rows[(rows["rate"] == TPR) & rows["emotion"].isin(PAPER)].dropna(subset="value")
    text = ", ".join(f"{each.emotion} {each.group} {number(each.value)}" for each in table_rows(cases))
    yield contents.figure(
        f"heat-{end}",
        heat_maps.rate_maps(rows, PAPER, f"{name} by {grouping}", source=contents.source),
        f"The four rates of {name} for {' and '.join(PAPER)} by {grouping}; below each its 95 % interval and the "
        f"number of faces that it is of, in brackets where there are fewer than 30. TPR and FNR add up to 1, FPR and "
        f"TNR too. {intervals(findings)}",
        f"Heat maps, a row per group of {grouping}, a column per rate. TPR: {text or 'none'}.",
    )


def wide_rates(findings: Findings) -> pd.DataFrame:
    """The rates as the page shows them: a row per classifier, group and emotion."""
    table = findings.tables["rates"]
    key = ["classifier", "grouping", "group", "emotion"]
    cells = table.assign(text=_texts(table, "value", "low", "high"))
    wide = cells.pivot(index=key, columns="rate", values="text")[list(RATES_OF)]
    first = cells[cells["rate"] == TPR].set_index(key)[["labels", "predictions", "accuracy", "small"]]
    columns = first[["labels", "predictions"]].join(wide).join(first[["accuracy", "small"]])
    return columns.reindex(pd.MultiIndex.from_frame(table[key].drop_duplicates())).reset_index()


def short_differences(findings: Findings) -> pd.DataFrame:
    """The differences as the page shows them, each with its interval in one cell."""
    table = findings.tables["differences"]
    columns = table[["classifier", "grouping", "rate", "emotion"]].assign(
        groups=table["first"] + " less " + table["second"]
    )
    columns["difference"] = _texts(table, "difference", "low", "high")
    columns["p_holm"] = table["p_holm"]
    columns["ratio"] = _texts(table, "ratio", "ratio_low", "ratio_high")
    columns["at equal shares"] = _texts(table, "at_equal_shares", "equal_low", "equal_high")
    return columns.assign(by_imbalance=table["by_imbalance"].round(3))


def dropped_by_group(findings: Findings) -> pd.DataFrame:
    """The faces that count as nothing: a row per label rule and group, a column per reason."""
    table = findings.tables["dropped"]
    key = ["rule", "grouping", "group", "of"]
    wide = table.pivot(index=key, columns="reason", values="n")[list(dict.fromkeys(table["reason"]))]
    wide = wide.reindex(pd.MultiIndex.from_frame(table[key].drop_duplicates()))
    lost = wide.sum(axis=1)
    counts = wide.reset_index().rename(columns={"of": "faces"})
    return counts.assign(share=(lost / wide.index.get_level_values("of")).to_numpy())


def _texts(table: pd.DataFrame, value: str, low: str, high: str) -> list[str]:
    """Figures with their intervals, a text each."""
    rows = zip(table[value], table[low], table[high], strict=True)
    return [
        "" if pd.isna(figure) else f"{figure:.2f}" + ("" if pd.isna(least) else f" ({least:.2f} to {most:.2f})")
        for figure, least, most in rows
    ]


def _draw_confusion(findings: Findings, contents: Contents) -> Iterator[Item]:
    for end, name, grouping, rows in _each(findings.tables["confusion_by_group"]):
        right = rows[(rows["right"] == rows["said"]) & (rows["n_right"] > 0)]
        text = ", ".join(f"{each.group} {each.right} {100 * each.share:.0f} %" for each in table_rows(right))
        yield contents.figure(
            f"confusion-{end}",
            heat_maps.confusion_maps(rows, name, source=contents.source),
            f"Confusion of {name} by {grouping}: of the faces that count as the emotion of a row, the percentage of "
            "which it says the emotion of a column. Rows add up to 100. The percentages ignore how many faces a row "
            "has; their intervals are in the table.",
            f"Matrices, one per group of {grouping}. Right: {text}.",
        )


def _draw_differences(findings: Findings, contents: Contents) -> Iterator[Item]:
    table, alone_of = findings.tables["differences"], study(findings.published).groupings
    for end, name, grouping, rows in _each(table[table["grouping"].isin(alone_of)]):
        largest = rows.reindex(rows["difference"].abs().sort_values(ascending=False).index).head(3)
        text = ", ".join(f"{each.rate} {each.emotion} {number(each.difference)}" for each in table_rows(largest))
        yield contents.figure(
            f"differences-{end}",
            lines.differences(rows, f"{name}: differences by {grouping}", source=contents.source),
            f"Differences between groups of {grouping}. A bar is the 95 % interval of one difference alone: it ignores "
            f"that there are {len(rows)} of them here, which p_holm in the table does not. Cells with fewer than 30 "
            "faces are left out.",
            f"Markers with intervals around 0, a row per emotion. Largest: {text}.",
        )


def _draw_rules(findings: Findings, contents: Contents) -> Iterator[Item]:
    for end, name, grouping, rows in _each(findings.tables["label_rules"]):
        of_rate = rows[rows["rate"] == TPR]
        values = of_rate.groupby(["group", "emotion"])["value"]
        spread = float((values.max() - values.min()).max())
        yield contents.figure(
            f"label-rules-{end}",
            lines.label_rules(of_rate, f"{name} by {grouping}", source=contents.source),
            f"TPR of {name} under every label rule, by {grouping}. A bar is the 95 % interval of one rate alone; it "
            "ignores that all rules count the same faces.",
            f"Markers with intervals, a row per emotion, a color per rule. Largest spread: {number(spread)}.",
        )


def _draw_calibration(findings: Findings, contents: Contents) -> Iterator[Item]:
    for end, name, grouping, rows in _each(findings.tables["calibration"]):
        whole = findings.tables["calibration_by_group"]
        of_each = whole[(whole["classifier"] == name) & (whole["grouping"] == grouping)]
        text = listed(of_each.set_index("group")["overconfidence"])
        yield contents.figure(
            f"calibration-{end}",
            lines.calibration(rows, f"{name} by {grouping}", source=contents.source),
            f"How often {name} is right against how confident it is, by {grouping}: below the dashed line it is surer "
            "than it should be. A bar is the 95 % interval of the share in a bin; it ignores that the bins' edges "
            "follow from the same faces.",
            f"A line per group over the mean confidence. Confidence less accuracy: {text}.",
        )


def _draw_consistency(findings: Findings, contents: Contents) -> Iterator[Item]:
    table = findings.tables["error_consistency"]
    text = ", ".join(f"{row.first} and {row.second} ({row.reference}) {number(row.kappa)}" for row in table_rows(table))
    yield contents.figure(
        "error-consistency",
        error_consistency.error_consistency(table, source=contents.source),
        "Cohen's kappa of the errors of every two deciders, corrected for their accuracies; white is 0, independent "
        "errors. It ignores which wrong emotion is named; intervals are in the table.",
        f"Heat map. Kappa: {text}.",
    )


def _group_text(findings: Findings) -> Sequence[str]:
    of = study(findings.published)
    predicted = [name for name in of.groupings if "(predicted)" in name]
    if not predicted or findings.has("group_error"):
        return ()
    return [
        f"Groups by {' and '.join(predicted)} are a model's word. People did not rate gender in this study, so that "
        f"its error is not known, and nothing here takes it out of the rates."
    ]


def _faces_text(findings: Findings) -> Sequence[str]:
    of = study(findings.published)
    if of.reference is None:
        return alone(findings)
    lost = float(sum(values.sum() for values in of.reference.dropped.values()))
    return [
        f"What is right of a face follows from {reference(of)}. {lost:g} of {len(of.items)} faces count as none of the "
        "seven emotions and are in no rate; faces in which a classifier finds none are in no rate of that classifier."
    ]


FACES = SectionOf(
    "faces",
    "Faces, labels and predictions",
    [
        Result(
            "counts",
            _caption(
                "Faces by emotion and group: those that count as each emotion, and of how many each classifier says "
                "that they show it; share is of the faces of the group that count, or that the classifier found."
            ),
            _draw_counts,
        ),
        Result(
            "dropped",
            "Faces that count as nothing, by label rule, group and reason; a face that counts in part is lost in part. "
            "share is of the faces of the group.",
            file="dropped-by-group",
            frame=dropped_by_group,
        ),
        Result(
            "acquisition",
            _caption("Failures to acquire: faces in which a classifier, also one of groups, found no face, by group."),
        ),
    ],
    _faces_text,
)

RATES = SectionOf(
    "rates",
    "Rates by emotion and group",
    [
        Result(
            "accuracy",
            _caption(
                "How often each classifier is right, by group: over the faces as they are, and balanced, where every "
                "emotion counts the same that all groups of the grouping have. It is over all emotions, so that n "
                "counts labels and predictions alike."
            ),
        ),
        Result(
            "rates",
            _caption(
                "TPR, FPR, TNR and FNR, one emotion against all others, beside how many faces count as the emotion "
                f"(labels) and of how many the classifier says that they show it (predictions). Behind a rate is its "
                f"interval. {SMALL}"
            ),
            _draw_rates,
            file="rates-by-emotion",
            frame=wide_rates,
        ),
        Result(
            "rates",
            "The same with all numbers, one rate a row: n, how each interval was made or why there is none, and the "
            "rate at_equal_shares, where every emotion counts the same that all groups of the grouping have.",
        ),
    ],
    alone,
)

DIFFERENCES = SectionOf(
    "differences",
    "Differences between groups",
    [
        Result(
            "differences",
            differences_caption,
            _draw_differences,
            file="differences-by-groups",
            frame=short_differences,
        ),
        Result(
            "differences",
            "The same with all numbers: what each group has, how many faces count as the emotion (labels) and of how "
            "many the classifier says that they show it (predictions), and how each interval was made. rest_ratio is "
            "the ratio of the FNR beside a TPR, of the TNR beside an FPR, of the errors beside an accuracy.",
        ),
        Result(
            "equalized_odds",
            _caption(
                "Equalized odds by emotion: the larger of the largest difference of TPR and that of FPR between "
                "groups; 0 where a classifier treats all alike. It is above 0 by chance alone; its interval knows that "
                "(Bonferroni, over all couples of groups and both rates)."
            ),
        ),
    ],
)

RULES = SectionOf(
    "label-rules",
    "Label rules",
    [
        Result(
            "label_rules",
            _caption(
                "The rates under every rule by which votes become labels: majority (more than half), plurality (the "
                "most), probabilistic (each face counts by its votes' shares), ferplus (as FERPlus publishes it)."
            ),
            _draw_rules,
        ),
    ],
)

CONFUSION = SectionOf(
    "confusion",
    "Confusion by group",
    [
        Result(
            "confusion_by_group",
            _caption("The share of the faces that count as one emotion of which a classifier says each, by group."),
            _draw_confusion,
        )
    ],
)

CALIBRATION = SectionOf(
    "calibration",
    "Confidence by group",
    [
        Result(
            "calibration_by_group",
            _caption(
                "Confidence of each classifier and how often it is right, by group; overconfidence, their difference, "
                "has the interval. calibration_error, the mean distance of both over the bins, is above 0 by chance "
                "alone, the more so the smaller a group. It is over all emotions, so that n counts labels and "
                "predictions alike."
            ),
            _draw_calibration,
        ),
        Result(
            "calibration",
            _caption(
                "How often each classifier is right, by bin of its confidence and group; n counts the labels, and the "
                "predictions alike."
            ),
        ),
    ],
)

GROUP_ERROR = SectionOf(
    "group-error",
    "The error of predicted groups",
    [
        Result(
            "group_error",
            _caption("Of the faces of each predicted gender, the share that most people see as each gender."),
        ),
        Result(
            "corrected_rates",
            _caption(
                "Rates by gender as a model predicts it, by prediction with its error taken out, and by the gender "
                "that most people see. corrected solves the mixtures of both genders in the two predicted groups; it "
                "takes for granted that, of faces of one gender and emotion, what the classifier says does not depend "
                "on the prediction, and its interval makes shares and rates anew. Faces of which model or people are "
                "unsure are left out of it. Where rates are below 0.1 and faces or batches few, it is a little too "
                "narrow: it held the truth in 94 % of simulated studies of 500 faces, and of 3 batches."
            ),
        ),
    ],
    _group_text,
)

PEOPLE = SectionOf("people", "People among themselves", [*AGREEMENT, DRIFT])

MODELS = SectionOf(
    "models",
    "Models and people",
    [
        Result(
            "model_agreement",
            _caption(
                "How often every two of the classifiers, the labels and most people name the same emotion, by group, "
                "and Cohen's kappa of it: 0 is what chance alone would bring. Faces in which a classifier finds none, "
                "and those on which people do not decide, are left out."
            ),
        ),
        Result("disagreement", draw=draw_strips),
        Result(
            "disagreement",
            "The faces on which classifiers and people differ most, at most 100 of each sort: said_by is the share of "
            "people who say what the classifier says, seen what most people say, seen_by their share, and probability "
            "what the classifier gives it.",
        ),
        Result(
            "error_consistency",
            "Error consistency of every two deciders: Cohen's kappa of who errs where, 1 the same errors, 0 errors as "
            "independent as the two accuracies let them be. An error is told by the majority of those who are not "
            "compared, or by the label. share: kappa of people with a model by that of people with one another, "
            f"without an interval: at 1 the model errs with people as they do among themselves. {INTERVALS}",
            _draw_consistency,
        ),
        replace(
            CEILING,
            caption=f"{CEILING.caption} Every answer is a question of its own: whether it was chosen; it is held "
            "against the probability that each classifier gives this emotion.",
        ),
        Result(
            "confusion",
            "Confusion of each decider: how often it gives an answer where another is right. People's answers count "
            f"one by one, each against the majority of the others. {INTERVALS}",
        ),
    ],
)

PAPER_FIGURES = SectionOf(
    "paper",
    "Beside the printed figures",
    [
        Result(
            "compared_rates",
            paper_caption,
        )
    ],
)

NEEDED = Result(
    "faces_needed",
    "Faces that each cell needs for a 95 % interval of a wanted width, if new faces come as those that there are: as "
    "many a unit, with as many raters. A cell without an interval is taken to have a rate of one half.",
)

SECTIONS = (
    PARTICIPANTS,
    FACES,
    RATES,
    DIFFERENCES,
    PAPER_FIGURES,
    RULES,
    CONFUSION,
    CALIBRATION,
    GROUP_ERROR,
    PEOPLE,
    MODELS,
    TEXTS,
    GROUPS,
    replace(POWER, title="Faces and raters needed", results=[NEEDED, *POWER.results]),
    LIMITS,
)
"""The sections of an expression report, in its order."""
