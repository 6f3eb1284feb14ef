"""`predictions:FILE`: what a model said elsewhere, such as behind a closed service, as a table.

A column `row_id` has the ids of the source's rows; every other column is a class, with its scores. A row without scores
says that the model found nothing to classify, such as a face.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from builder import settings
from builder.catalog import Entry
from builder.classifiers import Classifier, Probabilities, softmax
from builder.errors import AssetError, StudyError
from builder.frames import named, place, quoted, read_frame
from builder.generators import Images
from builder.runtime import Runtime

ID = "row_id"

SUM_TOLERANCE = 0.01
"""The largest difference between 1 and the sum of a row's probabilities, as printed ones have; they are scaled to 1."""


class Settings(settings.Settings):
    """The keys of `[[classifiers]]` for a table: whether its scores are probabilities, or logits."""

    scores: Literal["probabilities", "logits"] = "probabilities"


class Predictions:
    """Satisfies `builder.classifiers.Classifier` and `Recorded`."""

    network = None
    micro_batch = 1

    def __init__(self, path: Path, classes: tuple[str, ...], rows: dict[str, int], scores: Probabilities) -> None:
        """path: for errors. rows: index of each id in `scores` (n, k), which are probabilities."""
        self.classes, self._path, self._rows, self._scores = classes, path, rows, scores

    def recorded(self, ids: Sequence[str]) -> Probabilities:
        """(n, k), the rows of the table with these ids.

        Raises:
            AssetError: some are not in it.
        """
        missing = [each for each in ids if each not in self._rows]
        if missing:
            raise AssetError(
                f"{self._path}: has no row for {len(missing)} of {len(ids)} pictures, whose {ID} is "
                f"{named(map(quoted, missing))}; add them, or take the pictures out of the source"
            )
        return self._scores[[self._rows[each] for each in ids]]

    def probabilities(self, images: Images) -> Probabilities:
        """Nothing: the table says nothing of a picture that is no row of its source.

        Raises:
            StudyError: always.
        """
        raise StudyError(
            f"classifiers.model: {self._path} has answers to the pictures of a source, and cannot be asked about "
            "others, such as adversarial ones; name a model that runs here"
        )


def load(argument: str | None, own: Settings, runtime: Runtime) -> Classifier:
    """The answers in the table `argument`.

    Raises:
        StudyError: no table is named.
        AssetError: it is not what it should be: the error names file, row and column.
    """
    if not argument:
        raise StudyError("classifiers.model: the table is missing; write predictions:FILE, a .csv or .parquet")
    path = Path(argument)
    frame = read_frame(path, texts=[ID])
    if ID not in frame:
        raise AssetError(f"{path}: has no column {ID}; it has {named(frame.columns)}")
    classes = tuple(str(column) for column in frame.columns if column != ID)
    if len(classes) < 2:
        raise AssetError(f"{path}: has a column for {len(classes)} classes; at least two are needed beside {ID}")
    ids = frame[ID].tolist()
    rows: dict[str, int] = {}
    for row, each in enumerate(ids):
        if each in rows or not each:
            what = f"is {quoted(each)}, as in row {rows[each]}" if each else "is empty"
            raise AssetError(f"{place(path, row)}: {ID} {what}; keep one row for each picture")
        rows[each] = row
    return Predictions(path, classes, rows, _checked(path, _numbers(path, frame[list(classes)]), own))


def describe(name: str, runtime: Runtime) -> list[Entry]:
    """Its line in the catalog."""
    return [Entry(f"{name}:FILE", "that of your model", "yours: a .csv or .parquet", "none")]


def _numbers(path: Path, frame: pd.DataFrame) -> npt.NDArray[np.float64]:
    scores = np.empty(frame.shape)
    for at, column in enumerate(frame):
        scores[:, at] = pd.to_numeric(frame[column], errors="coerce")
    nothing = (frame.isna() | (frame.astype(str) == "")).all(axis=1).to_numpy()
    amiss = np.argwhere(~np.isfinite(scores) & ~nothing[:, None])
    if len(amiss):
        row, at = map(int, amiss[0])
        raise AssetError(
            f"{place(path, row)}: {named([frame.columns[at]])} is {quoted(str(frame.iat[row, at]))}; it must be "
            "a number; a row in which nothing was found has no scores at all"
        )
    return scores


def _checked(path: Path, scores: npt.NDArray[np.float64], own: Settings) -> Probabilities:
    """(n, k), rows that add up to 1, or NaN."""
    if own.scores == "logits":
        return softmax(scores)
    totals = scores.sum(axis=1)
    amiss = np.flatnonzero((scores < 0).any(axis=1) | (np.abs(totals - 1) > SUM_TOLERANCE))
    if len(amiss):
        raise AssetError(
            f"{place(path, int(amiss[0]))}: scores must be 0 or more and add up to 1, and here they add up to "
            f'{totals[amiss[0]]:.4g}; correct the row, or, where they are logits, add scores = "logits"'
        )
    probabilities: Probabilities = (scores / totals[:, None]).astype(np.float32)
    return probabilities
