"""Ratings that no human gave: of simulated raters, who follow `RaterModel`, and of a study's own classifiers.

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
from builder.ratings.rows import Columns, Rater, finished_batches, model_tables, simulated_tables
from builder.shards import StudyFolder
from builder.studies.expression.schema import PREDICTED
from builder.studies.expression.study import expression
from builder.studies.expression.tasks import ANOTHER, EMOTIONS, GENDERS, KEY, OPTIONS, PERCEIVED_GENDER, TABLE

CONFUSION = (
    (0.70, 0.08, 0.03, 0.01, 0.05, 0.02, 0.08, 0.02, 0.01),
    (0.14, 0.64, 0.04, 0.01, 0.06, 0.02, 0.06, 0.02, 0.01),
    (0.05, 0.05, 0.56, 0.01, 0.06, 0.20, 0.04, 0.02, 0.01),
    (0.01, 0.01, 0.01, 0.90, 0.01, 0.02, 0.02, 0.01, 0.01),
    (0.06, 0.05, 0.06, 0.01, 0.66, 0.01, 0.12, 0.02, 0.01),
    (0.02, 0.01, 0.12, 0.06, 0.01, 0.72, 0.03, 0.02, 0.01),
    (0.03, 0.01, 0.01, 0.04, 0.07, 0.01, 0.80, 0.02, 0.01),
)
"""The probability of each of `OPTIONS`, a row for each of `EMOTIONS` that a face shows."""

GENDER_CONFUSION = ((0.92, 0.04, 0.04), (0.06, 0.88, 0.06))
"""The probability of each of `GENDERS`, a row for each of the first two, which a person seems to have."""


@dataclass(frozen=True)
class RaterModel:
    """The model of a simulated rater: by `CONFUSION` from the emotion that a face shows.

    That is its label. A face without one shows, with the probability `follows`, the class that the study's first
    classifier gives it, else any of the other emotions, each as often; where the classifier found no face, any of all.
    It is drawn once for a face and is the same for all raters. The strength is normal, cut off at 0 and 100, and
    rounded; a response time is log-normal. The gender, where the study asks for it, is answered by `GENDER_CONFUSION`
    from what the person seems to have: with the probability `gender_follows` the one that the study's first group with
    one of `GENDERS` says, else the other; where no group says one, either, each as often. All constants are
    assumptions; nothing of them was fitted to answers of people.
    """

    follows: float = 0.6
    """Share of faces without a label that show what the first classifier says."""
    gender_follows: float = 0.8
    """Share of faces whose gender seems to be what a predicted group says."""
    strength: float = 60.0
    """Mean strength of a face that shows an emotion."""
    neutral: float = 20.0
    """Mean strength of a neutral face."""
    spread: float = 15.0
    """Standard deviation of the strength."""
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
    described = expression(study.study())
    asks, first = described.asks(), described.classifiers[0].name
    groups = [f"{PREDICTED}{each.name}" for each in described.groups]

    def batch_rater(batch: int, rng: np.random.Generator) -> tuple[list[str], Rater]:
        items = study.read(TABLE, batch).select([KEY, "label", f"{first}_class", *groups]).to_pylist()
        emotions = shown([item["label"] for item in items], [item[f"{first}_class"] for item in items], rng, model)
        genders = seeming([[item[name] for name in groups] for item in items], rng, model)

        def rater(rng: np.random.Generator) -> Columns:
            answers = rate(emotions, rng, model)
            if PERCEIVED_GENDER in asks.questions:
                answers[PERCEIVED_GENDER.name] = sample(GENDER_CONFUSION, genders, GENDERS, rng)
            return answers

        return [item[KEY] for item in items], rater

    return simulated_tables(study, raters, seed, batch_rater)


def shown(
    labels: Sequence[str | None], classes: Sequence[str | None], rng: np.random.Generator, model: RaterModel
) -> npt.NDArray[np.intp]:
    """The emotion that each face shows to simulated raters, (n,), by index; drawn for every face, used for those
    without a label.

    labels and classes are those of each face, (n,): its label, and what the first classifier says; None where there is
    none.
    """
    emotions = []
    for label, predicted in zip(labels, classes, strict=True):
        follows, other = rng.random() < model.follows, int(rng.integers(len(EMOTIONS) - 1))
        any_of_all = int(rng.integers(len(EMOTIONS)))
        if label is not None:
            emotions.append(EMOTIONS.index(label))
        elif predicted not in EMOTIONS:
            emotions.append(any_of_all)
        else:
            at = EMOTIONS.index(predicted)
            emotions.append(at if follows else other + (other >= at))
    return np.array(emotions, np.intp)


def seeming(
    predicted: Sequence[Sequence[str | None]], rng: np.random.Generator, model: RaterModel
) -> npt.NDArray[np.intp]:
    """The gender that each person seems to have to simulated raters, (n,), by index.

    predicted are the groups that models predict of each face, (n, groups).
    """
    genders = []
    for groups in predicted:
        follows, either = rng.random() < model.gender_follows, int(rng.integers(2))
        gender = next((GENDERS.index(each) for each in groups if each in GENDERS[:2]), None)
        genders.append(either if gender is None else gender if follows else 1 - gender)
    return np.array(genders, np.intp)


def sample(
    confusion: Sequence[Sequence[float]],
    truth: npt.NDArray[np.intp],
    options: Sequence[str],
    rng: np.random.Generator,
) -> npt.NDArray[np.str_]:
    """Answers, (n,), of `options`, each by the row of the confusion matrix of what is shown, (n,)."""
    up_to = np.cumsum(np.array(confusion)[truth], axis=1)
    picks = np.minimum((rng.random(len(truth))[:, None] >= up_to).sum(axis=1), len(options) - 1)
    answers: npt.NDArray[np.str_] = np.array(options)[picks]
    return answers


def rate(emotions: npt.NDArray[np.intp], rng: np.random.Generator, model: RaterModel) -> dict[str, npt.NDArray[Any]]:
    """The answers of one rater to faces that show these emotions, (n,), by column of `ratings`, each (n,)."""
    n = len(emotions)
    median = model.median_ms * np.exp(model.pace * rng.standard_normal())
    answers = sample(CONFUSION, emotions, OPTIONS, rng)
    mean = np.where(answers == "neutral", model.neutral, model.strength)
    strength = np.round(np.clip(mean + model.spread * rng.standard_normal(n), 0, 100))
    times = np.round(median * np.exp(model.time_spread * rng.standard_normal(n)))
    return {
        "emotion": answers,
        "strength": strength,
        "response_time_ms": times.astype(np.int32),
        "position": rng.permutation(n).astype(np.int32),
    }


def from_model(folder: Path, name: str) -> tuple[pa.Table, pa.Table, int]:
    """The answers of one of the study's classifiers, as ratings of the participant `model-<name>`; how strong an
    emotion is, it does not say.

    Returns:
        Tables with the schemas `ratings` and `participants`, `source` "model"; and the number of items without a
        rating, because the classifier found no face in the image.

    Raises:
        FolderError: the folder holds no study, or a batch is damaged.
        RatingsError: the study has no classifier of this name, or no batch is finished.
    """
    study = StudyFolder(folder)
    described = expression(study.study())
    names = [each.name for each in described.classifiers]
    if name not in names:
        raise RatingsError(f"{folder}: has no classifier {name!r}; it has {', '.join(names)}")
    column = f"{name}_class"
    tables = [study.read(TABLE, batch).select([KEY, column]) for batch in finished_batches(study)]
    items = pa.concat_tables(tables).to_pylist()
    scored = [item for item in items if item[column] is not None]
    emotion = np.array([item[column] if item[column] in EMOTIONS else ANOTHER for item in scored])
    return *model_tables(study, name, [item[KEY] for item in scored], {"emotion": emotion}), len(items) - len(scored)
