"""The opening of the report: what was asked of whom, what is certain, and what is not, each linked to its table."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from analysis.inference import CONFIDENCE, holm
from analysis.report.contents import Contents
from analysis.report.findings import Findings
from analysis.report.page import Section, Statement, SummaryItem
from analysis.report.tables import number
from analysis.tables.limits import RELIABLE

MOST = 3
"""Statements of each sort."""


@dataclass(frozen=True)
class Claim:
    """A figure with its interval, and what it would mean on either side of a reference value.

    table: name of the table on the page that has the figure.
    figure: what the figure is, such as "correlation".
    above, below: sentences without a full stop that hold where the figure lies above or below the reference.
    whether: the question that is open where neither is certain.
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

    def p(self, freedom: int) -> float:
        """Two-sided p that the figure is the reference, as the interval says it: Student's t with `freedom`."""
        side = self.estimate - self.low if self.estimate > self.reference else self.high - self.estimate
        if not np.isfinite(side) or side <= 0:
            return np.nan if not np.isfinite(side) else float(self.estimate == self.reference)
        reach = stats.t.ppf((1 + CONFIDENCE) / 2, freedom)
        return float(2 * stats.t.sf(abs(self.estimate - self.reference) / side * reach, freedom))

    def sentence(self, certain: bool) -> str:
        """The claim in words, with its figure."""
        if certain:
            said = self.above if self.estimate > self.reference else self.below
            return f"{said}: {self.figure} {number(self.estimate)} ({number(self.low)} to {number(self.high)})."
        span = f"({number(self.low)} to {number(self.high)})" if np.isfinite(self.low) else "(no interval)"
        return f"It is open {self.whether}: {self.figure} {number(self.estimate)} {span}."


def summary(found: Findings, contents: Contents) -> Section:
    """The section; made when the tables have their numbers, shown first."""
    claims = [claim for claim in _claims(found) if claim.table in contents.table_numbers]
    certain, open_ = sorted_claims(claims, _freedom(found))
    surest = [_statement(claim, contents, certain=True) for claim in certain[:MOST]]
    least_sure = [_statement(claim, contents, certain=False) for claim in open_[:MOST]]
    text = _asked(found)
    if claims:
        text.append(
            f"Every report asks the same {len(claims)} questions. Certain is what stays so when they count as one "
            "family (Holm, 5 %); intervals are 95 % and know that pairs of one batch share images and raters."
        )
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
    return Statement(claim.sentence(certain), claim.table, contents.table_numbers[claim.table])


def _freedom(found: Findings) -> int:
    return max(int(found.published.pairs["batch"].nunique()) - 1, 1)


def _asked(found: Findings) -> list[str]:
    published = found.published
    n_pairs, n_bases = len(published.pairs), published.pairs["base_id"].nunique()
    names = published.recognizers
    models = f"{'recognizer ' if len(names) == 1 else f'{len(names)} recognizers: '}{', '.join(names)}"
    scored = f"{n_pairs} pairs of {n_bases} bases were scored by {models}." if names else f"{n_pairs} pairs."
    if published.target:
        scored += f" The optimized samples were searched against {published.target}."
    if not len(published.ratings):
        return [scored, "Nobody was asked: the dataset has no ratings."]
    by_pair, people = published.ratings.groupby("pair_id").size(), published.ratings["participant_id"].nunique()
    who = {"human": f"{people} people", "simulated": f"{people} simulated raters"}[published.source or "human"]
    asked = (
        f"{who} were shown {len(by_pair)} of the pairs, {by_pair.median():g} each pair (median), and were asked how "
        "similar the two images are (0 to 100) and whether both show the same person."
    )
    return [scored, asked]


def _claims(found: Findings) -> Iterator[Claim]:
    name = found.published.target if found.published.target in found.published.recognizers else None
    name = name or next(iter(found.published.recognizers), None)
    for table, make in _MAKERS.items():
        if found.has(table):
            yield from make(found.tables[table], name or "", found)


def _correlation(table: pd.DataFrame, name: str, found: Findings) -> Iterator[Claim]:
    for row in table[(table["kind"] == "all") & (table["measure"] == name)].to_dict("records"):
        yield Claim(
            *("correlations", "correlation", row["pearson"], row["low"], row["high"], 0.0),
            above=f"The larger the distance of {name}, the more people see one person",
            below=f"The smaller the distance of {name}, the more people see one person",
            whether=f"whether the distance of {name} goes with what people see at all",
        )


def _threshold(table: pd.DataFrame, name: str, found: Findings) -> Iterator[Claim]:
    for row in table[table["recognizer"] == name].to_dict("records"):
        yield Claim(
            *("verification", "best threshold", row["best_threshold"], row["best_low"], row["best_high"]),
            row["threshold"],
            above=f"{name} rejects too much: people's answers ask for a larger threshold than {row['threshold']:.3g}",
            below=f"{name} accepts too much: people's answers ask for a smaller threshold than {row['threshold']:.3g}",
            whether=f"whether another threshold than {row['threshold']:.3g} would bring {name} closer to people",
        )


def _errors(table: pd.DataFrame, name: str, found: Findings) -> Iterator[Claim]:
    of_model = table[(table["recognizer"] == name) & (table["rate"] == "false accept")]
    for row in of_model[of_model["kind"] == "optimized"].to_dict("records"):
        what = f"of the optimized pairs in which most people see two persons {name} accepts"
        yield Claim(
            *("error-rates", "false accept rate", row["value"], row["low"], row["high"], 0.5),
            above=f"More than half {what}",
            below=f"Less than half {what}",
            whether=f"whether more or less than half {what}",
        )


def _alpha(table: pd.DataFrame, name: str, found: Findings) -> Iterator[Claim]:
    for row in table[table["statistic"] == "alpha"].to_dict("records"):
        question = row["question"]
        yield Claim(
            *("agreement", "Krippendorff's alpha", row["value"], row["low"], row["high"], RELIABLE),
            above=f"People agree on {question} well enough for conclusions (alpha above 2/3)",
            below=f"People agree too little on {question} for firm conclusions (alpha below 2/3)",
            whether=f"whether people agree on {question} well enough for conclusions (alpha above 2/3)",
        )


def _consistency(table: pd.DataFrame, name: str, found: Findings) -> Iterator[Claim]:
    if "low" not in table:
        return
    of_all = table[(table["condition"] == "all") & (table["reference"] == "majority")]
    for row in of_all[(of_all["first"] == "people") & (of_all["second"] == name)].to_dict("records"):
        yield Claim(
            *("error-consistency", "kappa", row["kappa"], row["low"], row["high"], 0.0),
            above=f"People and {name} err on the same pairs more often than their accuracies alone would bring",
            below=f"People and {name} err on different pairs more often than their accuracies alone would bring",
            whether=f"whether people and {name} err on the same pairs",
        )


_MAKERS: Mapping[str, Callable[[pd.DataFrame, str, Findings], Iterator[Claim]]] = {
    "correlations": _correlation,
    "verification": _threshold,
    "error_rates": _errors,
    "agreement": _alpha,
    "error_consistency": _consistency,
}
"""The questions that every report asks, by the table that answers them."""
