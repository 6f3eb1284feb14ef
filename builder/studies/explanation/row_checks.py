"""Sanity checks of explainers of rows: the network of a table, and those that take its place."""

from dataclasses import replace

import numpy as np
from torch import nn

from builder.errors import BuildError
from builder.explainers.tables.network import NetworkRows
from builder.manipulations import conceal
from builder.manipulations.table import Table
from builder.studies.explanation.charts import Charts
from builder.studies.explanation.checked import Checked, Pictures
from builder.studies.explanation.compare import compare
from builder.studies.explanation.models import Models
from builder.studies.explanation.networks import Network, couples, replacements
from builder.studies.explanation.rows import Explained, charts_of, places_of
from builder.studies.explanation.study import ROW_EXPLAINERS, CheckSettings, ExplanationStudy
from builder.studies.explanation.table_methods import explainers
from builder.studies.explanation.versions import TRAINED

MEMORIZED = 200
"""Rows that a network knows by heart, as many as the digits of `digits-cnn`."""

LEARNING = {"epochs": 600, "hidden": 128, "learning_rate": 5e-3, "rows": MEMORIZED}
"""The settings of a network that knows them: a step sees all, so that it comes to an end."""

BY_HEART = 0.95
"""Share of the rows whose labels it says, at least."""


def check_rows(
    study: ExplanationStudy, check: CheckSettings, models: Models, batch: int, seed: int
) -> tuple[Pictures, Checked]:
    """The rows of a batch as charts of their values, their weights by every explainer and network, and what measures
    say of them. No edge detector stands beside them: a row has no edges.

    seed: of the weights that are drawn anew, or the labels that are permuted.

    Raises:
        BuildError: a network does not come to know rows by heart.
    """
    training, held_out = models.table_of().split(study.seed)
    places = places_of(study, held_out, batch)
    explaining = explainers(ROW_EXPLAINERS["conceal"], training)
    with models.stopwatch.step("train", 1):
        networks = networks_of_rows(check, training, study.seed, seed)
    pictures = charts_of(held_out, places, networks[0].classifier)
    explained = Explained(models, held_out, places, explaining, {})
    same_class = {}
    for name, classifier, place, layer in networks:
        explained.add(classifier, pictures.classes, name, place, layer)
        answers = classifier.probabilities(held_out.rows[places]).argmax(axis=1)
        same_class[name, place] = float((answers == pictures.classes).mean())
    del same_class[networks[0].name, networks[0].place]
    with models.stopwatch.step("compare", len(places)):
        comparisons = compare(explained.maps, couples(networks, list(explaining)))
    return pictures, Checked(explained.maps, comparisons, same_class=same_class, views=Charts(held_out.columns))


def networks_of_rows(check: CheckSettings, training: Table, seed: int, drawn_by: int) -> list[Network[NetworkRows]]:
    """The network whose decisions are explained, then those that take its place.

    seed: of the training, the same for all batches. drawn_by: of what is drawn anew or permuted.
    """
    own = conceal.Settings(seed=seed)
    if check.check == "labels":
        memorized, permuted = (NetworkRows(memorizing(training, own, each)) for each in (None, drawn_by))
        return [Network("memorized", memorized), Network("permuted", permuted)]
    network = conceal.trained(training, own)
    others = [] if check.check == "explainers" else replacements(check, network, drawn_by, NetworkRows)
    return [Network(TRAINED, NetworkRows(network)), *others]


def memorizing(training: Table, own: conceal.Settings, label_seed: int | None) -> nn.Module:
    """A network that knows some rows by heart, by their own labels or by permuted ones.

    Raises:
        BuildError: it does not come to know them.
    """
    _, distinct = np.unique(training.rows, axis=0, return_index=True)  # equal rows with two labels cannot be known
    some = np.sort(distinct)[:MEMORIZED]
    labels = training.labels[some]
    if label_seed is not None:
        labels = np.random.default_rng(label_seed).permutation(labels)
    rows = replace(training, rows=training.rows[some], labels=labels)
    network = conceal.trained(rows, own.model_copy(update=LEARNING))
    known = float((NetworkRows(network).probabilities(rows.rows).argmax(axis=1) == labels).mean())
    if known < BY_HEART:
        raise BuildError(
            f"labels: a network knows {known:.0%} of {len(labels)} rows of [table] by heart, which takes "
            f"{BY_HEART:.0%}; name columns that tell the rows apart, or leave this check of row_model out"
        )
    return network
