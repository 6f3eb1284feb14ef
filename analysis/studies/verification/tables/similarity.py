"""The spread of the answers on similarity, by kind."""

import numpy as np
import pandas as pd

from analysis.errors import MissingDataError
from analysis.frames import Table
from analysis.studies.verification import data

BINS = np.linspace(0, 100, 11)


def similarity_distribution(pairs: Table, ratings: Table) -> pd.DataFrame:
    """The share of a kind's ratings in each tenth of the scale 0 to 100.

    Columns: kind (last "all"), from (inclusive), to (exclusive but for 100), n (ratings), share (of the kind's; they
    add up to 1).

    Raises:
        MissingDataError: there are no ratings of similarity.
    """
    answers = data.frame(ratings)[["pair_id", "similarity"]].dropna()
    answers = answers.merge(data.frame(pairs)[["pair_id", "kind"]].assign(level=np.nan), on="pair_id")
    if answers.empty:
        raise MissingDataError("the dataset has no ratings of similarity")
    rows = []
    for kind, _, cell in data.cells(answers):
        counts, _ = np.histogram(cell["similarity"], BINS)
        rows += [
            {"kind": kind, "from": low, "to": high, "n": int(n), "share": n / len(cell)}
            for low, high, n in zip(BINS[:-1], BINS[1:], counts, strict=True)
        ]
    return pd.DataFrame(rows)
