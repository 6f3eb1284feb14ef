"""The opening of a counterfeits report: what the classifier is sure of, what people see, what each report asks."""

from collections.abc import Hashable, Iterator, Mapping
from typing import Any

import pandas as pd

from analysis.report.findings import Findings
from analysis.report.summary import Claim, agreement_claims, who_was_asked
from analysis.studies.counterfeits.data import ALL, CONTROL, HELD_OUT, study

ROUND = 0
"""The round that claims are about: counterfeits of the study's own classifier."""

ASKED = "max_softmax"
"""The detector that is asked about: the classifier's own confidence. The others are in the table."""


def introduction(findings: Findings) -> list[str]:
    """Sentences on what was made, what of it failed, who was asked what, and what came of it."""
    of = study(findings.published)
    runs = of.tables["runs"]
    kinds = ", ".join(dict.fromkeys(str(kind) for kind in runs["kind"]))
    batches, rounds = runs["batch"].nunique(), runs["round"].nunique()
    plural = [f"{n} {noun}{'s' if n > 1 else ''}" for n, noun in ((rounds, "round"), (batches, "replicate"))]
    generators = (
        f"{len(runs)} generators ({kinds}; {plural[0]}, {plural[1]}) were trained to make images that the classifier"
    )
    sentences = [f"{generators} {of.classifier} is sure of."]
    if len(of.failed):
        which = "; ".join(_run(row) for row in of.failed.to_dict("records"))
        sentences.append(
            f"{len(of.failed)} did not converge, and what people say of their images is not counted: {which}."
        )
    sentences.append(
        who_was_asked(findings, "which of the classes each shows, or none, and how sure they are (0 to 100)")
    )
    return sentences + [_headline(row, of.classifier) for row in _rows(findings, "seen").to_dict("records")]


def _run(row: Mapping[Hashable, Any]) -> str:
    return f"batch {row['batch']}, round {row['round']}, {row['kind']} (least accuracy {row['least_accuracy']:.2f})"


def _headline(row: Mapping[Hashable, Any], classifier: str) -> str:
    return (
        f"Of counterfeits {row['kind']}, {classifier} is sure by {100 * row['confidence_mean']:.1f} % on average; "
        f"{100 * row['as_classifier']:.1f} % of people's answers name its class, and {100 * row['nothing']:.1f} % say "
        "that there is nothing of the kind."
    )


def _rows(findings: Findings, table: str) -> pd.DataFrame:
    """The rows of counterfeits of the first round, over all classes."""
    if not findings.has(table):
        return pd.DataFrame()
    of = findings.tables[table]
    first_round = of[(of["round"] == ROUND) & (of["kind"] != CONTROL)]
    for column in {"class", "confidence"} & set(of.select_dtypes(exclude="number").columns):
        first_round = first_round[first_round[column] == ALL]
    return first_round


def claims(findings: Findings) -> Iterator[Claim]:
    """The claims about people and counterfeits, about distance, detectors and the defense, and about agreement."""
    of = study(findings.published)
    kinds = [str(kind) for kind in dict.fromkeys(of.tables["runs"]["kind"])]
    yield from _people(_rows(findings, "seen"), of.classifier)
    distances = _rows(findings, "distance")
    for row in distances.to_dict("records"):
        if row["kind"] in kinds and row["measure"] == "features":
            what = f"of counterfeits {row['kind']} are farther from training images than 95 % of held-out images are"
            yield Claim(
                *("distance", "share", row["beyond"], row["beyond_low"], row["beyond_high"], 0.5),
                above=f"In features, more than half {what}",
                below=f"In features, less than half {what}",
                whether=f"whether in features more or less than half {what}",
            )
    yield from _detected(_rows(findings, "detectors"), kinds)
    if findings.has("defense"):
        yield from _defended(findings.tables["defense"], kinds)
    yield from agreement_claims(findings)


def _people(rows: pd.DataFrame, classifier: str) -> Iterator[Claim]:
    for row in rows.to_dict("records"):
        what = f"of people's answers to counterfeits {row['kind']} name the class that {classifier} names"
        yield Claim(
            *("seen", "share", row["as_classifier"], row["as_classifier_low"], row["as_classifier_high"], 0.5),
            above=f"More than half {what}",
            below=f"Less than half {what}",
            whether=f"whether more or less than half {what}",
        )


def _detected(rows: pd.DataFrame, kinds: list[str]) -> Iterator[Claim]:
    if not len(rows):
        return
    of_detector = rows["kind"].isin(kinds) & (rows["detector"] == ASKED)
    for row in rows[of_detector].to_dict("records"):
        what = f"{row['detector']} finds counterfeits {row['kind']}"
        yield Claim(
            *("detectors", "AUROC", row["auroc"], row["low"], row["high"], 0.5),
            above=f"{what} stranger than held-out images",
            below=f"{what} less strange than held-out images",
            whether=f"whether {what} stranger than held-out images",
        )


def _defended(table: pd.DataFrame, kinds: list[str]) -> Iterator[Claim]:
    last = table["classifier"].max()
    for row in table[(table["classifier"] == last) & (table["round"] == last)].to_dict("records"):
        if row["kind"] in kinds and row["kind"] != HELD_OUT:
            what = f"of new counterfeits {row['kind']} pass a classifier that was trained against earlier ones"
            yield Claim(
                *("defense", "share", row["passes"], row["passes_low"], row["passes_high"], 0.5),
                above=f"More than half {what}",
                below=f"Less than half {what}",
                whether=f"whether more or less than half {what}",
            )
