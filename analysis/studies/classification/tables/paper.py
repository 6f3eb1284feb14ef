"""The printed figures of Tables 1 and 2 of the paper beside those of a study."""

import tomllib
from collections.abc import Mapping
from importlib import resources
from typing import Any

import numpy as np
import pandas as pd

from analysis.errors import AnalysisError
from analysis.studies.classification.data import EXPLAINED, OF, WHOLE
from analysis.studies.classification.verdicts import ATTACKED, ATTACKED_EXPLAINED, TOP1, TOP5_OF_TOP1, TOP5_OF_TOP5

PRINTED = ("paper",)
"""Studies whose printed figures come with this package."""

OURS = "this study"


def printed_figures(name: str) -> dict[str, Any]:
    """The printed figures of a study, with their source; `name` is one of PRINTED.

    Raises:
        AnalysisError: there are none of that name.
    """
    if name not in PRINTED:
        raise AnalysisError(f"no printed figures of {name!r}; there are those of: {', '.join(PRINTED)}")
    text = resources.files("analysis.studies.classification").joinpath("printed", f"{name}.toml").read_text("utf-8")
    return tomllib.loads(text)


def compared_errors(
    errors: pd.DataFrame,
    curve: pd.DataFrame | None,
    adversarial: pd.DataFrame | None,
    printed: Mapping[str, Any],
    name: str,
) -> pd.DataFrame:
    """The errors of this study's classifiers, and below each measure the printed ones, in percent.

    errors, curve, adversarial: the tables of these names, `rectified_curve` and `adversarial_errors`. name: of the
    printed study.

    Columns: measure, study ("this study" or the printed one's name), classifier, raw, agreement (of mistakes; printed,
    or else what follows from the two errors), rectified, low, high, all_agree (the share of mistakes that all five side
    with).
    """
    rows = _ours(errors, curve) + ([] if adversarial is None else _ours(_measured(adversarial), curve))
    rows += [row | {"study": name} for row in _printed(printed)]
    measures = [TOP1, TOP5_OF_TOP1, TOP5_OF_TOP5, ATTACKED, ATTACKED_EXPLAINED]
    columns = ["measure", "study", "classifier", "raw", "agreement", "rectified", "low", "high", "all_agree"]
    table = pd.DataFrame(rows, columns=columns)
    return table.sort_values("measure", key=lambda column: column.map(measures.index), kind="stable", ignore_index=True)


def _ours(table: pd.DataFrame, curve: pd.DataFrame | None) -> list[dict[str, Any]]:
    rows = []
    for row in table.to_dict("records"):
        ours = {"measure": row["measure"], "study": OURS, "classifier": row["classifier"]}
        ours |= {column: 100 * row[column] for column in ("raw", "agreement", "rectified", "low", "high")}
        rows.append(ours | {"all_agree": _all_agree(curve, row["classifier"], row["measure"])})
    return rows


def _measured(adversarial: pd.DataFrame) -> pd.DataFrame:
    """`adversarial_errors` with the measure of each row."""
    if "shown" not in adversarial:
        return adversarial.assign(measure=ATTACKED)
    return adversarial.assign(measure=adversarial["shown"].map({WHOLE: ATTACKED, EXPLAINED: ATTACKED_EXPLAINED}))


def _all_agree(curve: pd.DataFrame | None, classifier: str, measure: str) -> float:
    if curve is None:
        return np.nan
    of = curve[(curve["classifier"] == classifier) & (curve["measure"] == measure) & (curve["enough"] == OF)]
    return float(100 * of["agreement"].iloc[0]) if len(of) else np.nan


def _printed(printed: Mapping[str, Any]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for name, of in printed["top1"].items():
        agreement = 100 * (1 - of["rectified"] / of["raw"])
        row = {"measure": TOP1, "classifier": name, **of, "agreement": agreement}
        rows.append(row | {"all_agree": printed["all_agree"].get(name, np.nan)})
    for name, of in printed["top5"].items():
        for measure, column in ((TOP5_OF_TOP1, "over_top1"), (TOP5_OF_TOP5, "over_top5")):
            rows.append({"measure": measure, "classifier": name, "raw": of["raw"], "rectified": of[column]})
    for table, measure in (("adversarial", ATTACKED), ("explained", ATTACKED_EXPLAINED)):
        for name, of in printed[table].items():
            figures = {column: of[column] for column in ("raw", "agreement", "rectified")}
            rows.append({"measure": measure, "classifier": name, **figures})
    return rows
