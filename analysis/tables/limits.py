"""What a dataset cannot show, said from its own numbers."""

from typing import Any

import numpy as np
import pandas as pd

from analysis import frames
from analysis.errors import MissingDataError
from analysis.inference import LEAST
from analysis.studies.verification import data
from analysis.studies.verification.data import Verification
from loading_script.lands_between import KINDS

SMALLEST = 30
RELIABLE = 2 / 3
"""Krippendorff's least alpha for tentative conclusions."""


def limits(published: Verification, agreement: pd.DataFrame | None = None) -> pd.DataFrame:
    """Statements of what must not be read out of the tables.

    agreement: the table of that name, where it could be made.

    Columns: topic, subject (a kind, a recognizer, ...), n (what the statement is of), statement.
    """
    try:
        rated = data.rated(published.pairs, published.ratings)
    except MissingDataError:
        rated = published.pairs.assign(n_ratings=0, n_similarity=0, n_identity=0, unit=published.pairs["batch"])
    rows = _ratings(published, rated) + _kinds(rated) + _cells(rated) + _failures(published) + _searches(rated)
    return pd.DataFrame(rows + _batches(rated) + _agreement(agreement), columns=["topic", "subject", "n", "statement"])


def _batches(rated: pd.DataFrame) -> list[dict[str, Any]]:
    batches, independent = rated["batch"].nunique(), rated["unit"].nunique()
    rows = []
    if independent < batches:
        statement = f"people rated several batches: {batches} batches count as {independent} for intervals"
        rows.append(_row("batches", "raters", batches, statement))
    if independent < LEAST:
        statement = f"independent batches: {independent}; an interval needs {LEAST}, so that there is none"
        rows.append(_row("batches", "all", independent, statement))
    return rows


def _row(topic: str, subject: str, n: float, statement: str) -> dict[str, Any]:
    return {"topic": topic, "subject": subject, "n": n, "statement": statement}


def _ratings(published: Verification, rated: pd.DataFrame) -> list[dict[str, Any]]:
    n = int(rated["n_ratings"].sum())
    if not n:
        return [_row("ratings", "all", 0, "no ratings: nothing here says what people see")]
    rows = []
    if published.source == "simulated":
        rows.append(_row("ratings", "all", n, f"all {n} ratings are simulated: nothing here says what people see"))
    rows += [
        _row("ratings", source, count, f"{count} ratings of the source {source!r} are left out: one source at a time")
        for source, count in published.other_sources.items()
    ]
    if published.excluded:
        n = published.excluded
        rows.append(_row("ratings", "flagged", n, f"{n} flagged participants and their ratings are left out"))
    elif len(published.participants):
        n = int(frames.flagged(published.participants["flags"]).sum())
        if n:
            rows.append(_row("ratings", "flagged", n, f"{n} flagged participants are included"))
    few = int(rated["n_identity"].between(1, 2).sum())
    if few:
        statement = f"{few} pairs have only one or two answers on identity: their majority means little"
        rows.append(_row("ratings", "pairs", few, statement))
    for column in data.COUNTS.values():
        question, n = column.removeprefix("n_"), int((rated["n_ratings"] - rated[column]).sum())
        if n:
            statement = f"{n} ratings have no answer on {question}: they are in no figure about it"
            rows.append(_row("ratings", question, n, statement))
    if "identity_rate" in rated:
        ties = int(rated["identity_rate"].eq(0.5).sum())
        if ties:
            rows.append(_row("ratings", "ties", ties, f"on {ties} pairs half say each: error rates leave them out"))
    return rows


def _kinds(rated: pd.DataFrame) -> list[dict[str, Any]]:
    there = set(rated["kind"].astype("str"))
    rows = [_row("kinds", kind, 0, f"there are no {kind} pairs") for kind in KINDS if kind not in there]
    if not rated["n_ratings"].gt(0).any():
        return rows
    for kind, level, cell in data.cells(rated, total=False):
        if np.isnan(level):
            unrated = int(cell["n_ratings"].eq(0).sum())
            if unrated == len(cell):
                rows.append(_row("kinds", kind, unrated, f"none of the {unrated} {kind} pairs has a rating"))
            elif unrated:
                statement = f"{unrated} of {len(cell)} {kind} pairs have no rating and are in no figure about people"
                rows.append(_row("kinds", kind, unrated, statement))
    return rows


def _cells(rated: pd.DataFrame) -> list[dict[str, Any]]:
    rows = []
    for kind, level, cell in data.cells(rated, total=False):
        if len(cell) < SMALLEST:
            subject = kind if np.isnan(level) else f"{kind} {level:g}"
            rows.append(_row("cells", subject, len(cell), f"{subject}: {len(cell)} pairs, fewer than {SMALLEST}"))
    return rows


def _failures(published: Verification) -> list[dict[str, Any]]:
    rows = []
    for name in published.recognizers:
        failed = published.pairs[published.pairs[f"{name}_accept"].isna()]
        if len(failed):
            kinds = ", ".join(f"{kind} {n}" for kind, n in failed["kind"].value_counts(sort=False).items() if n)
            statement = f"{name} did not acquire {len(failed)} of {len(published.pairs)} pairs ({kinds}): in no rate"
            rows.append(_row("acquisition", name, len(failed), statement))
    for column in [str(name) for name in published.images.columns if str(name).endswith("_found")]:
        n = int(published.images[column].eq(False).sum())
        if n:
            name = column.removesuffix("_found")
            statement = f"the alignment {name} found nothing in {n} of {len(published.images)} images"
            rows.append(_row("acquisition", name, n, statement))
    return rows


def _searches(rated: pd.DataFrame) -> list[dict[str, Any]]:
    rows = []
    optimized = rated[(rated["kind"] == "optimized") & rated["reached"].notna()]
    for level, cell in optimized.groupby("level"):
        n = int(cell["reached"].eq(False).sum())
        if n:
            statement = f"{n} of {len(cell)} searches did not reach {level:g}: their pairs stand in for it"
            rows.append(_row("searches", f"optimized {level:g}", n, statement))
    return rows


def _agreement(agreement: pd.DataFrame | None) -> list[dict[str, Any]]:
    if agreement is None:
        return []
    alpha = agreement[(agreement["statistic"] == "alpha") & (agreement["value"] < RELIABLE)]
    return [
        _row(
            "agreement",
            row["question"],
            row["n_pairs"],
            f"people agree too little on {row['question']} for firm conclusions: alpha {row['value']:.2f} is below 2/3",
        )
        for _, row in alpha.iterrows()
    ]
