"""How many raters and pairs a wanted interval needs, from how much pairs, raters and answers vary."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from analysis.errors import MissingDataError
from analysis.frames import Table
from analysis.intervals import ALPHA
from analysis.tables.answers import QUESTIONS, answers, complete_block

WIDTHS: Mapping[str, Sequence[float]] = {"similarity": (5.0, 10.0, 20.0), "identity": (0.05, 0.1, 0.2)}
RATERS = (5, 10, 20, 40, 80)

_COMPONENTS = ["pair", "rater", "residual"]


def variance_components(pairs: Table, ratings: Table) -> pd.DataFrame:
    """How much answers vary between pairs of one kind, between raters, and beyond both.

    Two-way analysis of variance without replication of every batch's pairs of a kind, over raters and pairs without a
    gap (see `agreement`); the components follow from the mean squares (a negative one is 0) and are averaged over
    batches, weighted by pairs. Identity counts as 0 and 1. Levels of a kind count as variance between pairs.

    Columns: question, kind, pair, rater, residual (variances, in squared units of the answer), n_pairs, n_raters (both
    summed over batches), reason.

    Raises:
        MissingDataError: there are no ratings.
    """
    given = answers(pairs, ratings)
    rows = []
    for question in QUESTIONS:
        for kind, of_kind in given.groupby("kind", observed=True):
            blocks = [complete_block(of_batch, question) for _, of_batch in of_kind.groupby("batch")]
            rows.append({"question": question, "kind": str(kind)} | _components(blocks))
    return pd.DataFrame(rows)


def power(
    components: pd.DataFrame, raters: Sequence[int] = RATERS, widths: Mapping[str, Sequence[float]] = WIDTHS
) -> pd.DataFrame:
    """Pairs needed for a 95 % interval of a kind's mean that is at most so wide, when each rater rates every pair.

    The variance of the mean of P pairs rated by R raters is pair / P + rater / R + residual / (P R); the width is
    2 x 1.96 times its root.

    components: what `variance_components` gives.

    Columns: question, kind, raters, width, pairs (NaN where no number of pairs is enough), reason.

    Raises:
        MissingDataError: no component is known.
    """
    known = components.dropna(subset=_COMPONENTS)
    if known.empty:
        raise MissingDataError("how much answers vary is known of no kind")
    rows = [
        {"question": row["question"], "kind": row["kind"], "raters": n, "width": wanted}
        | _needed([row[name] for name in _COMPONENTS], n, wanted)
        for _, row in known.iterrows()
        for wanted in widths[row["question"]]
        for n in raters
    ]
    return pd.DataFrame(rows)


def width(pair: float, rater: float, residual: float, n_raters: int, n_pairs: int) -> float:
    """Of the 95 % interval of the mean of `n_pairs`, each rated by the same `n_raters`; from the three variances."""
    variance = pair / n_pairs + rater / n_raters + residual / (n_pairs * n_raters)
    return float(2 * stats.norm.ppf(1 - ALPHA / 2) * np.sqrt(variance))


def _needed(variances: Sequence[float], n_raters: int, wanted: float) -> dict[str, Any]:
    pair, rater, residual = variances
    left = (wanted / (2 * stats.norm.ppf(1 - ALPHA / 2))) ** 2 - rater / n_raters
    if left <= 0:
        return {"pairs": np.nan, "reason": "needs more raters, however many pairs"}
    return {"pairs": float(max(1, np.ceil((pair + residual / n_raters) / left - 1e-9))), "reason": ""}


def _components(blocks: Sequence[pd.DataFrame]) -> dict[str, Any]:
    blocks = [block for block in blocks if block.shape[0] >= 2 and block.shape[1] >= 2]
    row: dict[str, Any] = dict.fromkeys(_COMPONENTS, np.nan)
    row |= {"n_pairs": sum(block.shape[0] for block in blocks), "n_raters": sum(block.shape[1] for block in blocks)}
    if not blocks:
        return row | {"reason": "no batch has 2 pairs that the same 2 raters rated"}
    found = np.average([_of_block(block) for block in blocks], axis=0, weights=[block.shape[0] for block in blocks])
    return row | dict(zip(_COMPONENTS, map(float, found), strict=True)) | {"reason": ""}


def _of_block(block: pd.DataFrame) -> tuple[float, float, float]:
    values = block.to_numpy(np.float64)
    n_pairs, n_raters = values.shape
    of_pair, of_rater = values.mean(axis=1), values.mean(axis=0)
    rest = values - of_pair[:, None] - of_rater[None, :] + values.mean()
    residual = float((rest**2).sum() / ((n_pairs - 1) * (n_raters - 1)))
    pair = max(0.0, float(of_pair.var(ddof=1)) - residual / n_raters)
    rater = max(0.0, float(of_rater.var(ddof=1)) - residual / n_pairs)
    return pair, rater, residual
