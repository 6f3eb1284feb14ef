"""The opening of an expression report: what was read by which models, and the questions that every such report asks."""

from collections.abc import Iterator

import pandas as pd

from analysis.report.findings import Findings
from analysis.report.summary import Claim, agreement_claims, who_was_asked
from analysis.report.words import listed
from analysis.studies.expression.data import study
from analysis.studies.expression.tables.measured import ACCURACY, FPR, TPR
from analysis.studies.expression.words import alone, reference

HEADLINES = ((TPR, "happy"), (FPR, "happy"), (TPR, "neutral"), (FPR, "neutral"))
"""The rates that the paper prints."""


def introduction(found: Findings) -> list[str]:
    """Sentences on which models read what, what is right, and who was asked what."""
    of = study(found.published)
    names = of.classifiers
    models = f"{'the classifier ' if len(names) == 1 else f'{len(names)} classifiers: '}{', '.join(names)}"
    lines = [f"{len(of.items)} faces were read by {models}."]
    if found.has("accuracy"):
        whole = found.tables["accuracy"].query("grouping == 'all'").set_index("classifier")["value"]
        lines[0] += f" Right is what follows from {reference(of)}; share of faces that are read right: {listed(whole)}."
    lines += alone(found)
    predicted = [name for name in of.groupings if name.endswith("(predicted)")]
    if predicted:
        lines.append(
            f"Groups by {', '.join(predicted)} are a model's word for how a face looks: its errors are in every "
            "figure by them."
        )
    return [*lines, who_was_asked(found, "which emotion the face shows and how strong it is")]


def claims(found: Findings) -> Iterator[Claim]:
    """The claims about the first classifier's rates in every two groups, and those about people."""
    name = study(found.published).classifiers[0]
    if found.has("differences"):
        table = found.tables["differences"]
        yield from _differences(table[table["classifier"] == name], name)
    yield from agreement_claims(found)


def _differences(table: pd.DataFrame, name: str) -> Iterator[Claim]:
    for row in table.to_dict("records"):
        first, second, rate, emotion = (str(row[column]) for column in ("first", "second", "rate", "emotion"))
        if rate == ACCURACY:
            what = f"{name} is right more often of {{}} faces than of {{}} faces"
            whether = f"whether {name} is right as often of {first} faces as of {second} faces"
        elif (rate, emotion) in HEADLINES:
            kind = emotion if rate == TPR else f"not {emotion}"
            what = f"{name} calls {kind} faces {emotion} more often where they are {{}} than where they are {{}}"
            whether = f"whether {name} calls {kind} faces {emotion} as often where they are {first} as where {second}"
        else:
            continue
        by = f" ({row['grouping']})"
        yield Claim(
            *("differences", "difference", row["difference"], row["low"], row["high"], 0.0),
            above=what.format(first, second) + by,
            below=what.format(second, first) + by,
            whether=whether + by,
        )
