"""Tables 1 and 2 in the layout of the paper: errors in percent, raw beside rectified."""

from collections.abc import Hashable
from typing import Any

import numpy as np
import pandas as pd

from analysis.studies.classification.words import percent, span


def table_1(errors: pd.DataFrame) -> pd.DataFrame:
    """Raw and rectified errors in percent. errors: the table of that name."""
    return pd.DataFrame(
        [
            {
                "classifier": row["classifier"],
                "error": row["measure"],
                "rows": row["n"],
                "raw_%": percent(row["raw"]),
                "raw_95_%": span(row["raw_low"], row["raw_high"]),
                **_rectified(row),
            }
            for row in errors.to_dict("records")
        ]
    )


def table_2(adversarial: pd.DataFrame) -> pd.DataFrame:
    """Errors after the attack in percent. adversarial: the table `adversarial_errors`."""
    return pd.DataFrame(
        [
            {
                "classifier": row["classifier"],
                "rows": row["n"],
                "right_before_%": percent(row["before"]),
                "right_after_%": percent(row["after"]),
                "attacks": row["attacks"],
                "success_%": percent(row["success_rate"]),
                "success_before_rounding_%": percent(row["float_success_rate"]),
                "raw_%": percent(row["raw"]),
                **_rectified(row),
            }
            for row in adversarial.to_dict("records")
        ]
    )


def _rectified(row: dict[Hashable, Any]) -> dict[str, str]:
    known = np.isfinite(row["rectified"])
    return {
        "asked": f"{row['asked']} of {row['mistakes']}",
        "people_side_with_%": percent(row["agreement"]) if row["mistakes"] else "",
        "rectified_%": percent(row["rectified"]),
        "rectified_95_%": span(row["low"], row["high"]),
        "bounds_%": span(row["least"], row["most"]) if known and row["asked"] < row["mistakes"] else "",
    }
