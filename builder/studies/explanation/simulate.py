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
from builder.studies.explanation.tasks import CONTROL, DIFFERENCE, KEY, LEFT, LIKENESS, RIGHT, TABLE, TRUST

Floats = npt.NDArray[np.float64]

MEASURES = ("pearson_absolute", "top_k")
"""Columns of the items that the simulated raters' likeness is made of."""


@dataclass(frozen=True)
class RaterModel:
    """The model of a simulated rater: by the likeness that an item has for all raters alike.

    That is `scale` times the mean of `MEASURES` (one below 0, or not defined, counts as 0), and normal noise drawn once
    for the item, with the deviation `item_spread`; of a control it is 100. A rater adds a bias of their own and noise;
    the answer is cut off at 0 and 100 and rounded. With the probability `lapse` it is any number, each as often.

    Half of the raters see a difference between two pictures whose L-inf is `notice_at`; the log odds rise by
    `notice_slope` with its logarithm, and a share `lapse` says anything. Of two maps the one of the picture as it is
    is trusted with the probability 1/2 and so much more, up to `trust`, as the maps are not alike. A response time is
    log-normal. All constants are assumptions; nothing of them was fitted to answers of people.
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
    notice_at: float = 0.06
    """L-inf that half of the raters notice."""
    notice_slope: float = 4.0
    """Log odds of noticing, by the logarithm of L-inf."""
    trust: float = 0.3
    """The excess by which the original's map is trusted more often than not where nothing of it is left."""
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
    asks = study.study().questionnaire()

    def batch_rater(batch: int, rng: np.random.Generator) -> tuple[list[str], Rater]:
        items = study.read(TABLE, batch).select([KEY, "kind", "task", "l_inf", "side", *MEASURES]).to_pylist()
        controls = np.array([KINDS[item["kind"]] == CONTROL for item in items], np.bool_)
        likeness = alike([[item[name] for name in MEASURES] for item in items], controls, rng, model)

        def answers(rng: np.random.Generator) -> dict[str, npt.NDArray[Any]]:
            likeness_of_rater = rate(likeness, controls, rng, model)
            of_tasks = by_task(items, likeness, likeness_of_rater[LIKENESS], rng, model) if len(asks.tasks) > 1 else {}
            return likeness_of_rater | of_tasks

        return [item[KEY] for item in items], answers

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
    measures = np.array([[value or 0.0 for value in values] for values in measured], np.float64)
    likeness = model.scale * np.maximum(measures, 0).mean(axis=1) + model.item_spread * rng.standard_normal(
        len(measures)
    )
    return np.where(controls, 100.0, likeness)


def rate(
    likeness: Floats, controls: npt.NDArray[np.bool_], rng: np.random.Generator, model: RaterModel
) -> dict[str, npt.NDArray[Any]]:
    """The answers of one rater to items with this likeness, (n,), by column of `ratings`, each (n,)."""
    n = len(likeness)
    median = model.median_ms * np.exp(model.pace * rng.standard_normal())
    bias, noise = model.bias * rng.standard_normal(), model.noise * rng.standard_normal(n)
    lapsed, anything = rng.random(n) < model.lapse, rng.uniform(0, 100, n)
    answers = np.where(controls, likeness - np.abs(noise) / 3, likeness + bias + noise)
    answer = np.where(lapsed, anything, np.clip(answers, 0, 100))
    times = np.round(median * np.exp(model.time_spread * rng.standard_normal(n)))
    return {
        "likeness": np.round(answer),
        "response_time_ms": times.astype(np.int32),
        "position": rng.permutation(n).astype(np.int32),
    }


def by_task(
    items: Sequence[dict[str, Any]],
    likeness: Floats,
    rated_likeness: Floats,
    rng: np.random.Generator,
    model: RaterModel,
) -> dict[str, npt.NDArray[Any]]:
    """The answers of one rater where items have tasks, by question, each (n,), None where it is not asked.

    items: with task, l_inf, side. likeness: (n,), before raters. rated_likeness: (n,), the rater's answers, were all
    asked.
    """
    n = len(items)
    l_inf = np.array([item["l_inf"] or 0.0 for item in items], np.float64)
    odds = np.maximum(l_inf / model.notice_at, 1e-9) ** model.notice_slope
    noticed = rng.random(n) < model.lapse / 2 + (1 - model.lapse) * odds / (1 + odds)
    original = rng.random(n) < 0.5 + model.trust * (1 - np.clip(likeness, 0, 100) / 100)
    other = {LEFT: RIGHT, RIGHT: LEFT}
    trusted = [
        (other[item["side"]] if of_original else item["side"]) if item["side"] else None
        for item, of_original in zip(items, original, strict=True)
    ]
    answers: dict[str, list[Any]] = {LIKENESS: rated_likeness.tolist(), DIFFERENCE: noticed.tolist(), TRUST: trusted}
    tasks = [item["task"] for item in items]
    return {
        name: np.array([value if task == name else None for task, value in zip(tasks, values, strict=True)], object)
        for name, values in answers.items()
    }


def from_model(folder: Path, name: str) -> tuple[pa.Table, pa.Table, int]:
    """The values of a measure, as ratings of the participant `model-<name>`: 0 at the end of its range where maps
    differ most, 100 at the other.

    It answers how alike maps are, and nothing else.

    Returns:
        Tables with the schemas `ratings` and `participants`, `source` "model"; and the number of items of this question
        without a rating, because the measure is not defined.

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
    tables = [study.read(TABLE, batch).select([KEY, "task", name]) for batch in finished_batches(study)]
    items = [item for item in pa.concat_tables(tables).to_pylist() if item["task"] == LIKENESS]
    scored = [item for item in items if item[name] is not None]
    share = (np.array([item[name] for item in scored], np.float64) - measure.low) / (measure.high - measure.low)
    likeness = 100 * (share if measure.alike == "high" else 1 - share)
    return *model_tables(study, name, [item[KEY] for item in scored], {"likeness": likeness}), len(items) - len(scored)
