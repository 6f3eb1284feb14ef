"""Tables 1 and 2 in the layout of the paper: errors in percent, raw beside rectified."""

from collections.abc import Hashable
from typing import Any

import numpy as np
import pandas as pd

from analysis.studies.classification.words import percent, span


def table_1(errors: pd.DataFrame) -> pd.DataFrame:
    """Raw and rectified errors in percent; columns of which nothing is known are left out. errors: the table."""
    rows = [
        {"classifier": row["classifier"], "error": row["measure"], "rows": row["n"], **_errors(row)}
        for row in errors.to_dict("records")
    ]
    return _with_values(pd.DataFrame(rows))


def table_2(adversarial: pd.DataFrame) -> pd.DataFrame:
    """Errors after the attack in percent; columns of which nothing is known are left out. adversarial: the table
    `adversarial_errors`.
    """
    rows = [
        {
            "classifier": row["classifier"],
            "shown": row.get("shown", ""),
            "rows": row["n"],
            "right_before_%": percent(row["before"]),
            "right_after_%": percent(row["after"]),
            "success_%": percent(row["success_rate"]),
            "float_success_%": percent(row["float_success_rate"]),
            **_errors(row),
        }
        for row in adversarial.to_dict("records")
    ]
    return _with_values(pd.DataFrame(rows))


def _errors(row: dict[Hashable, Any]) -> dict[str, str]:
    mask = np.isfinite(row["rectified"])
    return {
        "raw_%": percent(row["raw"]),
        "raw_95_%": span(row["raw_low"], row["raw_high"]),
        "asked": f"{row['asked']} of {row['mistakes']}",
        "people_side_with_%": percent(row["agreement"]) if row["mistakes"] else "",
        "rectified_%": percent(row["rectified"]),
        "rectified_95_%": span(row["low"], row["high"]),
        "bounds_%": span(row["least"], row["most"]) if mask and row["asked"] < row["mistakes"] else "",
    }


def _with_values(table: pd.DataFrame) -> pd.DataFrame:
    return table.loc[:, (table != "").any()]
