"""The opening of a classification report: who erred how often, what people say of it, and what every report asks."""

from collections.abc import Hashable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from analysis.inference import LEAST
from analysis.report.findings import Findings
from analysis.report.summary import Claim, agreement_claims, who_was_asked
from analysis.studies.classification.data import EXPLAINED, study
from analysis.studies.classification.verdicts import TOP1
from analysis.studies.classification.words import percent, span, who

HALF = 0.5


def introduction(findings: Findings) -> list[str]:
    """Sentences on which classifiers labeled what, how often they erred, and what people say of that."""
    of = study(findings.published)
    names = of.classifiers
    rows, classes = len(of.predictions), of.predictions["label"].nunique()
    what = f"{rows} rows of {classes} classes" if classes else f"{rows} rows without labels"
    models = f"{'classifier ' if len(names) == 1 else f'{len(names)} classifiers: '}{', '.join(names)}"
    sentences = [f"{what} were classified by {models}."]
    sentences.append(who_was_asked(findings, "whether the shown class is relevant for the image (yes or no)"))
    if findings.has("errors"):
        sentences += [_error(row, of.source) for row in _top1(findings)]
    if findings.has("adversarial_errors"):
        sentences += [_attack(row, of.source) for row in findings.tables["adversarial_errors"].to_dict("records")]
    if of.source is not None and (n := of.rows["unit"].nunique()) < LEAST:
        sentences.append(
            f"There are {n} independent batches, and an interval needs {LEAST}: no error here has one, and other "
            "classes and other people may give others. A study of more batches has intervals: of more classes, or of "
            "fewer in each (classes_per_batch)."
        )
    return sentences


def claims(findings: Findings) -> Iterator[Claim]:
    """Whether people side with half of the mistakes, whether the order of two classifiers is certain, whether people
    side with attacks, and whether they agree.
    """
    if findings.has("errors"):
        for row in _top1(findings):
            if row["mistakes"]:
                yield _half("errors", row, f"mistakes of {row['classifier']}")
    if findings.has("adversarial_errors"):
        for row in findings.tables["adversarial_errors"].to_dict("records"):
            yield _half("adversarial-errors", row, f"successful attacks on {row['classifier']}{_explained(row)}")
    if findings.has("arm_difference"):
        yield from _arms(findings.tables["arm_difference"])
    if findings.has("error_differences"):
        yield from _differences(findings.tables["error_differences"])
    yield from agreement_claims(findings)


def _top1(findings: Findings) -> list[dict[Hashable, Any]]:
    errors = findings.tables["errors"]
    return errors[errors["measure"] == TOP1].to_dict("records")


def _half(table: str, row: dict[Hashable, Any], what: str) -> Claim:
    return Claim(
        *(table, "share", row["agreement"], row["agreement_low"], row["agreement_high"], HALF),
        above=f"People side with more than half of the {what}",
        below=f"People side with less than half of the {what}",
        whether=f"whether people side with more or less than half of the {what}",
    )


def _explained(row: dict[Hashable, Any]) -> str:
    return " whose images are explained" if row.get("shown") == EXPLAINED else ""


def _arms(table: pd.DataFrame) -> Iterator[Claim]:
    for row in table.to_dict("records"):
        yield Claim(
            *("arm-difference", "difference", row["difference"], row["low"], row["high"], 0.0),
            above=f"Explained, attacks on {row['classifier']} convince more people than whole",
            below=f"Explained, attacks on {row['classifier']} convince fewer people than whole",
            whether=f"whether explained or whole attacks on {row['classifier']} convince more people",
        )


def _differences(table: pd.DataFrame) -> Iterator[Claim]:
    for row in table[table["error"] == "rectified"].to_dict("records"):
        first, second = row["first"], row["second"]
        yield Claim(
            *("error-differences", "difference", row["difference"], row["low"], row["high"], 0.0),
            above=f"After people were heard, {first} errs more than {second}",
            below=f"After people were heard, {first} errs less than {second}",
            whether=f"whether {first} or {second} errs more after people were heard",
        )


def _error(row: dict[Hashable, Any], source: str | None) -> str:
    raw = f"{percent(row['raw'])} % of them{_between(row['raw_low'], row['raw_high'])}"
    sentence = f"By the label, {row['classifier']} errs on {raw}"
    if not np.isfinite(row["rectified"]):
        return f"{sentence}; what people say of its mistakes is not known: {row['reason']}."
    of = f", estimated from {row['asked']} of its {row['mistakes']} mistakes"
    share = "" if row["asked"] == row["mistakes"] else of
    return (
        f"{sentence}; {who(source)} side with {percent(row['agreement'])} % of these mistakes "
        "(at least 4 of 5 say yes), "
        f"which leaves {percent(row['rectified'])} %{_between(row['low'], row['high'])}{share}."
    )


def _attack(row: dict[Hashable, Any], source: str | None) -> str:
    if row.get("shown") == EXPLAINED and np.isfinite(row["rectified"]):
        return (
            f"Where they see no more of these images than speaks for the class, {who(source)} side with "
            f"{percent(row['agreement'])} % of them, which leaves {percent(row['rectified'])} %"
            f"{_between(row['low'], row['high'])}."
        )
    sentence = f"Attacked, {row['classifier']} errs on {percent(row['raw'])} %"
    if not np.isfinite(row["rectified"]):
        return f"{sentence}; what people say of that is not known: {row['reason']}."
    return (
        f"{sentence}; {who(source)} side with {percent(row['agreement'])} % of the successful attacks, which leaves "
        f"{percent(row['rectified'])} %{_between(row['low'], row['high'])}."
    )


def _between(low: float, high: float) -> str:
    return f" ({span(low, high)})" if np.isfinite(low) else ""
