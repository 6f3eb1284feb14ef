"""The opening of the report: what was asked of whom, what is certain, and what is not, each linked to its table."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from analysis.inference import CONFIDENCE, holm
from analysis.names import Spelling, written
from analysis.questions import how
from analysis.report.contents import Contents
from analysis.report.findings import Findings
from analysis.report.page import Section, Statement, SummaryItem
from analysis.report.sections import SECTIONS, SectionOf
from analysis.report.tables import number
from analysis.tables.attributes import measured_names
from analysis.tables.limits import RELIABLE

MOST = 3
"""Statements of each sort at most."""


@dataclass(frozen=True)
class Claim:
    """A figure with its interval, and what it would mean on either side of a reference value.

    table: name of the table on the page that has the figure.
    figure: what the figure is, such as "correlation".
    above, below: sentences without a full stop that hold where the figure lies above or below the reference.
    whether: the question that is open where neither is certain.
    freedom: degrees of freedom of the interval, where it leaves out other units than all batches.
    """

    table: str
    figure: str
    estimate: float
    low: float
    high: float
    reference: float
    above: str
    below: str
    whether: str
    freedom: int | None = None

    def p(self, freedom: int) -> float:
        """Two-sided p that the figure is the reference, as the interval says it: Student's t with `freedom`, or with
        the claim's own.
        """
        freedom = self.freedom or freedom
        side = self.estimate - self.low if self.estimate > self.reference else self.high - self.estimate
        if not np.isfinite(side) or side <= 0:
            return np.nan if not np.isfinite(side) else float(self.estimate == self.reference)
        reach = stats.t.ppf((1 + CONFIDENCE) / 2, freedom)
        return float(2 * stats.t.sf(abs(self.estimate - self.reference) / side * reach, freedom))

    def sentence(self, certain: bool) -> str:
        """The claim in words, with its figure."""
        if certain:
            sentence = self.above if self.estimate > self.reference else self.below
            return f"{sentence}: {self.figure} {number(self.estimate)} ({number(self.low)} to {number(self.high)})."
        span = f"({number(self.low)} to {number(self.high)})" if np.isfinite(self.low) else "(no interval)"
        return f"It is open {self.whether}: {self.figure} {number(self.estimate)} {span}."


def summary(findings: Findings, contents: Contents, parts: "ReportParts") -> Section:
    """The section; made when the tables have their numbers, shown first."""
    claims = [claim for claim in parts.claims(findings) if claim.table in contents.table_numbers]
    certain, open_ = sorted_claims(claims, _freedom(findings))
    surest = [_statement(claim, contents, certain=True) for claim in certain[:MOST]]
    least_sure = [_statement(claim, contents, certain=False) for claim in open_[:MOST]]
    text = list(parts.introduction(findings))
    if claims:
        text.append(
            f"Every report asks the same {len(claims)} questions. Certain is what stays so when they count as one "
            f"family (Holm, 5 %); intervals are 95 % {parts.dependence(findings)}."
        )
    text = [contents.spelling.text(sentence, contents.names) for sentence in text]
    return Section("summary", "Summary", text, [SummaryItem(surest, least_sure)] if claims else [])


def sorted_claims(claims: Sequence[Claim], freedom: int) -> tuple[list[Claim], list[Claim]]:
    """The claims that are certain, the surest first, and those that are not, the least sure first."""
    p = [claim.p(freedom) for claim in claims]
    adjusted = holm(p)
    certain = [(p[place], place) for place in range(len(claims)) if adjusted[place] < 1 - CONFIDENCE]
    unsure = [(-np.nan_to_num(p[place], nan=2.0), place) for place in range(len(claims))]
    rest = [entry for entry in unsure if entry[1] not in {place for _, place in certain}]
    return [claims[place] for _, place in sorted(certain)], [claims[place] for _, place in sorted(rest)]


def _statement(claim: Claim, contents: Contents, *, certain: bool) -> Statement:
    sentence = contents.spelling.text(claim.sentence(certain), contents.names)
    return Statement(sentence, claim.table, contents.table_numbers[claim.table])


def _freedom(findings: Findings) -> int:
    batch = next(iter(findings.answers.clusters.values()), "unit")
    return max(int(findings.answers.items[batch].nunique()) - 1, 1)


def dependence(findings: Findings) -> str:
    """The dependence that intervals know of, in a clause."""
    return f"and know that {findings.answers.item.plural} of one batch share images and raters"


def introduction(findings: Findings) -> list[str]:
    """Sentences on who was asked what."""
    answers = findings.answers
    questions = ", ".join(f"{question.name} ({how(question)})" for question in answers.questions)
    return [
        f"The study has {len(answers.items)} {answers.item.plural}.",
        who_was_asked(findings, f"their answer: {questions}"),
    ]


def who_was_asked(findings: Findings, question: str) -> str:
    """A sentence that says how many people answered about how many items, and what they were asked."""
    published, item = findings.published, findings.answers.item
    if not len(published.ratings):
        return "Nobody was asked: the dataset has no ratings."
    by_item, people = published.ratings.groupby(published.key).size(), published.ratings["participant_id"].nunique()
    who = {"human": f"{people} people", "simulated": f"{people} simulated raters"}[published.source or "human"]
    return (
        f"{who} were shown {len(by_item)} of the {item.plural}, {by_item.median():g} each {item.singular} (median), "
        f"and were asked {question}."
    )


def agreement_claims(findings: Findings) -> Iterator[Claim]:
    """Whether people agree on each question."""
    if not findings.has("agreement"):
        return
    table = findings.tables["agreement"]
    for row in table[table["statistic"] == "alpha"].to_dict("records"):
        question = row["question"]
        yield Claim(
            *("agreement", "Krippendorff's alpha", row["value"], row["low"], row["high"], RELIABLE),
            above=f"People agree on {question} well enough for conclusions (alpha above 2/3)",
            below=f"People agree too little on {question} for firm conclusions (alpha below 2/3)",
            whether=f"whether people agree on {question} well enough for conclusions (alpha above 2/3)",
        )


def measured(findings: Findings) -> list[str]:
    """The attributes that are measured in images."""
    return measured_names(findings.published.images)


@dataclass(frozen=True)
class ReportParts:
    """The parts of the report of a kind of study.

    sections: in the order of the report.
    introduction: sentences that open the summary.
    claims: the questions that every report of the kind asks, where it has their tables.
    dependence: what the intervals of claims know of, a clause behind "intervals are 95 %".
    names: of measures, methods and the like in its tables and captions, which the page writes in words.
    spelling: how it writes them.
    """

    sections: Sequence[SectionOf] = SECTIONS
    introduction: Callable[[Findings], Sequence[str]] = introduction
    claims: Callable[[Findings], Iterable[Claim]] = agreement_claims
    dependence: Callable[[Findings], str] = dependence
    names: Callable[[Findings], Iterable[str]] = measured
    spelling: Spelling = written
