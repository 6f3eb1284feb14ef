"""Tables 1 and 2 of the paper: errors by the label, and after people were heard."""

import itertools
from typing import Any

import numpy as np
import pandas as pd

from analysis.errors import MissingDataError
from analysis.inference import holm
from analysis.studies.classification.data import ACCEPTED, EXPLAINED, WHOLE, Classification
from analysis.studies.classification.verdicts import (
    ATTACKED_EXPLAINED,
    Verdicts,
    all_attack_verdicts,
    all_verdicts,
    difference,
    top1_verdicts,
)

NOBODY = "no mistake has five valid answers"
NO_LABELS = "the pictures have no labels: nothing of them is a mistake"


def errors(study: Classification) -> pd.DataFrame:
    """Table 1: the error of each classifier, raw and rectified at 4 of 5.

    Columns: classifier, measure ("top-1"; where it names more than 10 classes "top-5, over top-1 mistakes" and "top-5,
    over top-5 mistakes"), n (rows in which it found something), failures (rows in which it found nothing, in no other
    column), raw, raw_low, raw_high, raw_interval, mistakes (that may be rectified), asked (with five valid answers or
    more), accepted, agreement (of mistakes, by sampling weights), agreement_low, agreement_high, agreement_interval,
    rectified, low, high, interval, least, most (the bounds of the rectified error of these rows), reason (why rectified
    is NaN).

    Raises:
        MissingDataError: no row has a label.
    """
    if study.labeled.empty:
        raise MissingDataError(NO_LABELS)
    rows = [{"failures": len(study.labeled) - len(each.rows)} | row_of(each) for each in all_verdicts(study)]
    order = ["classifier", "measure", "n", "failures"]
    table = pd.DataFrame(rows)
    return table[[*order, *(name for name in table.columns if name not in order)]]


def adversarial_errors(study: Classification) -> pd.DataFrame:
    """Table 2: the error of an attacked classifier, raw and rectified at 4 of 5.

    Agreement is a share of successful attacks: rectified = error after the attack - agreement x (accuracy before -
    accuracy after). Rows that were wrong before the attack stay errors.

    Columns: classifier, shown (whole or explained; where there are such arms), n (rows in which it found something),
    before, after (accuracies), attacks, success_rate (of attacks, by the stored 8-bit picture), float_success_rate
    (before rounding), raw, raw_low, raw_high, raw_interval, mistakes (successful attacks), asked, accepted, agreement,
    agreement_low, agreement_high, agreement_interval, rectified, low, high, interval, least, most, reason.

    Raises:
        MissingDataError: nothing was attacked.
    """
    if not study.attacked:
        raise MissingDataError("the study has no adversarial examples")
    arms = len(study.explained) > 0
    return pd.DataFrame([_attacked(study, verdicts, arms=arms) for verdicts in all_attack_verdicts(study)])


def error_differences(study: Classification) -> pd.DataFrame:
    """Whether one classifier errs more than another: top-1 error, raw and rectified, of every two, on the same rows.

    Columns: first, second, error (raw, rectified), difference (first minus second), low, high, interval, p, p_holm (all
    rows are one family).

    Raises:
        MissingDataError: there is one classifier, or no row has a label.
    """
    if study.labeled.empty:
        raise MissingDataError(NO_LABELS)
    verdicts = [top1_verdicts(study, name) for name in study.classifiers]
    if len(verdicts) < 2:
        raise MissingDataError("the study has one classifier: there is none to compare it with")
    rows = []
    for first, second in itertools.combinations(verdicts, 2):
        for error, least in (("raw", None), ("rectified", ACCEPTED)):
            apart = difference(first, second, least)
            row = {"first": first.classifier, "second": second.classifier, "error": error}
            rows.append(row | {"difference": apart.estimate} | apart.columns() | {"p": apart.p})
    table = pd.DataFrame(rows)
    return table.assign(p_holm=holm(table["p"].to_numpy(np.float64)))


def row_of(verdicts: Verdicts) -> dict[str, Any]:
    """The cells of one classifier by one measure."""
    raw, rectified, agreement = (verdicts.raw(), verdicts.rectified(), verdicts.agreement())
    least, most = verdicts.bounds()
    mistakes = verdicts.mistakes
    row: dict[str, Any] = {"classifier": verdicts.classifier, "measure": verdicts.measure, "n": len(verdicts.rows)}
    row |= {"raw": raw.estimate} | raw.columns("raw_")
    row |= {"mistakes": len(mistakes), "asked": int(mistakes["level"].notna().sum())}
    row |= {"accepted": int((mistakes["level"] >= ACCEPTED).sum()), "agreement": agreement.estimate}
    row |= agreement.columns("agreement_")
    row |= {"rectified": rectified.estimate} | rectified.columns() | {"least": least, "most": most}
    nothing = "" if np.isfinite(rectified.estimate) else NOBODY if len(verdicts.rows) else "it found nothing anywhere"
    return row | {"reason": nothing}


def _attacked(study: Classification, verdicts: Verdicts, *, arms: bool) -> dict[str, Any]:
    name = verdicts.classifier
    attacks = study.attacks[study.attacks["classifier"] == name]
    before = top1_verdicts(study, name).raw().estimate
    row = row_of(verdicts)
    explained = row.pop("measure") == ATTACKED_EXPLAINED
    head = {"classifier": row.pop("classifier")} | ({"shown": EXPLAINED if explained else WHOLE} if arms else {})
    head |= {"n": row.pop("n"), "before": 1 - before, "after": 1 - row["raw"]}
    head |= {"attacks": len(attacks), "success_rate": float(attacks["success"].astype("boolean").mean())}
    head |= {"float_success_rate": float(attacks["float_class"].notna().mean())}
    return head | row
