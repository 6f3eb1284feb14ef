"""Ratings that no human gave: of simulated raters, who follow `RaterModel`, and of a study's own classifier.

For power analysis, for pipelines and the demo. `source` says in every row what it is: `simulated` or `model`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from builder.errors import RatingsError
from builder.ratings.rows import Rater, finished_batches, model_tables, simulated_tables
from builder.shards import StudyFolder
from builder.studies.counterfeits.study import counterfeits
from builder.studies.counterfeits.tasks import CERTAINTY, CHOICE, KEY, NOTHING, TABLE

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class RaterModel:
    """The model of a simulated rater: by the probability of each option that an item has for all raters alike.

    Of a control, that is `right` for its label. Of a counterfeit, the probability of the class that its generator was
    told is drawn, once for the item, from a beta distribution with the mean `seen` and the two parameters' sum
    `concentration`. `something` is that of any of the other classes together; the rest sees nothing. How sure raters
    are is normal, cut off at 0 and 100, and rounded; a response time is log-normal. All constants are assumptions;
    nothing of them was fitted to answers of people.
    """

    right: float = 0.98
    """Probability of a control's label."""
    seen: float = 0.15
    """Mean over counterfeits of the probability of the wanted class."""
    concentration: float = 1.0
    """Below 2, most counterfeits are clear cases; the larger, the more alike are all."""
    something: float = 0.08
    """Probability of some other class."""
    sure: float = 85.0
    """Mean certainty of who names a control's label, or sees nothing."""
    unsure: float = 45.0
    """Mean certainty of all other answers."""
    spread: float = 15.0
    """Standard deviation of the certainty."""
    median_ms: float = 2500.0
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
    own = counterfeits(study.study())
    options = (*own.classes, NOTHING)

    def batch_rater(batch: int, rng: np.random.Generator) -> tuple[list[str], Rater]:
        items = study.read(TABLE, batch).select([KEY, "target", "label"]).to_pylist()
        probabilities = option_probabilities(items, own.classes, rng, model)
        controls = np.array([item["label"] is not None for item in items], np.bool_)
        return [item[KEY] for item in items], lambda rng: rate(probabilities, controls, options, rng, model)

    return simulated_tables(study, raters, seed, batch_rater)


def option_probabilities(
    items: Sequence[Mapping[str, Any]], classes: Sequence[str], rng: np.random.Generator, model: RaterModel
) -> Floats:
    """The probability of each class and, last, of nothing, for each item, (n, k + 1); drawn for every item, used for
    counterfeits.
    """
    seen = model.seen * model.concentration
    rates = rng.beta(seen, model.concentration - seen, len(items)) * (1 - model.something)
    others = len(classes) - 1
    table = np.zeros((len(items), len(classes) + 1))
    for at, item in enumerate(items):
        control = item["label"] is not None
        first = model.right if control else rates[at]
        rest = (1 - model.right) / 2 if control else model.something
        place = classes.index(item["label"] if control else item["target"])
        table[at, :-1] = rest / others
        table[at, place] = first
        table[at, -1] = 1 - first - rest
    return table


def rate(
    probabilities: Floats,
    controls: npt.NDArray[np.bool_],
    options: Sequence[str],
    rng: np.random.Generator,
    model: RaterModel,
) -> dict[str, npt.NDArray[Any]]:
    """One rater's answers to n items, by column of `ratings`, each (n,).

    probabilities: (n, options). controls: (n,), whether the item is one.
    """
    n = len(probabilities)
    median = model.median_ms * np.exp(model.pace * rng.standard_normal())
    picks = np.minimum((rng.random(n)[:, None] >= np.cumsum(probabilities, axis=1)).sum(axis=1), len(options) - 1)
    clear = (picks == len(options) - 1) | (controls & (picks == probabilities.argmax(axis=1)))
    mean = np.where(clear, model.sure, model.unsure)
    certainty = np.round(np.clip(mean + model.spread * rng.standard_normal(n), 0, 100))
    times = np.round(median * np.exp(model.time_spread * rng.standard_normal(n)))
    return {
        CHOICE: np.array(options)[picks],
        CERTAINTY: certainty,
        "response_time_ms": times.astype(np.int32),
        "position": rng.permutation(n).astype(np.int32),
    }


def from_model(folder: Path, name: str) -> tuple[pa.Table, pa.Table, int]:
    """The answers of the study's classifier, as ratings of the participant `model-<name>`: its class, and as its
    certainty 100 times that class's probability. A class that is none of the study's is nothing.

    Returns:
        Tables with the schemas `ratings` and `participants`, `source` "model"; and the number of items without a
        rating, which is 0.

    Raises:
        FolderError: the folder holds no study, or a batch is damaged.
        RatingsError: the study has no classifier of this name, or no batch is finished.
    """
    study = StudyFolder(folder)
    own = counterfeits(study.study())
    if name != own.classifier.name:
        raise RatingsError(f"{folder}: has no classifier {name!r}; it has {own.classifier.name}")
    tables = [study.read(TABLE, batch).select([KEY, "class", "confidence"]) for batch in finished_batches(study)]
    items = pa.concat_tables(tables).to_pylist()
    answers = {
        CHOICE: np.array([item["class"] if item["class"] in own.classes else NOTHING for item in items]),
        CERTAINTY: np.array([100 * item["confidence"] for item in items], np.float64),
    }
    return *model_tables(study, name, [item[KEY] for item in items], answers), 0
