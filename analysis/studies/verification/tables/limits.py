"""Limits of a verification study, said from its own numbers."""

import numpy as np
import pandas as pd

from analysis.errors import MissingDataError
from analysis.studies.verification import ANALYSIS, data
from analysis.studies.verification.data import KINDS, Verification
from analysis.tables.limits import (
    COLUMNS,
    SMALLEST,
    Row,
    of_agreement,
    of_batches,
    of_ratings,
    small_cell,
    statement,
    unrated,
)


def limits(published: Verification, agreement: pd.DataFrame | None = None) -> pd.DataFrame:
    """Statements of what must not be read out of the tables; see `analysis.tables.limits.limits`."""
    try:
        table = data.with_answers(published.pairs, published.ratings)
    except MissingDataError:
        table = published.pairs.assign(n_ratings=0, n_similarity=0, n_identity=0, unit=published.pairs["batch"])
    rows = of_ratings(published, table, ANALYSIS.questions, ANALYSIS.item) + _ties(table)
    there = set(table["kind"].astype("str"))
    rows += [statement("kinds", kind, 0, f"there are no {kind} pairs") for kind in KINDS if kind not in there]
    rows += unrated(table, "kind", ANALYSIS.item)
    rows += _cells(table) + _failures(published) + _searches(table)
    return pd.DataFrame(rows + of_batches(table, "batch") + of_agreement(agreement), columns=COLUMNS)


def _ties(table: pd.DataFrame) -> list[Row]:
    ties = int(table["identity_rate"].eq(0.5).sum()) if "identity_rate" in table and table["n_ratings"].any() else 0
    if not ties:
        return []
    return [statement("ratings", "ties", ties, f"on {ties} pairs half say each: error rates leave them out")]


def _cells(table: pd.DataFrame) -> list[Row]:
    cells = data.cells(table, total=False)
    subjects = [(kind if np.isnan(level) else f"{kind} {level:g}", len(cell)) for kind, level, cell in cells]
    return [small_cell(subject, n, ANALYSIS.item) for subject, n in subjects if n < SMALLEST]


def _failures(published: Verification) -> list[Row]:
    rows = []
    for name in published.recognizers:
        failed = published.pairs[published.pairs[f"{name}_accept"].isna()]
        if len(failed):
            kinds = ", ".join(f"{kind} {n}" for kind, n in failed["kind"].value_counts(sort=False).items() if n)
            words = f"{name} did not acquire {len(failed)} of {len(published.pairs)} pairs ({kinds}): in no rate"
            rows.append(statement("acquisition", name, len(failed), words))
    for column in [str(name) for name in published.images.columns if str(name).endswith("_found")]:
        n = int(published.images[column].eq(False).sum())
        if n:
            name = column.removesuffix("_found")
            words = f"the alignment {name} found nothing in {n} of {len(published.images)} images"
            rows.append(statement("acquisition", name, n, words))
    return rows


def _searches(table: pd.DataFrame) -> list[Row]:
    rows = []
    optimized = table[(table["kind"] == "optimized") & table["reached"].notna()]
    for level, cell in optimized.groupby("level"):
        n = int(cell["reached"].eq(False).sum())
        if n:
            words = f"{n} of {len(cell)} searches did not reach {level:g}: their pairs stand in for it"
            rows.append(statement("searches", f"optimized {level:g}", n, words))
    return rows
