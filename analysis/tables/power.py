"""How many raters and batches a wanted interval needs, from how much batches, pairs, raters and answers vary."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import special, stats

from analysis.errors import MissingDataError
from analysis.frames import Table
from analysis.inference import CONFIDENCE, LEAST
from analysis.tables.answers import QUESTIONS, answers, complete_block

WIDTHS: Mapping[str, Sequence[float]] = {"similarity": (5.0, 10.0, 20.0), "identity": (0.05, 0.1, 0.2)}
RATERS = (5, 10, 20, 40, 80)

_COMPONENTS = ["batch", "pair", "rater", "residual"]
_MOST_BATCHES = 1_000_000


def variance_components(pairs: Table, ratings: Table) -> pd.DataFrame:
    """How much answers vary between batches, between the pairs of one kind in a batch, between raters, and beyond.

    Two-way analysis of variance without replication of every batch's pairs of a kind, over raters and pairs without a
    gap (see `agreement`); the components of pair, rater and residual follow from the mean squares and are averaged over
    batches, weighted by pairs. What the means of batches vary beyond what these three bring is the component of the
    batch: pairs of a batch share images. A component that comes out below 0 is 0, after averaging. Identity counts as 0
    and 1. Levels of a kind count as variance between pairs.

    Columns: question, kind, batch, pair, rater, residual (variances, in squared units of the answer), n_batches,
    pairs_per_batch (mean), n_pairs, n_raters (both summed over batches), reason.

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
    """Batches, and so pairs, needed for a 95 % interval of a kind's mean that is at most so wide on average.

    Every batch has other pairs, as many as now, and other raters, who rate all of them. The interval is the one that
    the report gives (see `width`).

    components: what `variance_components` gives.

    Columns: question, kind, raters (per pair), width, batches, pairs, reason.

    Raises:
        MissingDataError: no component is known.
    """
    known = components.dropna(subset=_COMPONENTS)
    if known.empty:
        raise MissingDataError("how much answers vary, between batches too, is known of no kind: it takes two batches")
    rows = [
        {"question": row["question"], "kind": row["kind"], "raters": n, "width": wanted} | _needed(row, n, wanted)
        for _, row in known.iterrows()
        for wanted in widths[row["question"]]
        for n in raters
    ]
    return pd.DataFrame(rows)


def width(variances: Sequence[float], n_batches: int, n_pairs: float, n_raters: int) -> float:
    """The mean width of the 95 % interval of a mean over `n_batches`, each of `n_pairs` that its `n_raters` rate.

    variances: of batch, pair, rater and residual. A batch's mean has the variance batch + pair / P + rater / R +
    residual / (P R); the interval is Student's over batches, and the standard deviation of few is too small on average,
    by the factor c4.
    """
    batch, pair, rater, residual = variances
    variance = batch + pair / n_pairs + rater / n_raters + residual / (n_pairs * n_raters)
    n = n_batches
    small = np.sqrt(2 / (n - 1)) * np.exp(special.gammaln(n / 2) - special.gammaln((n - 1) / 2))
    return float(2 * stats.t.ppf((1 + CONFIDENCE) / 2, n - 1) * small * np.sqrt(variance / n))


def _needed(row: "pd.Series[Any]", n_raters: int, wanted: float) -> dict[str, Any]:
    """The fewest batches, by halving: the width falls with their number."""
    variances, n_pairs = [float(row[name]) for name in _COMPONENTS], float(row["pairs_per_batch"])
    low, high = LEAST - 1, LEAST
    while width(variances, high, n_pairs, n_raters) > wanted:
        if high > _MOST_BATCHES:
            return {"batches": np.nan, "pairs": np.nan, "reason": f"more than {_MOST_BATCHES} batches"}
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        enough = width(variances, middle, n_pairs, n_raters) <= wanted
        low, high = (low, middle) if enough else (middle, high)
    return {"batches": float(high), "pairs": float(np.ceil(high * n_pairs - 1e-9)), "reason": ""}


def _components(blocks: Sequence[pd.DataFrame]) -> dict[str, Any]:
    blocks = [block for block in blocks if block.shape[0] >= 2 and block.shape[1] >= 2]
    shapes = np.array([block.shape for block in blocks], np.float64).reshape(-1, 2)
    row: dict[str, Any] = dict.fromkeys(_COMPONENTS, np.nan) | {"n_batches": len(blocks), "pairs_per_batch": np.nan}
    row |= {"n_pairs": int(shapes[:, 0].sum()), "n_raters": int(shapes[:, 1].sum())}
    if not blocks:
        return row | {"reason": "no batch has 2 pairs that the same 2 raters rated"}
    row["pairs_per_batch"] = float(shapes[:, 0].mean())
    pair, rater, residual = np.average([_of_block(block) for block in blocks], axis=0, weights=shapes[:, 0])
    row |= {"pair": max(0.0, float(pair)), "rater": max(0.0, float(rater)), "residual": float(residual)}
    if len(blocks) < 2:
        return row | {"reason": "one batch does not show how much batches vary"}
    n_pairs, n_raters = shapes.T
    within = float(np.mean(pair / n_pairs + rater / n_raters + residual / (n_pairs * n_raters)))
    between = float(np.var([block.to_numpy().mean() for block in blocks], ddof=1))
    return row | {"batch": max(0.0, between - within), "reason": ""}


def _of_block(block: pd.DataFrame) -> tuple[float, float, float]:
    """Unbiased variances of pair, rater and residual; the first two may be below 0."""
    values = block.to_numpy(np.float64)
    n_pairs, n_raters = values.shape
    of_pair, of_rater = values.mean(axis=1), values.mean(axis=0)
    rest = values - of_pair[:, None] - of_rater[None, :] + values.mean()
    residual = float((rest**2).sum() / ((n_pairs - 1) * (n_raters - 1)))
    return float(of_pair.var(ddof=1)) - residual / n_raters, float(of_rater.var(ddof=1)) - residual / n_pairs, residual
