"""Answers that no human gave: of simulated raters, and of the mean gray level of each square."""

from pathlib import Path

import numpy as np
import pyarrow as pa

from builder.ratings.ids import rating_id
from builder.ratings.schema import participant_features, rating_features
from builder.shards import StudyFolder
from lands_between_example.brightness.tasks import ASKS, SIDES


def simulate(folder: Path, raters: int, seed: int) -> tuple[pa.Table, pa.Table]:
    """Raters of one batch each, who see a difference with a deviation of 4 gray levels."""
    names = [f"simulated-{seed}-{{batch}}-{number}" for number in range(raters)]
    return _answers(folder, "simulated", names, seed, deviation=4.0)


def from_model(folder: Path, name: str) -> tuple[pa.Table, pa.Table, int]:
    """The mean gray level, which sees every difference as it is, whatever its name."""
    return *_answers(folder, "model", [f"model-{name}"], seed=0, deviation=0.0), 0


def _answers(folder: Path, source: str, names: list[str], seed: int, deviation: float) -> tuple[pa.Table, pa.Table]:
    """The tables `ratings` and `participants`; what is not said is null."""
    study, ratings = StudyFolder(folder), []
    for batch in study.finished():
        items = study.read(ASKS.table, batch).select([ASKS.key, "difference"]).to_pylist()
        for number, name in enumerate(names):
            who = {"participant_id": name.format(batch=batch), "source": source}
            rng = np.random.default_rng([seed, batch, number])
            for position, at in enumerate(rng.permutation(len(items))):
                item, seen = items[at][ASKS.key], items[at]["difference"] + deviation * rng.standard_normal()
                answers = {"brighter": SIDES[seen > 0], "sureness": float(round(100 * (1 - np.exp(-abs(seen) / 8))))}
                ids = {"rating_id": rating_id(who["participant_id"], item), ASKS.key: item, "position": position}
                ratings.append(who | ids | answers)
    people = {row["participant_id"]: {**row, "flags": []} for row in ratings}
    rated = pa.Table.from_pylist(ratings, schema=rating_features(ASKS).arrow_schema)
    return rated, pa.Table.from_pylist(list(people.values()), schema=participant_features(ASKS).arrow_schema)
