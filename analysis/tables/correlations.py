"""Table 2: how the distances of pairs go with the share of people who see one identity."""

from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from analysis import frames
from analysis.frames import Numbers, Table
from analysis.inference import weighted_pearson, weighted_spearman
from analysis.intervals import bootstrap


def correlations(pairs: Table, ratings: Table | None = None) -> pd.DataFrame:
    """Correlation of each pair's identity rate with its similarity and its distances, by kind.

    p values take pairs for independent, which pairs of one base are not: they are there because the paper prints
    them. The 95 % intervals (`low`, `high`, `spearman_low`, `spearman_high`) come from 2,000 bootstrap replicates
    (seed 0) that draw whole bases, and are the ones to trust.

    Genuine pairs, all at distance 0, have no row of their own; "all" leaves them out, "all with genuine" does not. (We
    found no data that give the paper's figures over all and those of its kinds at once unless genuine pairs are in.)

    Columns: kind (last "all" and "all with genuine"), measure ("similarity", a recognizer or another distance), n
    (pairs with both), n_bases, pearson, p, stars (* p < .05, ** p < .001), printed (as in the paper: blank where not
    significant), low, high, spearman, spearman_p, spearman_low, spearman_high, reason (why it is NaN).

    Raises:
        MissingDataError: there are no ratings.
    """
    rated = frames.rated(pairs, ratings)
    rated = rated[rated["identity_rate"].notna()]
    without = rated[rated["kind"] != "genuine"]
    measures = {"similarity": "similarity_mean"} | frames.measures(rated)
    kinds = [(kind, cell) for kind, level, cell in frames.cells(without) if np.isnan(level)]
    if len(without) < len(rated):
        kinds.append(("all with genuine", rated))
    return pd.DataFrame(
        [
            {"kind": kind, "measure": measure} | _correlation(cell[cell[column].notna()], column)
            for kind, cell in kinds
            for measure, column in measures.items()
        ]
    )


def printed(table: pd.DataFrame) -> pd.DataFrame:
    """`correlations` laid out as in the paper: a row per kind, a column per measure, blank where not significant."""
    kinds, columns = list(dict.fromkeys(table["kind"])), list(dict.fromkeys(table["measure"]))
    wide = table.pivot(index="kind", columns="measure", values="printed").reindex(index=kinds, columns=columns)
    return wide.rename_axis(columns=None).reset_index()


def _correlation(cell: pd.DataFrame, column: str) -> dict[str, Any]:
    identity, values = cell["identity_rate"].to_numpy(np.float64), cell[column].to_numpy(np.float64)
    counts = {"n": len(cell), "n_bases": cell["base_id"].nunique()}
    reason = _undefined(identity, values, column)
    if reason:
        nothing = ("pearson", "p", "low", "high", "spearman", "spearman_p", "spearman_low", "spearman_high")
        return counts | {"stars": "", "printed": ""} | dict.fromkeys(nothing, np.nan) | {"reason": reason}
    pearson, spearman = stats.pearsonr(identity, values), stats.spearmanr(identity, values)
    stars = "**" if pearson.pvalue < 0.001 else "*" if pearson.pvalue < 0.05 else ""
    low, high = bootstrap(weighted_pearson(identity, values), cell["base_id"])
    spearman_low, spearman_high = bootstrap(weighted_spearman(identity, values), cell["base_id"])
    return counts | {
        "pearson": float(pearson.statistic),
        "p": float(pearson.pvalue),
        "stars": stars,
        "printed": f"{pearson.statistic:.3f}{stars}" if stars else "",
        "low": low,
        "high": high,
        "spearman": float(spearman.statistic),
        "spearman_p": float(spearman.pvalue),
        "spearman_low": spearman_low,
        "spearman_high": spearman_high,
        "reason": "",
    }


def _undefined(identity: Numbers, values: Numbers, column: str) -> str:
    if len(values) < 3:
        return "fewer than 3 pairs"
    if _constant(identity):
        return "identity_rate is the same in all pairs"
    return f"{column} is the same in all pairs" if _constant(values) else ""


def _constant(values: Numbers) -> bool:
    return bool(np.ptp(values) <= 1e-9 * max(1e-9, np.abs(values).max()))
