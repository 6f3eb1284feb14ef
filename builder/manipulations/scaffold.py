"""`scaffold`: Slack et al., "Fooling LIME and SHAP: Adversarial Attacks on Post hoc Explanation Methods" (2020).

A classifier of rows that decides by the sensitive column where a row looks like one of the data, and by a column that
has nothing to do with it where a row looks as LIME or KernelSHAP makes them up.
"""

import time
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from builder import settings
from builder.errors import StudyError
from builder.explainers.surrogate import coalitions
from builder.explainers.tables import Rows, TableClassifier, lime
from builder.explainers.tables import kernel_shap as shap
from builder.explainers.tables.lime import TableLime
from builder.manipulations.table import UNRELATED, OneColumn, Table, certain, one_column

try:
    from sklearn.ensemble import RandomForestClassifier
except ImportError as error:
    raise ImportError(f"{error}; scaffold needs pip install 'lands-between[explainers]'") from error


TAKEN = {"lime": 0.99, "kernel_shap": 0.95}
"""Many rows that KernelSHAP makes up differ from one of the data in a column or two: they cost fidelity."""


class Settings(settings.Settings):
    """The keys of `scaffold`.

    against: the explainer whose rows are to be recognized. innocent: the column that decides there. taken: the share
    of rows of the data that are to be taken for such, 0..1, which sets the threshold; None: as `TAKEN` has it.
    made_up: rows as the explainer makes them, for each row of the data. trees: of the random forest. seed: of all that
    is drawn.
    """

    against: Literal["lime", "kernel_shap"] = "lime"
    innocent: str = UNRELATED
    taken: Annotated[float, Field(gt=0, lt=1)] | None = None
    made_up: Annotated[int, Field(ge=1, le=100)] = 3
    trees: Annotated[int, Field(ge=10, le=1000)] = 50
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0


class Scaffold:
    """Satisfies `builder.explainers.tables.TableClassifier`: two rules, and a forest that says which of them counts."""

    network = None

    def __init__(
        self, biased: OneColumn, innocent: OneColumn, forest: RandomForestClassifier, threshold: float
    ) -> None:
        """threshold: the least share of trees that take a row of the data for one."""
        self._biased, self._innocent, self._forest, self._threshold = biased, innocent, forest, threshold

    def genuine(self, rows: Rows) -> npt.NDArray[np.bool_]:
        """Whether rows (n, d) are taken for rows of the data: (n,)."""
        genuine: npt.NDArray[np.bool_] = self._forest.predict_proba(rows)[:, 1] >= self._threshold
        return genuine

    def probabilities(self, rows: Rows) -> Rows:
        """(n, d) -> (n, 2), 0 or 1."""
        biased, innocent = (each.probabilities(rows)[:, 1] > 0 for each in (self._biased, self._innocent))
        # Slack et al., section 3.1: e(x) = f(x) where x is of the data's distribution, psi(x) elsewhere.
        return certain(np.where(self.genuine(rows), biased, innocent))


@dataclass(frozen=True)
class Scaffolded:
    """The outcome.

    before: the rule that decides by the sensitive column everywhere. after: the scaffold. settings: how it was made.
    taken, recognized: of held-out rows, those taken for such, and of rows made up of them, those not, as shares.
    seconds: of the making.
    """

    before: TableClassifier
    after: TableClassifier
    settings: Settings
    taken: float
    recognized: float
    seconds: float


def manipulate(training: Table, held_out: Table, own: Settings) -> Scaffolded:
    """The rule of the sensitive column, and a scaffold that hides it.

    Raises:
        StudyError: the table has no column `innocent`, or that is the sensitive one.
    """
    return _scaffolded(training, held_out, own, shuffled=False)


def no_op(training: Table, held_out: Table, own: Settings) -> Scaffolded:
    """The same at equal cost, with a forest that learns nothing: which rows are made up is permuted first.

    Raises:
        StudyError: as `manipulate`.
    """
    return _scaffolded(training, held_out, own, shuffled=True)


def _scaffolded(training: Table, held_out: Table, own: Settings, *, shuffled: bool) -> Scaffolded:
    if own.innocent not in training.columns or training.columns.index(own.innocent) == training.sensitive:
        raise StudyError(
            f"scaffold: innocent = {own.innocent!r} must be a column that is not the sensitive one; there are "
            f"{', '.join(training.columns)[:300]}"
        )
    start = time.perf_counter()
    rng = np.random.default_rng(own.seed)
    learning, setting = training.split(own.seed)
    invented = made_up(learning, own, rng)
    rows = np.concatenate([learning.rows, invented])
    genuine = np.arange(len(rows)) < len(learning.rows)
    forest = RandomForestClassifier(own.trees, class_weight="balanced", random_state=own.seed)
    forest.fit(rows, rng.permutation(genuine) if shuffled else genuine)
    # Of rows that it has not seen: those that it has seen look surer than the next ones will.
    threshold = float(np.quantile(forest.predict_proba(setting.rows)[:, 1], 1 - (own.taken or TAKEN[own.against])))
    before, innocent = (one_column(training, at) for at in (training.sensitive, training.columns.index(own.innocent)))
    after = Scaffold(before, innocent, forest, threshold)
    seconds = time.perf_counter() - start
    others = made_up(held_out, own, rng)
    return Scaffolded(
        before, after, own, float(after.genuine(held_out.rows).mean()), float(1 - after.genuine(others).mean()), seconds
    )


def made_up(table: Table, own: Settings, rng: np.random.Generator) -> Rows:
    """Rows as the explainer asks a classifier about, (m, d): m is `made_up` for each row of the table, less
    those that are rows of it.
    """
    rows, count = table.rows, own.made_up * len(table.rows)
    if own.against == "lime":
        return TableLime(lime.Settings(), rows, table.categorical).samples(count, rng)
    members, kernel = coalitions(rows.shape[1], shap.Settings().samples, rng)
    coalition = members[rng.choice(len(members), count, p=kernel / kernel.sum())]
    first, second = (rows[rng.integers(0, len(rows), count)] for _ in range(2))
    mixed = np.where(coalition, first, second)
    made: Rows = mixed[(mixed != first).any(axis=1) & (mixed != second).any(axis=1)]
    return made
