"""What the sections of a report are made of."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from analysis.errors import MissingDataError
from analysis.studies.verification import data
from analysis.studies.verification.data import Verification


@dataclass(frozen=True)
class Findings:
    """What the sections are made of: the dataset, its result tables by name, rated pairs (empty without ratings)."""

    published: Verification
    tables: Mapping[str, pd.DataFrame]
    rated: pd.DataFrame

    def has(self, *names: str) -> bool:
        """Whether there is a row in each of the tables."""
        return all(name in self.tables and len(self.tables[name]) for name in names)


def findings(published: Verification, tables: Mapping[str, pd.DataFrame]) -> Findings:
    """The dataset and its results, its pairs with what people say of them."""
    try:
        rated = data.rated(published.pairs, published.ratings)
    except MissingDataError:
        rated = published.pairs.head(0)
    return Findings(published, tables, rated)
