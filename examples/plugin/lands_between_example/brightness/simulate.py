"""Answers that no human gave: of simulated raters, and of the mean pixel value."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from builder.errors import RatingsError
from builder.ratings.ids import rating_id
from builder.ratings.schema import participant_features, rating_features
from builder.shards import StudyFolder
from lands_between_example.brightness.tasks import ASKS, SIDES

MODEL = "mean"

Rows = list[dict[str, Any]]


def simulate(folder: Path, raters: int, seed: int) -> tuple[pa.Table, pa.Table]:
    """Raters who see the difference with a deviation of 4 gray levels, and are the surer the more they see."""
    ratings: Rows = []
    participants: Rows = []
    for batch, items in _items(folder).items():
        for number in range(raters):
            rng = np.random.default_rng([seed, batch, number])
            who = {"participant_id": f"simulated-{seed}-{batch}-{number}", "source": "simulated"}
            seen = np.array(list(items.values())) + 4 * rng.standard_normal(len(items))
            times = rng.lognormal(np.log(3000), 0.5, len(items)).astype(int).tolist()
            orders = rng.permutation(len(items)).tolist()
            for item_id, level, time, order in zip(items, seen.tolist(), times, orders, strict=True):
                ratings.append(_rating(item_id, level, who) | {"response_time_ms": time, "position": order})
            participants.append(who | {"batch": batch, "duration_s": sum(times) / 1000, "flags": []})
    return _tables(ratings, participants)


def from_model(folder: Path, name: str) -> tuple[pa.Table, pa.Table, int]:
    """The side whose pixels have the larger mean, for each item.

    Raises:
        RatingsError: another model than this one is asked for.
    """
    if name != MODEL:
        raise RatingsError(f"{folder}: has no model {name!r}; it has {MODEL}")
    who = {"participant_id": f"model-{MODEL}", "source": "model"}
    ratings = [_rating(item, level, who) for items in _items(folder).values() for item, level in items.items()]
    return *_tables(ratings, [who | {"flags": []}]), 0


def _items(folder: Path) -> dict[int, dict[str, int]]:
    """By batch, the difference of each item."""
    study = StudyFolder(folder)
    tables = {batch: study.read(ASKS.table, batch) for batch in study.finished()}
    return {
        batch: dict(zip(table[ASKS.key].to_pylist(), table["difference"].to_pylist(), strict=True))
        for batch, table in tables.items()
    }


def _rating(item_id: str, seen: float, who: dict[str, Any]) -> dict[str, Any]:
    answers = {"brighter": SIDES[seen > 0], "sureness": float(round(100 * (1 - np.exp(-abs(seen) / 8))))}
    return who | {"rating_id": rating_id(who["participant_id"], item_id), ASKS.key: item_id} | answers


def _tables(ratings: Rows, participants: Rows) -> tuple[pa.Table, pa.Table]:
    """The tables `ratings` and `participants`; what is not said is null."""
    rated = pa.Table.from_pylist(ratings, schema=rating_features(ASKS).arrow_schema)
    return rated, pa.Table.from_pylist(participants, schema=participant_features(ASKS).arrow_schema)
