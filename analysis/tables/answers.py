"""Ratings as the statistics of raters need them: joined with their pairs, and as complete blocks."""

import numpy as np
import pandas as pd

from analysis.errors import MissingDataError
from analysis.frames import Table
from analysis.studies.verification import data

QUESTIONS = ("similarity", "identity")

_COMPLETE = 0.9


def answers(pairs: Table, ratings: Table) -> pd.DataFrame:
    """A row per answer of a participant to a pair.

    Columns: pair_id, participant_id, similarity, identity (0 or 1), and of the pair base_id, batch, kind, level, unit.

    What was not answered is NaN; ratings of other pairs are left out. `unit`: see `analysis.data.units`.

    Raises:
        MissingDataError: there are none.
    """
    rows = data.frame(ratings)[["pair_id", "participant_id", "similarity", "identity"]]
    rows["identity"] = rows["identity"].astype("Float64").to_numpy(np.float64, na_value=np.nan)
    rows["similarity"] = rows["similarity"].astype("Float64").to_numpy(np.float64, na_value=np.nan)
    scored = data.frame(pairs)
    joined = rows.merge(scored[["pair_id", "base_id", "batch", "kind", "level"]], on="pair_id")
    joined = joined.join(data.units(scored, rows).set_axis(scored["pair_id"]).rename("unit"), on="pair_id")
    if joined.empty:
        raise MissingDataError("the dataset has no ratings")
    return joined


def complete_block(given: pd.DataFrame, question: str) -> pd.DataFrame:
    """A row per pair, a column per participant, without gaps: what two-way analysis of variance needs.

    A participant with less than 90 % of the pairs is left out, then every pair that one of the others lacks.
    """
    wide = given.pivot_table(index="pair_id", columns="participant_id", values=question, observed=True)
    wide = wide.loc[:, wide.notna().mean() >= _COMPLETE]
    return wide.dropna(axis="index") if wide.shape[1] else wide.iloc[:0]
