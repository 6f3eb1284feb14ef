"""Ratings that no human gave: of simulated raters, who follow `RaterModel`, and of a study's own classifiers.

For power analysis, for pipelines and the demo. `source` says in every row what it is: `simulated` or `model`.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from builder.errors import RatingsError
from builder.ratings.rows import Columns, Rater, finished_batches, model_tables, simulated_tables
from builder.shards import StudyFolder
from builder.studies.classification.schema import KINDS
from builder.studies.classification.study import classification
from builder.studies.classification.tasks import (
    ASSIGNMENT_ARMS,
    CANNOT_TELL,
    KEY,
    NO,
    RELEVANT_IF_TOLD,
    TABLE,
    YES,
)

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class RaterModel:
    """The model of a simulated rater: yes with a probability that the item has for all raters alike.

    Of a mistake, and of each of the five classes of one, it is drawn, once for the item, from a beta distribution with
    the mean `accepted` and the two parameters' sum `concentration`. With the probability `lapse` the answer is yes or
    no at random. A response time is log-normal. All constants are assumptions; nothing of them was fitted to answers of
    people.
    """

    accepted: float = 0.3
    """Mean of the probability of yes over mistakes, and over their five classes."""
    concentration: float = 1.0
    """Below 2, most mistakes are clear cases; the larger, the more alike are all."""
    agreed: float = 0.995
    """Probability of yes where label and classifiers agree."""
    foil: float = 0.005
    """Probability of yes to a far class."""
    adversarial: float = 0.1
    """Probability of yes to the class of an attacked image."""
    lapse: float = 0.01
    """Share of items that are answered at random."""
    explained: float = 0.2
    """Probability of yes to the class of an attacked image of which the parts that speak for it are shown."""
    assigned: float = 0.5
    """Probability that an image is assigned to its class, in every condition."""
    cannot_tell: float = 0.05
    """Share of items of which a rater cannot tell, where that is an answer."""
    median_ms: float = 2500.0
    """Median response time, milliseconds."""
    assigned_median_ms: float = 45_000.0
    """The same of an assignment."""
    pace: float = 0.3
    """Standard deviation between raters of the logarithm of their median response time."""
    time_spread: float = 0.5
    """Standard deviation within a rater of the logarithm of the response time."""


def simulate(folder: Path, raters: int, seed: int, model: RaterModel | None = None) -> tuple[pa.Table, pa.Table]:
    """Ratings of every finished batch by `raters` simulated raters each, and these participants; those who assign
    images to classes are others, `raters` in each of these arms.

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
    asks = study.questionnaire()

    def batch_rater(batch: int, rng: np.random.Generator) -> tuple[list[str], Rater]:
        rows = study.read(TABLE, batch).select([KEY, "kind"]).to_pylist()
        items = [row for row in rows if KINDS[row["kind"]] != "assignment"]
        probability = yes_probability([KINDS[item["kind"]] for item in items], rng, model)

        def rater(rng: np.random.Generator) -> Columns:
            answers = rate(probability, rng, model)
            if RELEVANT_IF_TOLD in asks.questions:
                tells = rng.random(len(items)) >= model.cannot_tell
                answers["relevant"] = np.where(tells, in_words(answers["relevant"]), CANNOT_TELL)
            return answers

        return [item[KEY] for item in items], rater

    parts = [simulated_tables(study, raters, seed, batch_rater)]
    for arm in (each for each in asks.arms if each in ASSIGNMENT_ARMS):
        of_arm = functools.partial(_assigning_rater_of, study, arm, model)
        parts.append(simulated_tables(study, raters, seed, of_arm, arm))
    ratings, participants = zip(*parts, strict=True)
    return pa.concat_tables(ratings), pa.concat_tables(participants)


def _assigning_rater_of(
    study: StudyFolder, arm: str, model: RaterModel, batch: int, rng: np.random.Generator
) -> tuple[list[str], Rater]:
    return assigning_rater(study.read(TABLE, batch), arm, model)


def assigning_rater(items: pa.Table, arm: str, model: RaterModel) -> tuple[list[str], Rater]:
    """The ids of the items of a batch that one arm assigns to classes, and a rater of them."""
    rows = items.select([KEY, "arm", "panels", "right_panel"]).to_pylist()
    arm_rows = [row for row in rows if row["arm"] == arm]
    others = [[each for each in row["panels"] if each != row["right_panel"]] for row in arm_rows]
    slower = replace(model, median_ms=model.assigned_median_ms)

    def rater(rng: np.random.Generator) -> Columns:
        answers = rate(np.full(len(arm_rows), model.assigned), rng, slower)
        right = answers.pop("relevant")
        wrong = [each[rng.integers(len(each))] for each in others]
        return {**answers, "assigned": np.where(right, [row["right_panel"] for row in arm_rows], wrong)}

    return [row[KEY] for row in arm_rows], rater


def yes_probability(kinds: Sequence[str], rng: np.random.Generator, model: RaterModel) -> Floats:
    """The probability of yes of each item, (n,), before lapses; drawn for every item, used for mistakes."""
    accepted = model.accepted * model.concentration
    probabilities = rng.beta(accepted, model.concentration - accepted, len(kinds))
    sure = {"agreed": model.agreed, "foil": model.foil, "adversarial": model.adversarial, "explained": model.explained}
    return np.array([sure.get(kind, of_item) for kind, of_item in zip(kinds, probabilities, strict=True)])


def rate(probability: Floats, rng: np.random.Generator, model: RaterModel) -> dict[str, npt.NDArray[Any]]:
    """The answers of one rater to items with these probabilities of yes (n,), by column of `ratings`, each (n,)."""
    n = len(probability)
    median = model.median_ms * np.exp(model.pace * rng.standard_normal())
    lapsed = rng.random(n) < model.lapse
    relevant = rng.random(n) < np.where(lapsed, 0.5, probability)
    times = np.round(median * np.exp(model.time_spread * rng.standard_normal(n)))
    return {
        "relevant": relevant,
        "response_time_ms": times.astype(np.int32),
        "position": rng.permutation(n).astype(np.int32),
    }


def in_words(relevant: npt.NDArray[np.bool_]) -> npt.NDArray[np.str_]:
    """Answers, (n,), as the options of the question with a third answer."""
    return np.where(relevant, YES, NO)


def from_model(folder: Path, name: str) -> tuple[pa.Table, pa.Table, int]:
    """The answers of one of the study's classifiers, as ratings of the participant `model-<name>`: a class is relevant
    where it is its top-1.

    Returns:
        Tables with the schemas `ratings` and `participants`, `source` "model"; and the number of items without a
        rating, because the classifier found nothing in the image.

    Raises:
        FolderError: the folder holds no study, or a batch is damaged.
        RatingsError: the study has no classifier of this name, or no batch is finished.
    """
    study = StudyFolder(folder)
    names = [each.name for each in classification(study.study()).classifiers]
    if name not in names:
        raise RatingsError(f"{folder}: has no classifier {name!r}; it has {', '.join(names)}")
    columns = [KEY, "shown_class", f"{name}_top1"]
    items = pa.concat_tables(
        [study.read(TABLE, batch).select(columns) for batch in finished_batches(study)]
    ).to_pylist()
    scored = [item for item in items if item[f"{name}_top1"] is not None]
    relevant: npt.NDArray[Any] = np.array([item["shown_class"] == item[f"{name}_top1"] for item in scored], np.bool_)
    if RELEVANT_IF_TOLD in study.questionnaire().questions:
        relevant = in_words(relevant)
    return *model_tables(study, name, [item[KEY] for item in scored], {"relevant": relevant}), len(items) - len(scored)
