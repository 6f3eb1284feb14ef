"""A mixed-effects logistic model of when people see one identity."""

from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from analysis import mixed_logistic
from analysis.errors import MissingDataError
from analysis.frames import Numbers, Table
from analysis.inference import CONFIDENCE
from analysis.studies.verification import data

_COLUMNS = ["recognizer", "term", "estimate", "se", "low", "high", "odds_ratio", "n_ratings", "reason"]

UNCLEAR = "the answers hardly tell it from 0: no interval"

_MOST_CELLS = 50_000_000
"""Participants times pairs; the fit takes a few numbers for each."""


def identity_model(pairs: Table, ratings: Table) -> pd.DataFrame:
    """Log odds of the answer "same identity", one model per recognizer.

    Fixed: the recognizer's distance and LPIPS (the first of the columns lpips_*), each per standard deviation over the
    ratings used, and kind against the kind with the most ratings. Random intercepts: participant and pair; and a
    random slope of the distance by participant, for people differ in how much it tells them. See
    `analysis.mixed_logistic`; pairs that could not be acquired are left out.

    Columns: recognizer, term ("intercept", "distance", "lpips_alex", "kind: negative vs optimized", ...,
    "sd: participant", "sd: distance by participant", "sd: pair"), estimate, se, low, high (Wald; of an sd by the
    curvature in its logarithm), odds_ratio, n_ratings, reason (why an estimate or its interval is NaN, or of no use).

    Raises:
        MissingDataError: there are no ratings of identity, or no recognizer.
    """
    answers = data.answers(pairs, ratings).joined().dropna(subset="identity")
    scored = data.frame(pairs)
    names = data.recognizers(scored)
    if answers.empty or not names:
        raise MissingDataError("the dataset has no ratings of identity" if names else "the dataset has no recognizer")
    lpips = [name for name in data.distances(scored) if name.startswith("lpips")][:1]
    columns = [f"{name}_distance" for name in names] + lpips
    answers = answers.join(scored.set_index("pair_id")[columns], on="pair_id")
    table = pd.concat([_of_recognizer(answers, name, lpips) for name in names], ignore_index=True)
    return table.reindex(columns=_COLUMNS)


def _of_recognizer(answers: pd.DataFrame, name: str, lpips: list[str]) -> pd.DataFrame:
    answers = answers.dropna(subset=[f"{name}_distance", *lpips])
    reason = _impossible(answers)
    if reason:
        return pd.DataFrame([{"recognizer": name, "term": "distance", "n_ratings": len(answers), "reason": reason}])
    design = _design(answers, {"distance": f"{name}_distance"} | {column: column for column in lpips})
    pair, participant = (pd.factorize(answers[column])[0] for column in ("pair_id", "participant_id"))
    slopes = [term for term in ("distance",) if term in design]
    fit = mixed_logistic.fit(
        answers["identity"].to_numpy(np.float64),
        design.to_numpy(np.float64),
        pair.astype(np.intp),
        participant.astype(np.intp),
        design[slopes].to_numpy(np.float64) if slopes else None,
    )
    rows: list[dict[str, Any]] = _terms(list(design.columns), fit.coefficients, fit.errors)
    reason = "" if fit.converged else "the fit did not converge"
    rows = [{"reason": reason} | row for row in rows]
    rows += _deviations(fit, slopes, reason)
    columns = {"sd: participant": "participant_id", "sd: pair": "pair_id"}
    for row, column in ((row, columns[row["term"]]) for row in rows if row["term"] in columns):
        if answers.groupby(column).size().max() < 2:  # what varies between them is not told from the answers' own noise
            row |= {
                "estimate": np.nan,
                "low": np.nan,
                "high": np.nan,
                "reason": f"no {column.removesuffix('_id')} has two ratings",
            }
    constant = [term for term in ("distance", *lpips) if term not in design]
    rows += [{"term": term, "reason": "is the same in all ratings: not in the model"} for term in constant]
    return pd.DataFrame(rows).assign(recognizer=name, n_ratings=len(answers))


def _deviations(fit: mixed_logistic.Fit, slopes: list[str], reason: str) -> list[dict[str, Any]]:
    """Rows of the standard deviations; one without an interval says why."""
    terms = ["sd: pair", "sd: participant", *(f"sd: {term} by participant" for term in slopes)]
    unclear = "; ".join(filter(None, [reason, UNCLEAR]))
    rows = [
        {"term": term, "estimate": estimate, "low": low, "high": high, "reason": reason if low > 0 else unclear}
        for term, estimate, (low, high) in zip(terms, fit.deviations, fit.limits, strict=True)
    ]
    return [*rows[1:], rows[0]]


def _impossible(answers: pd.DataFrame) -> str:
    if answers["identity"].nunique() < 2:
        return "all answers are the same" if len(answers) else "no rated pair was acquired"
    n_pairs, n_participants = answers["pair_id"].nunique(), answers["participant_id"].nunique()
    if n_participants < 2 or n_pairs < 3:
        return f"{n_participants} participants and {n_pairs} pairs are too few"
    return (
        f"{n_participants} participants times {n_pairs} pairs are too many"
        if n_pairs * n_participants > _MOST_CELLS
        else ""
    )


def _design(answers: pd.DataFrame, numbers: dict[str, str]) -> pd.DataFrame:
    design = pd.DataFrame({"intercept": 1.0}, index=answers.index)
    for term, column in numbers.items():
        spread = answers[column].std()
        if spread > 0:
            design[term] = (answers[column] - answers[column].mean()) / spread
    counts = answers["kind"].value_counts(sort=False)
    reference = counts.idxmax()
    for kind in counts.index[(counts > 0) & (counts.index != reference)]:
        design[f"kind: {kind} vs {reference}"] = (answers["kind"] == kind).astype(np.float64)
    return design


def _terms(terms: list[str], estimates: Numbers, errors: Numbers) -> list[dict[str, Any]]:
    reach = stats.norm.ppf((1 + CONFIDENCE) / 2)
    return [
        {
            "term": term,
            "estimate": estimate,
            "se": error,
            "low": estimate - reach * error,
            "high": estimate + reach * error,
            "odds_ratio": np.exp(estimate),
        }
        for term, estimate, error in zip(terms, estimates, errors, strict=True)
    ]
