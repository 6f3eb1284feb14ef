"""Section 5.5: how much of the similarity of a pair the differences between its images explain."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.ensemble import RandomForestRegressor
from sklearn.inspection import permutation_importance
from sklearn.metrics import r2_score
from sklearn.model_selection import GroupKFold

from analysis import frames
from analysis.errors import MissingDataError
from analysis.frames import Numbers, Table
from analysis.tables.attributes import attribute_differences

FOLDS = 5
TREES = 100
REPEATS = 5
SEED = 0


def attribute_forest(
    pairs: Table, ratings: Table | None, attributes: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A random forest from attribute differences to the mean similarity of a pair, judged on bases it has not seen.

    100 trees, leaves of at least 5 pairs, seed 0. Five folds with all pairs of a base in one; fewer where there are
    fewer bases. Genuine pairs are left out: they differ in nothing. An attribute that is not known in a pair counts as
    its median over the training folds.

    Returns:
        The fit: n_pairs, n_bases, n_attributes, r2 (of all predictions of held-out pairs together), r2_std (of the
        folds' own R2). And per attribute, by falling importance: attribute, importance (mean fall of the held-out R2
        when its values are shuffled, 5 times a fold), importance_std (over folds and shuffles).

    Raises:
        MissingDataError: there are no ratings of similarity, fewer than two bases with ratings, fewer than 20 pairs,
            or all have the same similarity.
    """
    rated = frames.rated(pairs, ratings)
    rated = rated[(rated["kind"] != "genuine") & rated["similarity_mean"].notna()]
    bases = rated["base_id"].nunique()
    if len(rated) < 20 or bases < 2:
        raise MissingDataError(f"{len(rated)} rated pairs of {bases} bases are too few for a random forest")
    similarity = rated["similarity_mean"].to_numpy(np.float64)
    if np.ptp(similarity) == 0:
        raise MissingDataError("all pairs have the same similarity")
    differences = attribute_differences(rated, attributes).dropna(axis="columns", how="all")
    predicted, folds, falls = _held_out(differences.to_numpy(np.float64), similarity, rated["base_id"].to_numpy())
    fit: dict[str, float] = {"n_pairs": len(rated), "n_bases": bases, "n_attributes": differences.shape[1]}
    fit |= {"r2": r2_score(similarity, predicted), "r2_std": float(np.std(folds, ddof=1))}
    return pd.DataFrame([fit]), _importance(differences.columns, falls)


def _held_out(values: Numbers, similarity: Numbers, groups: npt.NDArray[Any]) -> tuple[Numbers, list[float], Numbers]:
    """Predictions of held-out pairs (n,), R2 by fold, falls of R2 (attributes, folds x shuffles)."""
    predicted, folds, falls = np.empty(len(similarity)), [], []
    for train, test in GroupKFold(min(FOLDS, len(np.unique(groups)))).split(values, similarity, groups):
        known = np.where(np.isnan(values), _medians(values[train]), values)
        forest = RandomForestRegressor(TREES, min_samples_leaf=5, random_state=SEED, n_jobs=2)
        forest.fit(known[train], similarity[train])
        forest.set_params(n_jobs=1)  # threads cost more than a prediction
        predicted[test] = forest.predict(known[test])
        folds.append(float(r2_score(similarity[test], predicted[test])))
        shuffled = permutation_importance(forest, known[test], similarity[test], n_repeats=REPEATS, random_state=SEED)
        falls.append(shuffled.importances)
    return predicted, folds, np.concatenate(falls, axis=1)


def _importance(attributes: Iterable[Any], falls: Numbers) -> pd.DataFrame:
    table = pd.DataFrame(
        {"attribute": list(attributes), "importance": falls.mean(axis=1), "importance_std": falls.std(axis=1, ddof=1)}
    )
    return table.sort_values("importance", ascending=False, kind="stable", ignore_index=True)


def _medians(values: Numbers) -> Numbers:
    known = ~np.isnan(values).all(axis=0)
    medians = np.zeros(values.shape[1])
    medians[known] = np.nanmedian(values[:, known], axis=0)
    return medians
