"""Ratings that no human gave: of simulated raters, who follow `RaterModel`, and of measures as raters.

For power analysis, for pipelines and the demo. `source` says in every row what it is: `simulated` or `model`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from builder.errors import RatingsError
from builder.ratings.rows import Rater, finished_batches, model_tables, simulated_tables
from builder.shards import StudyFolder
from builder.studies.explanation.schema import KINDS
from builder.studies.explanation.tasks import CONTROL, KEY, TABLE

Floats = npt.NDArray[np.float64]

MEASURES = ("pearson_absolute", "top_k")
"""Columns of the items that the simulated raters' likeness is made of."""


@dataclass(frozen=True)
class RaterModel:
    """The model of a simulated rater: by the likeness that an item has for all raters alike.

    That is `scale` times the mean of `MEASURES` (one below 0, or not defined, counts as 0), and normal noise drawn once
    for the item, with the deviation `item_spread`; of a control it is 100. A rater adds a bias of their own and noise;
    the answer is cut off at 0 and 100 and rounded. With the probability `lapse` it is any number, each as often. A
    response time is log-normal. All constants are assumptions; nothing of them was fitted to answers of people.
    """

    scale: float = 90.0
    """Likeness of two maps between which every measure is 1."""
    item_spread: float = 10.0
    """Standard deviation between items of equal measures."""
    bias: float = 8.0
    """Standard deviation between raters."""
    noise: float = 12.0
    """Standard deviation within a rater; of controls a third."""
    lapse: float = 0.01
    """Share of items that are answered at random."""
    median_ms: float = 3000.0
    """Median response time, milliseconds."""
    pace: float = 0.3
    """Standard deviation between raters of the logarithm of their median response time."""
    time_spread: float = 0.5
    """Standard deviation within a rater of the logarithm of the response time."""


def simulate(folder: Path, raters: int, seed: int, model: RaterModel | None = None) -> tuple[pa.Table, pa.Table]:
    """Ratings of every finished batch by `raters` simulated raters each, and these participants.

    A rater's answers are a function of the batch, `seed` and the rater's number alone: more batches or raters add rows
    and change none. `rated_at`, age, gender and continent are null, for no clock ran and nobody was asked.

    Returns:
        Tables with the schemas `ratings` and `participants`, `source` "simulated"; no participant is flagged yet.

    Raises:
        FolderError: the folder holds no study, or a batch is damaged.
        RatingsError: `raters` is not 1 to 10,000, `seed` is negative, or no batch is finished.
    """
    model = model or RaterModel()
    study = StudyFolder(folder)

    def batch_rater(batch: int, rng: np.random.Generator) -> tuple[list[str], Rater]:
        items = study.read(TABLE, batch).select([KEY, "kind", *MEASURES]).to_pylist()
        controls = np.array([KINDS[item["kind"]] == CONTROL for item in items], np.bool_)
        likeness = alike([[item[name] for name in MEASURES] for item in items], controls, rng, model)
        return [item[KEY] for item in items], lambda rng: rate(likeness, controls, rng, model)

    return simulated_tables(study, raters, seed, batch_rater)


def alike(
    measured: Sequence[Sequence[float | None]],
    controls: npt.NDArray[np.bool_],
    rng: np.random.Generator,
    model: RaterModel,
) -> Floats:
    """The likeness of each item, (n,), before raters; drawn for every item, used for all but controls.

    measured: (n, measures), None where one is not defined. controls: (n,).
    """
    known = np.array([[value or 0.0 for value in values] for values in measured], np.float64)
    likeness = model.scale * np.maximum(known, 0).mean(axis=1) + model.item_spread * rng.standard_normal(len(known))
    return np.where(controls, 100.0, likeness)


def rate(
    likeness: Floats, controls: npt.NDArray[np.bool_], rng: np.random.Generator, model: RaterModel
) -> dict[str, npt.NDArray[Any]]:
    """The answers of one rater to items with this likeness, (n,), by column of `ratings`, each (n,)."""
    n = len(likeness)
    median = model.median_ms * np.exp(model.pace * rng.standard_normal())
    bias, noise = model.bias * rng.standard_normal(), model.noise * rng.standard_normal(n)
    lapsed, anything = rng.random(n) < model.lapse, rng.uniform(0, 100, n)
    said = np.where(controls, likeness - np.abs(noise) / 3, likeness + bias + noise)
    answer = np.where(lapsed, anything, np.clip(said, 0, 100))
    times = np.round(median * np.exp(model.time_spread * rng.standard_normal(n)))
    return {
        "likeness": np.round(answer),
        "response_time_ms": times.astype(np.int32),
        "position": rng.permutation(n).astype(np.int32),
    }


def from_model(folder: Path, name: str) -> tuple[pa.Table, pa.Table, int]:
    """What a measure says as ratings of the participant `model-<name>`: 0 at the end of its range where maps differ
    most, 100 at the other.

    Returns:
        Tables with the schemas `ratings` and `participants`, `source` "model"; and the number of items without a
        rating, because the measure is not defined.

    Raises:
        FolderError: the folder holds no study, or a batch is damaged.
        RatingsError: there is no measure of this name, or no batch is finished.
    """
    from builder.studies.explanation.compare import MEASURES as ALL  # an extra, which simulated raters do without

    study = StudyFolder(folder)
    measures = {each.name: each for each in ALL}
    if name not in measures:
        raise RatingsError(f"{folder}: has no measure {name!r}; it has {', '.join(measures)}")
    measure = measures[name]
    tables = [study.read(TABLE, batch).select([KEY, name]) for batch in finished_batches(study)]
    items = pa.concat_tables(tables).to_pylist()
    rated = [item for item in items if item[name] is not None]
    share = (np.array([item[name] for item in rated], np.float64) - measure.low) / (measure.high - measure.low)
    likeness = 100 * (share if measure.alike == "high" else 1 - share)
    return *model_tables(study, name, [item[KEY] for item in rated], {"likeness": likeness}), len(items) - len(rated)
