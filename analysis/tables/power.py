"""Power: the raters and batches that a wanted interval needs, from how batches, items, raters and answers vary."""

from collections.abc import Mapping, Sequence
from typing import Any, assert_never

import numpy as np
import pandas as pd
from scipy import special, stats

from analysis.errors import MissingDataError
from analysis.frames import Column
from analysis.inference import CONFIDENCE, LEAST
from analysis.questions import Choice, Scale, YesNo
from analysis.registry import Noun
from analysis.tables.answers import Answers, complete_block

WIDTHS = (0.05, 0.1, 0.2)
"""Widths of an interval, as shares of the span of the answers."""

RATERS = (5, 10, 20, 40, 80)

ALL = "all"

_MOST_BATCHES = 1_000_000


def variance_components(answers: Answers) -> pd.DataFrame:
    """The variance of answers between batches, between items of one kind in a batch, between raters, and beyond.

    Two-way analysis of variance without replication of every batch's items of a kind, over raters and items without a
    gap (see `agreement`); the components of item, rater and residual follow from the mean squares and are averaged over
    batches, weighted by items. What the means of batches vary beyond what these three bring is the component of the
    batch: items of a batch share images. A component that comes out below 0 is 0, after averaging. Yes counts as 1, and
    so does each option of a choice in a row of its own. Levels of a kind count as variance between items.

    Columns, where an item is called an item (else pair, pairs_per_batch, n_pairs and so on): question, kind (or what
    the condition is called; "all" where there is none), batch, item, rater, residual (variances, in squared units of
    the answer), n_batches, items_per_batch (mean), n_items (summed over batches), n_raters
    (people, each once whatever the number of their batches), reason.

    Raises:
        MissingDataError: there are no ratings.
    """
    joined, key = answers.joined(), answers.key
    condition = answers.condition or "condition"
    joined = joined if answers.condition else joined.assign(**{condition: ALL})
    rows = []
    for figure, _, numbers in answers.figures(joined):
        for kind, of_kind in joined.groupby(condition, observed=True):
            blocks = [complete_block(of, key, numbers.loc[of.index]) for _, of in of_kind.groupby("batch")]
            rows.append({"question": figure, condition: str(kind)} | _components(blocks, answers.item))
    return pd.DataFrame(rows)


def wanted_widths(answers: Answers) -> dict[str, list[float]]:
    """The widths of intervals that are asked for, by the figures of `variance_components`, in units of the answer."""
    widths = {}
    for figure, question, numbers in answers.figures(answers.joined()):
        match question:
            case Scale():
                span = question.span or _span(numbers)
            case YesNo() | Choice():
                span = 1.0
            case _:
                assert_never(question)
        widths[figure] = [round(share * span, 10) for share in WIDTHS]
    return widths


def power(
    answers: Answers,
    components: pd.DataFrame,
    widths: Mapping[str, Sequence[float]],
    raters: Sequence[int] = RATERS,
) -> pd.DataFrame:
    """Batches, and so items, needed for a 95 % interval of a kind's mean that is at most so wide on average.

    Every batch has other items, as many as now, and other raters, who rate all of them. The interval is the one that
    the report gives (see `width`).

    components: what `variance_components` gives. widths: what `wanted_widths` does.

    Columns: question, kind (or what the condition is called), raters (per item), width, batches, items (or pairs, and
    so on), reason.

    Raises:
        MissingDataError: no component is known.
    """
    condition, item = answers.condition or "condition", answers.item
    names = ["batch", item.singular, "rater", "residual"]
    cases = components.dropna(subset=names)
    if cases.empty:
        raise MissingDataError("how much answers vary, between batches too, is known of no kind: it takes two batches")
    rows = []
    for _, row in cases.iterrows():
        variances = [float(row[name]) for name in names]
        for target in widths[row["question"]]:
            for n in raters:
                needed = _needed(variances, float(row[f"{item.plural}_per_batch"]), n, target, item)
                head = {"question": row["question"], condition: row[condition], "raters": n, "width": target}
                rows.append(head | needed)
    return pd.DataFrame(rows)


