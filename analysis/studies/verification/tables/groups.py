"""The recognizers' rates by group: of participants, of images, of pairs."""

import numpy as np
import pandas as pd

from analysis.frames import Table
from analysis.studies.verification import data
from analysis.studies.verification.tables.verification import decided
from analysis.tables.groups import (
    LEAST_PEOPLE,
    PERSON,
    SMALLEST,
    Measured,
    figures_by_group,
    grouping_of,
)

RATES = ("accept", "false accept", "false reject")


def groups(
    pairs: Table,
    ratings: Table,
    table: Table,
    grouping: str,
    smallest: int = SMALLEST,
    least_people: int = LEAST_PEOPLE,
) -> pd.DataFrame:
    """Accept, false accept and false reject rates of each recognizer by the column `grouping` of `table`.

    By what `table` has: `participant_id`: a row is an answer, right is what this participant said. `image_id`: a row
    is a pair with a clear majority, which is right, and its group that of its base: every base has the same samples,
    while what a sample looks like comes of how it was made. `pair_id`: the same, the group that of the pair. Accept
    rates by participant are left out: a model accepts without them, and they say which batches a group rated. For cuts
    of numbers and what is merged see `analysis.tables.groups.figures_by_group`.

    Columns: those of `figures_by_group`, with recognizer and rate ("accept", "false accept", "false reject").

    Raises:
        AnalysisError: `table` has no such columns.
        MissingDataError: fewer than two groups are left.
    """
    by = grouping_of(table, grouping, ["image_id", "pair_id"])
    scored = data.frame(pairs)
    measured = {name: _measured(scored, ratings, name, by.key) for name in data.recognizers(scored)}
    return figures_by_group(by, measured, "recognizer", "rate", data.UNIT_COLUMNS, smallest, least_people)


def _measured(pairs: pd.DataFrame, ratings: Table, name: str, key: str) -> Measured:
    rows = _decisions(pairs, ratings, name, key)
    same, accept = rows["same"].to_numpy(np.bool_), rows["accept"].to_numpy(np.bool_)
    figures = {
        "accept": accept.astype(np.float64),
        "false accept": np.where(same, np.nan, accept),
        "false reject": np.where(same, ~accept, np.nan),
    }
    names = RATES[1:] if key == PERSON else RATES
    return Measured(rows, {rate: pd.Series(figures[rate], rows.index) for rate in names})


def _decisions(pairs: pd.DataFrame, ratings: Table, name: str, key: str) -> pd.DataFrame:
    """Columns: key (of the group), same, accept, and the units of dependence; a row per answer or per pair."""
    if key == PERSON:
        answers = data.answers(pairs, ratings).joined().dropna(subset="identity")
        answers = answers.join(pairs.set_index("pair_id")[f"{name}_accept"].dropna(), on="pair_id", how="inner")
        rows = {"key": answers["participant_id"], "same": answers["identity"] > 0.5}
        units = answers[list(data.UNIT_COLUMNS)]
        return pd.DataFrame(rows | {"accept": answers[f"{name}_accept"].astype(bool)}).join(units)
    clear = decided(data.with_answers(pairs, ratings), name)
    clear = clear.assign(key=clear["base_id" if key == "image_id" else "pair_id"])
    return clear[["key", "same", "accept", *data.UNIT_COLUMNS]]
