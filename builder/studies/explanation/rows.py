"""Batches of classifiers of rows and of their manipulations: a row is explained, an explanation is a bar chart."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from builder.explainers import Classes
from builder.explainers.tables import TableClassifier, TableExplainer, Weights
from builder.manipulations.table import Table, is_first
from builder.studies.explanation.charts import Charts, bar_charts
from builder.studies.explanation.checked import Checked, Pictures
from builder.studies.explanation.compare import Source, Stored, compare
from builder.studies.explanation.models import Models
from builder.studies.explanation.schema import MANIPULATED, NO_OP
from builder.studies.explanation.study import CheckSettings, ExplanationStudy
from builder.studies.explanation.table_methods import METHODS, RowsProduct, TableMethod, explainers
from builder.studies.explanation.versions import TRAINED, Goal, Run, Version

NAMES = ("no", "yes")
"""The classes of a row."""


def manipulate_rows(
    study: ExplanationStudy, check: CheckSettings, models: Models, batch: int, seed: int
) -> tuple[Pictures, Checked]:
    """The rows of a batch as charts of their values, and what became of their explanations with every setting.

    seed: of what is trained and drawn.
    """
    method = METHODS[str(check.manipulation)]
    training, held_out = models.table_of().split(study.seed)
    places = places_of(study, held_out, batch)
    explained = Explained(models, held_out, places, explainers(method.explainers, training), {})
    runs, pictures = [], None
    for number, tried in enumerate(check.tries(), start=1):
        own = tried.model_copy(update={"seed": seed} | _aimed(check, tried))
        with models.stopwatch.step("manipulate", len(places)):
            result = method.manipulate(training, held_out, own)
        with models.stopwatch.step("no_op", len(places)):
            nothing = method.no_op(training, held_out, own)
        if pictures is None:  # the classifier that is manipulated is the same with every setting
            pictures = charts_of(held_out, places, result.before)
            explained.add(result.before, pictures.classes, TRAINED, 0)
        for name, product in ((MANIPULATED, result), (NO_OP, nothing)):
            explained.add(product.after, pictures.classes, name, number)
        runs.append(_run(check, method, explained, number, own, result, nothing))
    if pictures is None:
        raise ValueError("there is no setting to try")
    maps = explained.maps
    with models.stopwatch.step("compare", len(places)):
        changed = [source for source in maps if source.network != TRAINED]
        comparisons = compare(maps, [(Source(each.explainer, TRAINED), each) for each in changed])
    return pictures, Checked(maps, comparisons, runs, views=Charts(held_out.columns))


def places_of(study: ExplanationStudy, held_out: Table, batch: int) -> list[int]:
    """The rows of a batch; where there are too few, they begin anew."""
    start = batch * study.images_per_batch
    return [place % len(held_out.rows) for place in range(start, start + study.images_per_batch)]


def _aimed(check: CheckSettings, tried: Any) -> dict[str, Any]:
    return {"against": check.explainer} if "against" in type(tried).model_fields else {}


@dataclass(frozen=True)
class Explained:
    """The weights of all explainers for some rows of a table, as maps (n, 1, d)."""

    models: Models
    table: Table
    places: list[int]
    explaining: dict[str, TableExplainer]
    maps: dict[Source, Stored]

    def add(
        self, classifier: TableClassifier, classes: Classes, network: str, place: int, layer: str | None = None
    ) -> None:
        """Explains a classifier's answers; network, place, layer: as in `Source`."""
        rows = self.table.rows[self.places]
        with self.models.stopwatch.step("explain", len(rows)):
            for name, explainer in self.explaining.items():
                weights = explainer.explain(classifier, rows, classes)
                self.maps[Source(name, network, place, layer)] = Stored.of(weights[:, None])

    def weights(self, explainer: str, network: str, run: int) -> Weights:
        """(n, d), as they are stored."""
        return self.maps[Source(explainer, network, run)].maps[:, 0]


def charts_of(table: Table, places: list[int], classifier: TableClassifier) -> Pictures:
    """Charts of the rows' values, and what the classifier says they are."""
    rows = table.rows[places]
    probabilities = classifier.probabilities(rows)
    classes = probabilities.argmax(axis=1)
    return Pictures(
        rows=places,
        ids=[f"row-{at}" for at in places],
        labels=[NAMES[label] for label in table.labels[places]],
        pixels=bar_charts(table.columns, rows),
        classes=classes,
        names=[NAMES[at] for at in classes],
        probabilities=probabilities[np.arange(len(rows)), classes].tolist(),
    )


def _run(
    check: CheckSettings,
    method: TableMethod,
    explained: Explained,
    number: int,
    own: Any,
    result: RowsProduct,
    nothing: RowsProduct,
) -> Run:
    table, aimed = explained.table, str(check.explainer)
    rows = table.rows[explained.places]
    before = method.reached(explained.weights(aimed, TRAINED, 0), table.sensitive)
    probabilities = result.before.probabilities(rows).astype(np.float64)
    versions = []
    for name, product in ((MANIPULATED, result), (NO_OP, nothing)):
        after = product.after.probabilities(rows).astype(np.float64)
        same = after.argmax(axis=1) == probabilities.argmax(axis=1)
        weights = explained.weights(aimed, name, number)
        goal = Goal(method.wanted, before, method.reached(weights, table.sensitive))
        versions.append(
            Version(
                name=name,
                run=number,
                images=None,
                reached=same & goal.nearer(),
                steps=np.full(len(rows), product.run.steps if product.run else 0, np.int64),
                effort=product.run.steps if product.run else 0,
                fooled=same & ~is_first(weights, table.sensitive),
                same_class=same,
                probability_change=np.abs(after - probabilities).max(axis=1),
                l_inf=None,
                l_2=None,
                lpips=None,
                goal=goal.after,
                accuracy=product.run.accuracy_after if product.run else _accuracy(product.after, table),
                training=product.run,
            )
        )
    settings = own.model_dump(mode="json") | {"sensitive": table.columns[table.sensitive]}
    accuracy = result.run.accuracy_before if result.run else _accuracy(result.before, table)
    return Run(number, settings, before, accuracy, tuple(versions))


def _accuracy(classifier: TableClassifier, table: Table) -> float:
    return float((classifier.probabilities(table.rows).argmax(axis=1) == table.labels).mean())
