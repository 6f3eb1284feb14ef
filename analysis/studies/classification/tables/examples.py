"""The number of rows of a class that a method of choosing examples would take."""

import pandas as pd

from analysis.errors import MissingDataError
from analysis.studies.classification.data import Classification


def class_examples(study: Classification) -> pd.DataFrame:
    """The examples of each class, by method and role.

    Columns: class, method, role, n_candidates (rows that the classifier gets right, from which examples were chosen),
    n_qualified (of them), nearest (examples that do not qualify and stand in, where fewer do than are shown).

    Raises:
        MissingDataError: there are none.
    """
    if study.examples.empty:
        raise MissingDataError("the study has no examples of classes")
    rows = [
        {
            **dict(zip(("class", "method", "role"), key, strict=True)),
            "n_candidates": int(of["n_candidates"].iloc[0]),
            "n_qualified": int(of["n_qualified"].iloc[0]),
            "nearest": int((~of["qualified"].astype(bool)).sum()),
        }
        for key, of in study.examples.groupby(["class", "method", "role"], sort=False)
    ]
    return pd.DataFrame(rows)
