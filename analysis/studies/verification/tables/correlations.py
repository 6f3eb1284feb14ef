"""Table 2: how the distances of pairs go with the share of people who see one identity."""

from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from analysis.frames import Numbers, Table
from analysis.inference import FISHER, holm, jackknife, weighted_pearson, weighted_spearman
from analysis.studies.verification import data

_COLUMNS = (
    *("kind", "measure", "n", "n_bases", "pearson", "p", "stars", "printed", "low", "high", "interval"),
    *("p_batches", "p_holm", "honest_stars", "spearman", "spearman_p", "spearman_low", "spearman_high"),
    *("spearman_interval", "reason"),
)


def correlations(pairs: Table, ratings: Table | None = None) -> pd.DataFrame:
    """Correlation of each pair's identity rate with its similarity and its distances, by kind.

    `p`, `stars` and `spearman_p` take pairs for independent, which pairs of one batch are not: they are there because
    the paper prints them. The 95 % intervals (`low`, `high`, `spearman_low`, `spearman_high`) and `p_batches` leave out
    one batch after the other, on Fisher's z with Student's t. `p_holm` is `p_batches` after Holm's correction for all
    rows of the table, a single family; `honest_stars` are its stars.

    Genuine pairs, all at distance 0, have no row of their own; "all" leaves them out, "all with genuine" does not. (We
    found no data that give the paper's figures over all and those of its kinds at once unless genuine pairs are in.)

    Columns: kind (last "all" and "all with genuine"), measure ("similarity", a recognizer or another distance), n
    (pairs with both), n_bases, pearson, p, stars (* p < .05, ** p < .001), printed (as in the paper: blank where not
    significant), low, high, interval (how it was made, or why there is none), p_batches, p_holm, honest_stars,
    spearman, spearman_p, spearman_low, spearman_high, spearman_interval, reason (why it is NaN).

    Raises:
        MissingDataError: there are no ratings.
    """
    rated_pairs = data.with_answers(pairs, ratings)
    rated_pairs = rated_pairs[rated_pairs["identity_rate"].notna()]
    without = rated_pairs[rated_pairs["kind"] != "genuine"]
    measures = {"similarity": "similarity_mean"} | data.measures(rated_pairs)
    kinds = [(kind, cell) for kind, level, cell in data.cells(without) if np.isnan(level)]
    if len(without) < len(rated_pairs):
        kinds.append(("all with genuine", rated_pairs))
    table = pd.DataFrame(
        [
            {"kind": kind, "measure": measure} | _correlation(cell[cell[column].notna()], column)
            for kind, cell in kinds
            for measure, column in measures.items()
        ]
    )
    adjusted = holm(table["p_batches"])
    return table.assign(p_holm=adjusted, honest_stars=[_stars(p) for p in adjusted])[[*_COLUMNS]]


def _correlation(cell: pd.DataFrame, column: str) -> dict[str, Any]:
    identity, values = cell["identity_rate"].to_numpy(np.float64), cell[column].to_numpy(np.float64)
    counts = {"n": len(cell), "n_bases": cell["base_id"].nunique()}
    reason = _undefined(identity, values, column)
    if reason:
        unknown = dict.fromkeys(_COLUMNS[4:-1], np.nan)
        nothing = dict.fromkeys(("stars", "printed", "interval", "spearman_interval"), "")
        return unknown | nothing | counts | {"reason": reason}
    pearson, spearman = stats.pearsonr(identity, values), stats.spearmanr(identity, values)
    stars = _stars(pearson.pvalue)
    interval = jackknife(weighted_pearson(identity, values), cell["unit"], FISHER, null=0)
    ranked = jackknife(weighted_spearman(identity, values), cell["unit"], FISHER, null=0)
    return counts | {
        "pearson": float(pearson.statistic),
        "p": float(pearson.pvalue),
        "stars": stars,
        "printed": f"{pearson.statistic:.3f}{stars}" if stars else "",
        **interval.columns(),
        "p_batches": interval.p,
        "spearman": float(spearman.statistic),
        "spearman_p": float(spearman.pvalue),
        **ranked.columns("spearman_"),
        "reason": "",
    }


def _stars(p: float) -> str:
    return "**" if p < 0.001 else "*" if p < 0.05 else ""


def _undefined(identity: Numbers, values: Numbers, column: str) -> str:
    if len(values) < 3:
        return "fewer than 3 pairs"
    if _constant(identity):
        return "the identity rate is the same in all pairs"
    return f"{column} is the same in all pairs" if _constant(values) else ""


def _constant(values: Numbers) -> bool:
    return bool(np.ptp(values) <= 1e-9 * max(1e-9, np.abs(values).max()))
