"""Tables of ratings and participants for answers that a program gives: simulated raters, or a model."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from datasets import Features

from builder.errors import RatingsError
from builder.ratings.ids import rating_id
from builder.ratings.schema import participant_features, rating_features
from builder.shards import StudyFolder
from builder.tasks import Questionnaire

MOST_RATERS = 10_000
"""Simulated raters of a batch; their answers are held in memory."""

Columns = Mapping[str, npt.NDArray[Any]]
"""One participant's answers to n items, by column of `ratings`, each (n,)."""

Rater = Callable[[np.random.Generator], Columns]
"""A simulated rater of a batch's items: their answers, from random numbers of their own."""


def simulated_tables(
    study: StudyFolder,
    raters: int,
    seed: int,
    batch_rater: Callable[[int, np.random.Generator], tuple[Sequence[str], Rater]],
    arm: str | None = None,
) -> tuple[pa.Table, pa.Table]:
    """Ratings of every finished batch by `raters` simulated raters each, and these participants.

    A rater's answers are a function of the batch, `seed` and the rater's number alone: more batches or raters add rows
    and change none. What nobody was asked is null, and so is `rated_at`, for no clock ran.

    Args:
        study: the folder of the study.
        raters: of each batch.
        seed: of all random numbers, beside the study itself.
        batch_rater: from a batch's number, and random numbers for what its items are to all raters alike, the ids of
            its items, (n,), and a rater of them, whose columns have `response_time_ms`.
        arm: of the study, whose raters are others than those of other calls; None where all arms are rated at once.

    Returns:
        Tables with the schemas `ratings` and `participants`, `source` "simulated"; no participant is flagged yet.

    Raises:
        FolderError: the folder holds no study, or a batch is damaged.
        RatingsError: `raters` is not 1 to MOST_RATERS, `seed` is negative, or no batch is finished.
    """
    _check(raters, seed)
    asks, entropy = study.questionnaire(), [seed, int(study.manifest().study_hash, 16)]
    ratings, participants = [], []
    key, part = ((), "") if arm is None else ((asks.arms.index(arm),), f"{arm}-")
    for batch in finished_batches(study):
        items, rate = batch_rater(batch, np.random.default_rng(np.random.SeedSequence(entropy, spawn_key=(batch,))))
        for number in range(raters):
            answers = rate(np.random.default_rng(np.random.SeedSequence(entropy, spawn_key=(batch, number, *key))))
            name = f"simulated-{seed}-{batch}-{part}{number:02d}"
            ratings.append(_ratings(asks, name, "simulated", items, answers))
            participants.append((name, batch, float(answers["response_time_ms"].sum() / 1000)))
    names, batches, seconds = zip(*participants, strict=True)
    return pa.concat_tables(ratings), _participants(asks, "simulated", names, batches, seconds)


def model_tables(study: StudyFolder, model: str, items: Sequence[str], answers: Columns) -> tuple[pa.Table, pa.Table]:
    """The answers of one of the study's models as ratings of the participant `model-<name>`, and that participant.

    Args:
        study: the folder of the study.
        model: its name.
        items: the ids of the items that it answers, (n,).
        answers: by column of `ratings`, each (n,).

    Returns:
        Tables with the schemas `ratings` and `participants`, `source` "model".

    Raises:
        FolderError: the folder holds no study.
    """
    asks, name = study.questionnaire(), f"model-{model}"
    return _ratings(asks, name, "model", items, answers), _participants(asks, "model", [name], [None], [None])


def finished_batches(study: StudyFolder) -> list[int]:
    """The numbers of the batches that can be rated.

    Raises:
        RatingsError: none is finished.
    """
    finished = study.finished()
    if not finished:
        raise RatingsError(f"{study.root}: no batch is finished; build the study first")
    return finished


def _check(raters: int, seed: int) -> None:
    if not 1 <= raters <= MOST_RATERS:
        raise RatingsError(f"raters = {raters}: must be 1 to {MOST_RATERS}")
    if seed < 0:
        raise RatingsError(f"seed = {seed}: must be 0 or more")


def _ratings(asks: Questionnaire, participant: str, source: str, items: Sequence[str], answers: Columns) -> pa.Table:
    columns = {
        "rating_id": [rating_id(participant, item) for item in items],
        asks.key: items,
        "participant_id": [participant] * len(items),
        "source": [source] * len(items),
        **answers,
    }
    return _table(columns, rating_features(asks), len(items))


def _participants(
    asks: Questionnaire,
    source: str,
    names: Sequence[str],
    batches: Sequence[int | None],
    seconds: Sequence[float | None],
) -> pa.Table:
    columns: dict[str, Any] = {
        "participant_id": names,
        "source": [source] * len(names),
        "batch": batches,
        "duration_s": seconds,
        "flags": [[]] * len(names),
    }
    return _table(columns, participant_features(asks), len(names))


def _table(columns: Mapping[str, Any], features: Features, rows: int) -> pa.Table:
    """A table of these features; columns that are not given are null."""
    arrays = [
        pa.array(columns[field.name], field.type) if field.name in columns else pa.nulls(rows, field.type)
        for field in features.arrow_schema
    ]
    return pa.Table.from_arrays(arrays, schema=features.arrow_schema)