def _span(numbers: Column) -> float:
    """The power of ten that the answers to a question on a scale of unknown length reach to."""
    largest = float(numbers.abs().max())
    return float(10 ** np.ceil(np.log10(largest))) if largest > 0 else 1.0


def width(variances: Sequence[float], n_batches: int, n_items: float, n_raters: int) -> float:
    """The mean width of the 95 % interval of a mean over `n_batches`, each of `n_items` that its `n_raters` rate.

    variances: of batch, item, rater and residual. A batch's mean has the variance batch + item / P + rater / R +
    residual / (P R); the interval is Student's over batches, and the standard deviation of few is too small on average,
    by the factor c4.
    """
    batch, item, rater, residual = variances
    variance = batch + item / n_items + rater / n_raters + residual / (n_items * n_raters)
    reach = stats.t.ppf((1 + CONFIDENCE) / 2, n_batches - 1) * deviation_of_few(n_batches)
    return float(2 * reach * np.sqrt(variance / n_batches))


def deviation_of_few(n: int) -> float:
    """The mean standard deviation of n normal values by the true one: the factor c4, a bit below 1."""
    return float(np.sqrt(2 / (n - 1)) * np.exp(special.gammaln(n / 2) - special.gammaln((n - 1) / 2)))


def _needed(variances: Sequence[float], n_items: float, n_raters: int, target: float, item: Noun) -> dict[str, Any]:
    """The fewest batches, by halving: the width falls with their number."""
    low, high = LEAST - 1, LEAST
    while width(variances, high, n_items, n_raters) > target:
        if high > _MOST_BATCHES:
            return {"batches": np.nan, item.plural: np.nan, "reason": f"more than {_MOST_BATCHES} batches"}
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        enough = width(variances, middle, n_items, n_raters) <= target
        low, high = (low, middle) if enough else (middle, high)
    return {"batches": float(high), item.plural: float(np.ceil(high * n_items - 1e-9)), "reason": ""}


def _components(blocks: Sequence[pd.DataFrame], item: Noun) -> dict[str, Any]:
    blocks = [block for block in blocks if block.shape[0] >= 2 and block.shape[1] >= 2]
    shapes = np.array([block.shape for block in blocks], np.float64).reshape(-1, 2)
    row: dict[str, Any] = dict.fromkeys(["batch", item.singular, "rater", "residual"], np.nan)
    row |= {"n_batches": len(blocks), f"{item.plural}_per_batch": np.nan}
    people = {person for block in blocks for person in block.columns}
    row |= {f"n_{item.plural}": int(shapes[:, 0].sum()), "n_raters": len(people)}
    if not blocks:
        return row | {"reason": f"no batch has 2 {item.plural} that the same 2 raters rated"}
    row[f"{item.plural}_per_batch"] = float(shapes[:, 0].mean())
    of_item, rater, residual = np.average([_of_block(block) for block in blocks], axis=0, weights=shapes[:, 0])
    row |= {item.singular: max(0.0, float(of_item)), "rater": max(0.0, float(rater)), "residual": float(residual)}
    if len(blocks) < 2:
        return row | {"reason": "one batch does not show how much batches vary"}
    n_items, n_raters = shapes.T
    within = float(np.mean(of_item / n_items + rater / n_raters + residual / (n_items * n_raters)))
    between = float(np.var([block.to_numpy().mean() for block in blocks], ddof=1))
    return row | {"batch": max(0.0, between - within), "reason": ""}


def _of_block(block: pd.DataFrame) -> tuple[float, float, float]:
    """Unbiased variances of item, rater and residual; the first two may be below 0."""
    values = block.to_numpy(np.float64)
    n_items, n_raters = values.shape
    of_item, of_rater = values.mean(axis=1), values.mean(axis=0)
    rest = values - of_item[:, None] - of_rater[None, :] + values.mean()
    residual = float((rest**2).sum() / ((n_items - 1) * (n_raters - 1)))
    return float(of_item.var(ddof=1)) - residual / n_raters, float(of_rater.var(ddof=1)) - residual / n_items, residual
