"""The opening of an expression report: what was read by which models, and the questions that every such report asks."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from analysis.inference import left_out
from analysis.report.findings import Findings
from analysis.report.summary import Claim, agreement_claims, who_was_asked
from analysis.report.words import listed
from analysis.studies.expression.data import study
from analysis.studies.expression.tables.measured import ACCURACY, FPR, TPR
from analysis.studies.expression.words import alone, reference

HEADLINES = ((TPR, "happy"), (FPR, "happy"), (TPR, "neutral"), (FPR, "neutral"))
"""The rates that the paper prints."""


def introduction(findings: Findings) -> list[str]:
    """Sentences on which models read what, what is right, and who was asked what."""
    of = study(findings.published)
    names = of.classifiers
    models = f"{'the classifier ' if len(names) == 1 else f'{len(names)} classifiers: '}{', '.join(names)}"
    lines = [f"{len(of.items)} faces were read by {models}."]
    if findings.has("accuracy"):
        whole = findings.tables["accuracy"].query("grouping == 'all'").set_index("classifier")["value"]
        lines[0] += f" Right is what follows from {reference(of)}; share of faces that are read right: {listed(whole)}."
    lines += alone(findings)
    predicted = [name for name in of.groupings if name.endswith("(predicted)")]
    if predicted:
        lines.append(
            f"Groups by {', '.join(predicted)} are a model's word for how a face looks: its errors are in every "
            "figure by them."
        )
    question = "which emotion the face shows and how strong it is"
    if of.perceived is not None:
        question = "which emotion the face shows, how strong it is, and which gender the person seems to have"
    return [*lines, who_was_asked(findings, question)]


def claims(findings: Findings) -> Iterator[Claim]:
    """The claims about the first classifier's rates in every two groups, and those about people."""
    of = study(findings.published)
    name = of.classifiers[0]
    if findings.has("differences"):
        table = findings.tables["differences"]
        table = table[table["grouping"].isin(of.groupings)]
        units = len(np.unique(left_out(of.units[:, 0])))
        for claim in _differences(table[table["classifier"] == name], name):
            yield replace(claim, freedom=units - 1)
    yield from agreement_claims(findings)


def _differences(table: pd.DataFrame, name: str) -> Iterator[Claim]:
    for row in table.to_dict("records"):
        first, second, rate, emotion = (str(row[column]) for column in ("first", "second", "rate", "emotion"))
        if rate == ACCURACY:
            does = f"{name} reads"
            what = "faces right"
        elif (rate, emotion) in HEADLINES:
            does = f"{name} takes"
            what = f"{emotion} faces for {emotion}" if rate == TPR else f"faces that are not {emotion} for {emotion}"
        else:
            continue
        by = f"by {row['grouping']}"
        yield Claim(
            *("differences-by-groups", "difference", row["difference"], row["low"], row["high"], 0.0),
            above=f"{does} {what} more often in the group {first} than in the group {second}, {by}",
            below=f"{does} {what} more often in the group {second} than in the group {first}, {by}",
            whether=f"whether {does} {what} as often in the group {first} as in the group {second}, {by}",
        )
