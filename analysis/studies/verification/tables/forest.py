"""Section 5.5: how much of the similarity of a pair the differences between its images explain."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.ensemble import RandomForestRegressor
from sklearn.inspection import permutation_importance
from sklearn.metrics import r2_score
from sklearn.model_selection import GroupKFold

from analysis.errors import MissingDataError
from analysis.frames import Numbers, Table
from analysis.inference import jackknife
from analysis.studies.verification import data
from analysis.studies.verification.tables.differences import attribute_differences

FOLDS = 5
TREES = 100
REPEATS = 5
SEED = 0


def attribute_forest(
    pairs: Table, ratings: Table | None, attributes: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A random forest from attribute differences to the mean similarity of a pair, judged on batches it has not seen.

    100 trees, leaves of at least 5 pairs, seed 0. Five folds with all pairs of a batch in one, for bases of a batch
    share images; fewer where there are fewer batches. Genuine pairs are left out: they differ in nothing. An attribute
    that is not known in a pair counts as its median over the training folds.

    Returns:
        The fit: n_pairs, n_batches, n_attributes, r2 (of all predictions of held-out pairs together; below 0 where the
        mean of all pairs predicts better), r2_low, r2_high (without one batch after the other, the forests being what
        they are), interval (how it was made, or why there is none), r2_std (of the folds' own R2), reason (why the
        importances mean nothing). And per attribute, by falling importance: attribute, importance (mean fall of the
        held-out R2 when its values are shuffled, 5 times a fold), importance_std (over folds and shuffles).

    Raises:
        MissingDataError: there are no ratings of similarity, fewer than two independent batches with ratings, fewer
            than 20 pairs, or all have the same similarity.
    """
    rated_pairs = data.with_answers(pairs, ratings)
    rated_pairs = rated_pairs[(rated_pairs["kind"] != "genuine") & rated_pairs["similarity_mean"].notna()]
    batches = rated_pairs["unit"].nunique()
    if len(rated_pairs) < 20:
        raise MissingDataError(f"{len(rated_pairs)} rated pairs are too few for a random forest")
    if batches < 2:
        raise MissingDataError("with one batch, no forest can be judged: its pairs share images and raters")
    similarity = rated_pairs["similarity_mean"].to_numpy(np.float64)
    if np.ptp(similarity) == 0:
        raise MissingDataError("all pairs have the same similarity")
    differences = attribute_differences(rated_pairs, attributes).dropna(axis="columns", how="all")
    predicted, folds, falls = _held_out(differences.to_numpy(np.float64), similarity, rated_pairs["unit"].to_numpy())
    fit: dict[str, Any] = {"n_pairs": len(rated_pairs), "n_batches": batches, "n_attributes": differences.shape[1]}
    interval = jackknife(_r2_of_weights(similarity, predicted), rated_pairs["unit"])
    fit |= (
        {"r2": r2_score(similarity, predicted)}
        | {"r2_low": interval.low, "r2_high": interval.high, "interval": interval.words()}
        | {"r2_std": float(np.std(folds, ddof=1))}
    )
    unknown = not interval.low > 0
    fit["reason"] = "R2 may be 0 or less: the importances mean nothing" if unknown else ""
    return pd.DataFrame([fit]), _importance(differences.columns, falls)


def _held_out(values: Numbers, similarity: Numbers, groups: npt.NDArray[Any]) -> tuple[Numbers, list[float], Numbers]:
    """Predictions of held-out pairs (n,), R2 by fold, falls of R2 (attributes, folds x shuffles)."""
    predicted, folds, falls = np.empty(len(similarity)), [], []
    for train, test in GroupKFold(min(FOLDS, len(np.unique(groups)))).split(values, similarity, groups):
        complete = np.where(np.isnan(values), _medians(values[train]), values)
        forest = RandomForestRegressor(TREES, min_samples_leaf=5, random_state=SEED, n_jobs=2)
        forest.fit(complete[train], similarity[train])
        forest.set_params(n_jobs=1)  # threads cost more than a prediction
        predicted[test] = forest.predict(complete[test])
        folds.append(float(r2_score(similarity[test], predicted[test])))
        shuffled = permutation_importance(
            forest, complete[test], similarity[test], n_repeats=REPEATS, random_state=SEED
        )
        falls.append(shuffled.importances)
    return predicted, folds, np.concatenate(falls, axis=1)


def _r2_of_weights(similarity: Numbers, predicted: Numbers) -> Callable[[Numbers], Numbers]:
    """R2 as a statistic of weights (r, n)."""
    missed = (similarity - predicted) ** 2

    def r2(weights: Numbers) -> Numbers:
        total = weights.sum(axis=1)
        spread = weights @ similarity**2 - (weights @ similarity) ** 2 / total
        return np.asarray(1 - (weights @ missed) / spread, np.float64)

    return r2


def _importance(attributes: Iterable[Any], falls: Numbers) -> pd.DataFrame:
    table = pd.DataFrame(
        {"attribute": list(attributes), "importance": falls.mean(axis=1), "importance_std": falls.std(axis=1, ddof=1)}
    )
    return table.sort_values("importance", ascending=False, kind="stable", ignore_index=True)


def _medians(values: Numbers) -> Numbers:
    mask = ~np.isnan(values).all(axis=0)
    medians = np.zeros(values.shape[1])
    medians[mask] = np.nanmedian(values[:, mask], axis=0)
    return medians
