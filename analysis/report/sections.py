"""Sections of the report as declarations: what is shown of which result; and the sections that every study has."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from analysis.errors import MissingDataError
from analysis.figures import groups, people_agreement, power, strategies
from analysis.figures.style import rows
from analysis.report.contents import Contents
from analysis.report.findings import Findings
from analysis.report.page import Item, NoteItem, Section
from analysis.report.tables import SOURCE_COLUMN, number
from analysis.report.words import INTERVALS, slug
from analysis.tables.limits import SMALLEST
from analysis.tables.strategies import quotes

Draw = Callable[[Findings, Contents], Iterable[Item]]


@dataclass(frozen=True)
class Result:
    """The view of a result on the page: its table, what is drawn of it, or both.

    name: of the result table, without rows of which nothing is shown; "" for what is drawn of the dataset itself.
    caption: of the table, or what makes it; where it is "", there is no table.
    draw: its figures.
    needs: other result tables without rows of which nothing is shown.
    file: name of the table's files; by default the result's.
    frame: makes what is shown in the table, where that is not the result itself.
    fitted: whether the table is scaled to a page's width in LaTeX.
    of_people: whether it rests on ratings, and so says whose they are; None where its tables tell.
    """

    name: str = ""
    caption: str | Callable[[Findings], str] = ""
    draw: Draw | None = None
    needs: tuple[str, ...] = ()
    file: str = ""
    frame: Callable[[Findings], pd.DataFrame] | None = None
    fitted: bool = False
    of_people: bool | None = None

    def items(self, findings: Findings, contents: Contents) -> Iterator[Item]:
        """The items that the page shows of it; nothing where there is nothing."""
        if not findings.has(*filter(None, [self.name]), *self.needs):
            return
        if not self._rests_on_ratings(findings):
            contents = contents.without_source()
        if self.caption:
            caption = self.caption if isinstance(self.caption, str) else self.caption(findings)
            table = self.frame(findings) if self.frame else findings.tables[self.name]
            yield contents.table(self.file or self.name.replace("_", "-"), table, caption, fitted=self.fitted)
        if self.draw:
            yield from self.draw(findings, contents)

    def _rests_on_ratings(self, findings: Findings) -> bool:
        if self.of_people is not None or not self.name:
            return self.of_people is not False
        return any(SOURCE_COLUMN in findings.tables[name] for name in (self.name, *self.needs))


def _no_text(findings: Findings) -> Sequence[str]:
    return ()


@dataclass(frozen=True)
class SectionOf:
    """A part of the page: its name in addresses, its heading, its results in order, and its text before them."""

    name: str
    title: str
    results: Sequence[Result]
    text: Callable[[Findings], Sequence[str]] = _no_text

    def build(self, findings: Findings, contents: Contents) -> Section:
        """The section of a dataset."""
        items = [item for result in self.results for item in result.items(findings, contents)]
        return Section(self.name, self.title, self.text(findings), items)


def _draw_agreement(findings: Findings, contents: Contents) -> Iterator[Item]:
    if not findings.has("rater_agreement"):
        return
    table, raters = findings.tables["agreement"], findings.tables["rater_agreement"]
    text = ", ".join(
        f"{row.statistic} ({row.question}) {number(row.value)}" for row in rows(table.dropna(subset="value"))
    )
    yield contents.figure(
        "people-agreement",
        people_agreement.people_agreement(table, raters, source=contents.source),
        "Left: statistics of agreement; bars are 95 % intervals that leave out one batch after the other, and a batch "
        "alone has none. Right: each rater against the rest.",
        f"Markers with intervals: {text or 'none'}. Beside it a dot for each of {len(raters)} raters.",
    )


def _drift_caption(findings: Findings) -> str:
    return (
        f"Drift: the change of an answer, and of the time for it (log2: -1 is half the time), per hundred "
        f"{findings.answers.item.plural} that a person has rated, within persons and {findings.answers.item.plural}. "
        f"{INTERVALS}"
    )


def _draw_strategies(findings: Findings, contents: Contents) -> Iterator[Item]:
    table = findings.tables["strategies"]
    often = table.sort_values("share", ascending=False).head(3)
    top = ", ".join(f"{row.feature} {100 * row.share:.0f} % ({row.question})" for row in rows(often))
    yield contents.figure(
        "strategies",
        strategies.strategies(table, source=contents.source),
        "Features that people name when asked how they judged. Bars are 95 % intervals by Wilson; they ignore that a "
        "feature may be named in other words.",
        f"Markers with intervals, a row per feature. Named most: {top}.",
    )


def _draw_quotes(findings: Findings, contents: Contents) -> Iterator[Item]:
    try:
        quotations = quotes(findings.published.participants, None if findings.has("strategies") else {})
    except MissingDataError:
        return
    yield contents.table("quotes", quotations, "The texts that were released, in alphabetical order.")


def _draw_groups(findings: Findings, contents: Contents) -> Iterator[Item]:
    figures = findings.tables["groups"].dropna(subset="group")
    for place, (name, of_grouping) in enumerate(figures.groupby("grouping", sort=False), start=1):
        for question, table in of_grouping.groupby("question", sort=False):
            values = table["value"].dropna()
            span = f"from {number(values.min())} to {number(values.max())}" if len(values) else "unknown"
            yield contents.figure(
                f"groups-{place}-{slug(str(name))[:40]}-{slug(str(question))[:40]}",
                groups.groups(table, "figure", None, source=contents.source),
                f"Answers to {question} by {name}; small groups are merged and marked. Bars are 95 % intervals of each "
                "group alone; whether groups differ is in the table, not in whether bars overlap.",
                f"Markers with intervals for {table['group'].nunique()} groups of {name}; values {span}.",
            )


def groups_text(findings: Findings) -> list[str]:
    """Groupings that make no table, and why."""
    if not findings.has("groups"):
        return []
    table = findings.tables["groups"]
    return [f"Not shown: {reason}." for reason in table.loc[table["group"].isna(), "reason"]]


def _power_caption(findings: Findings) -> str:
    item, kind = findings.answers.item, "kind's " if findings.answers.condition else ""
    return (
        f"Batches, and so {item.plural}, needed for a 95 % interval of a {kind}mean of a wanted width: every batch has "
        f"other {item.plural} and other raters, each of whom rates all of its {item.plural}, as in this study."
    )


def _components_caption(findings: Findings) -> str:
    items = findings.answers.item.plural
    return f"Variance of ratings between batches, between the {items} of a batch, between raters, and the rest."


def _draw_power(findings: Findings, contents: Contents) -> Iterator[Item]:
    table, item, condition = findings.tables["power"], findings.answers.item, findings.answers.condition or "condition"
    kind = str(table.groupby(condition, observed=True, sort=False)[item.plural].max().fillna(0).idxmax())
    of_kind = table[table[condition] == kind]
    which = f"{item.singular}: {kind}, which needs most" if findings.answers.condition else item.singular
    yield contents.figure(
        "power",
        power.power(of_kind, item, source=contents.source),
        f"{item.plural.capitalize()} needed for a 95 % interval of a wanted width, by raters per {which}.",
        f"A line per width of the interval, falling with the number of raters from "
        f"{of_kind['raters'].min()} to {of_kind['raters'].max()}; {item.plural} needed from "
        f"{number(of_kind[item.plural].min())} to {number(of_kind[item.plural].max())}.",
    )


def _draw_limits(findings: Findings, contents: Contents) -> Iterator[Item]:
    table = findings.tables["limits"]
    contents.table("limits", table, "What this dataset cannot show, from its own numbers.")
    small = table[table["topic"] == "cells"]
    if len(small) < 2:
        yield NoteItem(list(table["statement"]))
        return
    cells = ", ".join(f"{row.subject} ({row.n:.0f})" for row in rows(small))
    together = f"fewer than {SMALLEST} {findings.answers.item.plural}: {cells}"
    others = table[table["topic"] != "cells"]["statement"]
    yield NoteItem([*others[others.index < small.index[0]], together, *others[others.index > small.index[0]]])


AGREEMENT = (
    Result("agreement", f"Agreement among people. {INTERVALS}", _draw_agreement),
    Result("rater_agreement", "Each rater against the rest.", needs=("agreement",)),
)

DRIFT = Result("drift", _drift_caption)

SIDES = Result(
    "sides",
    "The difference that the side makes: answers with the first image on the right less those with it on the left, "
    f"within persons and items. Answers are of the first image and the second, wherever they stood. {INTERVALS}",
)

CEILING = Result(
    "noise_ceiling",
    "The noise ceiling: correlation of each measure with people's mean, beside the largest that the noise of "
    "their answers lets any model reach (split_half: the root of the reliability of the mean by Spearman and "
    "Brown, over 50 random halves of the raters), and its share of it. leave_one_out: the mean correlation of "
    "a rater with the others, against which single, that of the measure with single raters, is held. The row "
    f"people has the ceiling itself. {INTERVALS}",
)

POWERED = Result(
    "prediction_powered",
    "Mean answers over all items that a model scored, of which people rated some: the mean of those (mean), and that "
    "mean corrected by how the scores of the others differ (value; prediction-powered inference), which holds whatever "
    "the model gets wrong if the batches that were rated are like the others. saved: how many more ratings the mean "
    f"alone would need for an interval as narrow; below 0, the score is of no use. {INTERVALS}",
)

PARTICIPANTS = SectionOf(
    "participants",
    "Study and participants",
    [
        Result("overview", "The size of the study; where counts differ, the least, the median and the most of them."),
        Result("participants", "Participants and their answers."),
    ],
)

PEOPLE = SectionOf("people", "People among themselves", [*AGREEMENT, CEILING, POWERED, DRIFT, SIDES])

TEXTS = SectionOf(
    "strategies",
    "Strategies",
    [
        Result("strategies", "How often each feature is named, by question.", _draw_strategies),
        Result(draw=_draw_quotes),
    ],
)

GROUPS = SectionOf(
    "groups",
    "Groups",
    [
        Result(
            "groups",
            "Answers by group: the mean of numbers, the share of yes, the share of every option of a choice. The "
            "difference of the largest and the smallest is above 0 by chance alone: chance_difference is what it "
            "exceeds in 5 % of permutations of participants, images or items within their batch, p is by the same "
            "permutations, and p_holm after Holm's correction for all differences of this table, one family. "
            f"{INTERVALS}",
            _draw_groups,
        )
    ],
    groups_text,
)

POWER = SectionOf(
    "power",
    "Raters and items needed",
    [Result("variance_components", _components_caption), Result("power", _power_caption, _draw_power)],
)

LIMITS = SectionOf("limits", "What this dataset cannot show", [Result("limits", draw=_draw_limits)])

SECTIONS = (PARTICIPANTS, PEOPLE, TEXTS, GROUPS, POWER, LIMITS)
"""The sections of a study that brings none of its own, in the order of the report."""
