"""A counterfeits study: its items and images, what the classifier says of them, what the shared tables take of it."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

import pandas as pd

from analysis import frames
from analysis.dataset import Published, Record
from analysis.errors import AnalysisError

NOTHING = "nothing"
"""The answer of who sees none of the classes, and the class that a classifier rejects images with."""

CONTROL, HELD_OUT, NOISE, TRAINING = "control", "held_out", "noise", "training"

BASELINES = (NOISE, "ifgsm_first", "ifgsm_last")

MEASURES = ("pixels", "features", "lpips")
"""Measures of the distance of an image to the nearest training image."""

DETECTORS = ("max_softmax", "energy", "mahalanobis", "k_nearest", "temperature")

TERMS = ("kl", "cross_entropy", "cosine", "orthogonality", "pixels")
"""The terms of a generator's loss."""

ALL = "all"

_NEEDED = {
    "items": ("item_id", "batch", "kind", "image_id", "round", "target", "converged", "class", "confidence", "label"),
    "images": ("image_id", "batch", "kind", "round", "target", "label", "class", "confidence"),
    "predictions": ("image_id", "round", "classes", "probabilities"),
    "runs": ("batch", "round", "kind", "accuracy", "least_accuracy", "min_accuracy", "confidence", "converged"),
    "neighbors": ("image_id", "measure", "label", "neighbor_id", "distance"),
    "spreads": ("batch", "kind", "round", "class", "n"),
}


@dataclass(frozen=True)
class Counterfeits(Published):
    """A counterfeits study. classifier: the name of its classifier."""

    classifier: str = "classifier"

    @property
    def shown(self) -> pd.DataFrame:
        """The items, but for counterfeits of generators that did not converge."""
        return self.items[self.items["converged"].ne(False).fillna(True)]

    @property
    def classified(self) -> pd.DataFrame:
        """The images that the classifier was asked about, with `wanted`: the class that was wanted, or the label."""
        images = self.images[self.images["kind"] != TRAINING]
        return images.assign(wanted=images["target"].where(images["kind"] != HELD_OUT, images["label"]))

    @property
    def failed(self) -> pd.DataFrame:
        """The runs of generators that did not converge."""
        runs = self.tables["runs"]
        return runs[~runs["converged"].astype(bool)]


def read(published: Published, record: Record) -> Counterfeits:
    """The dataset as a counterfeits study.

    Raises:
        AnalysisError: a table or a column is not there.
    """
    there = {"items": published.items, "images": published.images, **published.tables}
    for table, columns in _NEEDED.items():
        if table not in there:
            raise AnalysisError(f"{published.name}: has no table {table!r}; verify the dataset")
        lacking = [name for name in columns if name not in there[table]]
        if lacking:
            raise AnalysisError(f"{published.name}: table {table!r} has no column {lacking[0]!r}; verify the dataset")
    shared = {field.name: getattr(published, field.name) for field in fields(Published)}
    return Counterfeits(**shared, classifier=_classifier(record))


def study(published: Published) -> Counterfeits:
    """The dataset, known to be a counterfeits study.

    Raises:
        AnalysisError: it is none.
    """
    if not isinstance(published, Counterfeits):
        raise AnalysisError(f"{published.name}: is no counterfeits study; read it with `analysis.load`")
    return published


def _classifier(record: Record) -> str:
    if not record.content:
        return "classifier"
    try:
        return str(record.content["study"]["classifier"]["name"])
    except (TypeError, KeyError) as error:
        raise record.damaged() from error


def cells(table: pd.DataFrame, column: str | None = None) -> Iterator[tuple[dict[str, Any], pd.DataFrame]]:
    """The rows of each kind and round and, where a column is named, of each of its values behind those of all: with the
    cells `kind`, `round` and that column's.
    """
    for (kind, number), rows in table.groupby(["kind", "round"], observed=True):
        head = {"kind": str(kind), "round": int(str(number))}
        yield head | ({column: ALL} if column else {}), rows
        for value, some in rows.groupby(column, observed=True) if column else ():
            yield head | {str(column): str(value)}, some


def decisions(of: Counterfeits) -> dict[str, Any]:
    """Arguments of `error_consistency`: what the classifier and people say of each item; of a control, the label is
    right. A class that nobody could choose counts as nothing.
    """
    items = of.items.assign(unit=frames.units(of.items, of.ratings, of.key, ["batch"]))
    cases = set(of.images["target"].dropna()) | set(items["label"].dropna())
    classes = items["class"].where(items["class"].isin(cases), NOTHING)
    return {
        "items": items.assign(said=classes),
        "ratings": of.ratings,
        "key": of.key,
        "question": "choice",
        "decisions": {of.classifier: "said"},
        "references": {"label": "label"},
        "units": ("unit",),
    }
