"""Findings, of which the sections of a report are made."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from analysis.dataset import Published
from analysis.tables.answers import Answers


@dataclass(frozen=True)
class Findings:
    """The material of the sections: the dataset, the answers of people in it, its result tables by name."""

    published: Published
    answers: Answers
    tables: Mapping[str, pd.DataFrame]

    def has(self, *names: str) -> bool:
        """Whether there is a row in each of the tables."""
        return all(name in self.tables and len(self.tables[name]) for name in names)
