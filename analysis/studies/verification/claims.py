"""The opening of a verification report: what was asked of whom, and the questions that every such report asks."""

from collections.abc import Iterator

import pandas as pd

from analysis.report.findings import Findings
from analysis.report.summary import Claim, agreement_claims, who_was_asked
from analysis.studies.verification.data import study


def introduction(findings: Findings) -> list[str]:
    """Sentences on which models scored what, and who was asked what."""
    of = study(findings.published)
    n_pairs, n_bases = len(of.pairs), of.pairs["base_id"].nunique()
    names = of.recognizers
    models = f"{'recognizer ' if len(names) == 1 else f'{len(names)} recognizers: '}{', '.join(names)}"
    scored = f"{n_pairs} pairs of {n_bases} bases were scored by {models}." if names else f"{n_pairs} pairs."
    if of.target:
        scored += f" The optimized samples were searched against {of.target}."
    question = "how similar the two images are (0 to 100) and whether both show the same person"
    return [scored, who_was_asked(findings, question)]


def claims(findings: Findings) -> Iterator[Claim]:
    """The claims about the target of the searches, or else the first recognizer, and those about people."""
    of = study(findings.published)
    name = of.target if of.target in of.recognizers else next(iter(of.recognizers), "")
    for table, make in {"correlations": _correlation, "verification": _threshold, "error_rates": _errors}.items():
        if findings.has(table):
            yield from make(findings.tables[table], name or "")
    yield from agreement_claims(findings)
    if findings.has("error_consistency"):
        yield from _consistency(findings.tables["error_consistency"], name or "")


def _correlation(table: pd.DataFrame, name: str) -> Iterator[Claim]:
    for row in table[(table["kind"] == "all") & (table["measure"] == name)].to_dict("records"):
        yield Claim(
            *("correlations", "correlation", row["pearson"], row["low"], row["high"], 0.0),
            above=f"The larger the distance of {name}, the more people see one person",
            below=f"The smaller the distance of {name}, the more people see one person",
            whether=f"whether the distance of {name} goes with what people see at all",
        )


def _threshold(table: pd.DataFrame, name: str) -> Iterator[Claim]:
    for row in table[table["recognizer"] == name].to_dict("records"):
        yield Claim(
            *("verification", "best threshold", row["best_threshold"], row["best_low"], row["best_high"]),
            row["threshold"],
            above=f"{name} rejects too much: people's answers ask for a larger threshold than {row['threshold']:.3g}",
            below=f"{name} accepts too much: people's answers ask for a smaller threshold than {row['threshold']:.3g}",
            whether=f"whether another threshold than {row['threshold']:.3g} would bring {name} closer to people",
        )


def _errors(table: pd.DataFrame, name: str) -> Iterator[Claim]:
    of_model = table[(table["recognizer"] == name) & (table["rate"] == "false accept")]
    for row in of_model[of_model["kind"] == "optimized"].to_dict("records"):
        what = f"of the optimized pairs in which most people see two persons {name} accepts"
        yield Claim(
            *("error-rates", "false accept rate", row["value"], row["low"], row["high"], 0.5),
            above=f"More than half {what}",
            below=f"Less than half {what}",
            whether=f"whether more or less than half {what}",
        )


def _consistency(table: pd.DataFrame, name: str) -> Iterator[Claim]:
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
