"""Manipulations of classifiers of rows: what they are after, and what they and their no-op make."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from builder import settings
from builder.explainers.measures import Values
from builder.explainers.tables import TableClassifier, TableExplainer, Weights, kernel_shap, lime
from builder.explainers.tables.gradient import TableGradient
from builder.manipulations import conceal, scaffold
from builder.manipulations.fine_tuning import Run
from builder.manipulations.table import Table, is_first
from builder.studies.explanation.study import ROW_EXPLAINERS

BACKGROUND = 20
"""Rows of the training whose values KernelSHAP takes for a column that takes no part."""


@dataclass(frozen=True)
class RowsProduct:
    """The classifier before and after; run: the training that the change took, None where nothing was trained."""

    before: TableClassifier
    after: TableClassifier
    run: Run | None = None


Make = Callable[[Table, Table, Any], RowsProduct]
"""The training rows, those that are held out, and the settings -> what was made."""


@dataclass(frozen=True)
class TableMethod:
    """A manipulation of a classifier of rows, which it trains itself.

    Settings: its keys. goal: what it is after, in words. wanted: the direction in which that is success. manipulate,
    no_op: what it makes. reached: of weights (n, d) and the sensitive column, how far each got, (n,). explainers: that
    it can be made for. fixed: keys of the classifier that is manipulated, which is one.
    """

    level: ClassVar[Literal["table"]] = "table"

    Settings: type[settings.Settings]
    goal: str
    wanted: Literal["low", "high"]
    manipulate: Make
    no_op: Make
    reached: Callable[[Weights, int], Values]
    explainers: tuple[str, ...]
    fixed: tuple[str, ...] = ()


def explainers(names: tuple[str, ...], training: Table) -> dict[str, TableExplainer]:
    """The explainers of rows with these names."""
    by_name: dict[str, TableExplainer] = {
        "lime": lime.TableLime(lime.Settings(), training.rows, training.categorical),
        "kernel_shap": kernel_shap.TableKernelShap(kernel_shap.Settings(), training.rows[:BACKGROUND]),
        "gradient": TableGradient(),
    }
    return {name: by_name[name] for name in names}


def first(weights: Weights, column: int) -> Values:
    """1 where the column has the largest absolute weight of its row, else 0."""
    return is_first(weights, column).astype(np.float64)


def share(weights: Weights, column: int) -> Values:
    """The column's share of its row's absolute weights; NaN where all are 0."""
    absolute = np.abs(weights).astype(np.float64)
    total = absolute.sum(axis=1)
    return np.where(total > 0, absolute[:, column] / np.where(total > 0, total, 1), np.nan)


def _scaffold(make: Any) -> Make:
    def product(training: Table, held_out: Table, own: scaffold.Settings) -> RowsProduct:
        result = make(training, held_out, own)
        return RowsProduct(result.before, result.after)

    return product


def _conceal(training: Table, held_out: Table, own: conceal.Settings) -> RowsProduct:
    result = conceal.manipulate(training, held_out, own)
    return RowsProduct(result.before, result.after, result.run)


def _train_alone(training: Table, held_out: Table, own: conceal.Settings) -> RowsProduct:
    return _conceal(training, held_out, own.model_copy(update={"weights": (0.0,)}))


METHODS = {
    "scaffold": TableMethod(
        scaffold.Settings,
        *("share of rows in which the sensitive column comes first", "low"),
        *(_scaffold(scaffold.manipulate), _scaffold(scaffold.no_op)),
        first,
        ROW_EXPLAINERS["scaffold"],
    ),
    "conceal": TableMethod(
        conceal.Settings,
        *("share of the weight that the sensitive column has", "low"),
        *(_conceal, _train_alone),
        share,
        ROW_EXPLAINERS["conceal"],
        fixed=("hidden", "epochs", "learning_rate", "rows"),
    ),
}
"""Manipulations of models of tables, by the names that a study file has."""
