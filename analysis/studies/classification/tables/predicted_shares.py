"""The share of pictures to which a classifier gives each class: all that can be said of pictures without labels."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from analysis.inference import wilson


def predicted_shares(predictions: pd.DataFrame, classifiers: Sequence[str]) -> pd.DataFrame:
    """A row per classifier and class that it gives some picture, the most frequent first.

    Columns: classifier, class, n (pictures in which it found something), predicted (of these, with this class first),
    share, low, high (Wilson's 95 % interval, pictures being independent of one another).

    Args:
        predictions: the table of a classification study.
        classifiers: their names.
    """
    rows: list[dict[str, Any]] = []
    for name in classifiers:
        cases = first_classes(predictions, name).dropna()
        counts = cases.value_counts(sort=False).sort_index().sort_values(ascending=False, kind="stable")
        for each, count in counts.items():
            low, high = wilson(int(count), len(cases))
            shares = {"share": count / len(cases), "low": low, "high": high}
            rows.append({"classifier": name, "class": each, "n": len(cases), "predicted": int(count), **shares})
    return pd.DataFrame(rows, columns=["classifier", "class", "n", "predicted", "share", "low", "high"])


def first_classes(predictions: pd.DataFrame, name: str) -> "pd.Series[Any]":
    """A classifier's top-1 of each row; None where it found nothing."""
    return predictions[f"{name}_classes"].map(
        lambda classes: classes[0] if classes is not None and len(classes) else None, na_action="ignore"
    )
