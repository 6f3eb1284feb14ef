"""Rows of `ratings` and `participants` for answers that a program gives: simulated raters, or a model."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy.typing as npt
import pyarrow as pa

from builder.errors import RatingsError
from builder.ratings.ids import rating_id
from builder.ratings.schema import participant_features, rating_features
from builder.shards import StudyFolder
from builder.tasks import Questionnaire

MOST_RATERS = 10_000
"""Simulated raters of a batch; their answers are held in memory."""


def check_raters(raters: int, seed: int) -> None:
    """Refuses numbers of simulated raters, and seeds, that there cannot be.

    Raises:
        RatingsError: `raters` is not 1 to MOST_RATERS, or `seed` is negative.
    """
    if not 1 <= raters <= MOST_RATERS:
        raise RatingsError(f"raters = {raters}: must be 1 to {MOST_RATERS}")
    if seed < 0:
        raise RatingsError(f"seed = {seed}: must be 0 or more")


def finished_batches(study: StudyFolder) -> list[int]:
    """The numbers of the batches that can be rated.

    Raises:
        RatingsError: none is finished.
    """
    finished = study.finished()
    if not finished:
        raise RatingsError(f"{study.root}: no batch is finished; build the study first")
    return finished


def rating_rows(
    asks: Questionnaire, participant: str, source: str, items: Sequence[str], answers: Mapping[str, npt.NDArray[Any]]
) -> list[dict[str, Any]]:
    """The rows of `ratings` of one participant.

    Args:
        asks: what is asked.
        participant: their id.
        source: of `builder.ratings.schema`, such as "simulated".
        items: the ids of the items that they rate, (n,).
        answers: by column of `ratings`, each (n,).
    """
    columns = {name: values.tolist() for name, values in answers.items()}
    who = {"participant_id": participant, "source": source}
    return [
        {
            "rating_id": rating_id(participant, item),
            asks.key: item,
            **who,
            **{name: columns[name][at] for name in columns},
        }
        for at, item in enumerate(items)
    ]


def rating_tables(
    asks: Questionnaire, ratings: list[dict[str, Any]], participants: list[dict[str, Any]]
) -> tuple[pa.Table, pa.Table]:
    """The tables `ratings` and `participants` of these rows; what a row does not say is null."""
    return (
        pa.Table.from_pylist(ratings, schema=rating_features(asks).arrow_schema),
        pa.Table.from_pylist(participants, schema=participant_features(asks).arrow_schema),
    )
