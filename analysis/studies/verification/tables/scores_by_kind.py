"""Table 1: what people, recognizers and distances say of each kind and level."""

from typing import Any

import numpy as np
import pandas as pd

from analysis.errors import MissingDataError
from analysis.frames import Table
from analysis.inference import jackknife, rate, weighted_mean
from analysis.studies.verification import data


def scores_by_kind(pairs: Table, ratings: Table | None = None) -> pd.DataFrame:
    """One row for each kind, each of its levels, and "all"; every mean is over pairs, each counting once.

    Columns: kind, level (NaN for a whole kind), n_pairs, n_rated (pairs with ratings), n_ratings, n_similarity and
    n_identity (answers to each question), similarity_mean (0 to 100), identity_rate; per recognizer `<name>_distance`
    (mean), `<name>_accept` (share) and `<name>_failures` (pairs in which one of the images could not be acquired, in
    neither of the other two); the mean of every other distance. Without ratings, theirs are 0 or NaN.
    """
    return pd.DataFrame([_row(kind, level, cell) for kind, level, cell in data.cells(_scored(pairs, ratings))])


def means(pairs: Table, ratings: Table | None = None) -> pd.DataFrame:
    """The means of `scores_by_kind` with their intervals, a row each; those without a pair are left out.

    Columns: kind, level, measure (a column of `scores_by_kind`), n (pairs), value, low, high, interval (how it was
    made, or why there is none).

    Raises:
        MissingDataError: there is no such mean.
    """
    scored = _scored(pairs, ratings)
    rates = ["identity_rate", *(f"{name}_accept" for name in data.recognizers(scored))]
    measures = ["similarity_mean", "identity_rate"]
    measures += [f"{name}_{what}" for name in data.recognizers(scored) for what in ("distance", "accept")]
    rows = []
    for kind, level, cell in data.cells(scored):
        for measure in [*measures, *data.distances(scored)]:
            measured = cell[cell[measure].notna()]
            if len(measured):
                values = measured[measure].to_numpy(np.float64)
                interval = (
                    rate(values, measured[list(data.UNIT_COLUMNS)])
                    if measure in rates
                    else jackknife(weighted_mean(values), measured["unit"])
                )
                row = {"kind": kind, "level": level, "measure": measure, "n": len(measured), "value": interval.estimate}
                rows.append(row | interval.columns())
    if not rows:
        raise MissingDataError("there are no pairs with a score or a rating")
    return pd.DataFrame(rows)


def _scored(pairs: Table, ratings: Table | None) -> pd.DataFrame:
    """The pairs with what people say of them; without ratings, that is 0 or NaN."""
    try:
        return data.with_answers(pairs, ratings)
    except MissingDataError:
        scored = data.frame(pairs)
        nothing = dict.fromkeys(("n_ratings", *data.COUNTS.values()), 0)
        unit = data.units(scored, pd.DataFrame())
        return scored.assign(unit=unit, similarity_mean=np.nan, identity_rate=np.nan, **nothing)


def _row(kind: str, level: float, cell: pd.DataFrame) -> dict[str, Any]:
    row: dict[str, Any] = {
        "kind": kind,
        "level": level,
        "n_pairs": len(cell),
        "n_rated": int(cell["n_ratings"].gt(0).sum()),
        "n_ratings": int(cell["n_ratings"].sum()),
        "n_similarity": int(cell["n_similarity"].sum()),
        "n_identity": int(cell["n_identity"].sum()),
        "similarity_mean": cell["similarity_mean"].mean(),
        "identity_rate": cell["identity_rate"].mean(),
    }
    for name in data.recognizers(cell):
        accept = cell[f"{name}_accept"]
        row[f"{name}_distance"] = cell[f"{name}_distance"].mean()
        row[f"{name}_accept"] = float(accept.mean()) if accept.notna().any() else np.nan
        row[f"{name}_failures"] = int(accept.isna().sum())
    return row | {name: cell[name].mean() for name in data.distances(cell)}
