"""Answers that no human gave: of simulated raters, and of the mean gray level of each square."""

from pathlib import Path

import numpy as np
import pyarrow as pa

from builder.ratings.ids import rating_id
from builder.ratings.schema import participant_features, rating_features
from builder.shards import StudyFolder
from lands_between_example.brightness.tasks import ASKS, SIDES

DEVIATION = 4.0
"""Of what a simulated rater sees of a difference, gray levels."""


def simulate(folder: Path, raters: int, seed: int) -> tuple[pa.Table, pa.Table]:
    """Raters of every batch, who are the surer the larger they see a difference."""
    return _answers(folder, "simulated", [f"simulated-{seed}-{number}" for number in range(raters)], seed, DEVIATION)


def from_model(folder: Path, name: str) -> tuple[pa.Table, pa.Table, int]:
    """The mean gray level, which sees every difference as it is, whatever its name."""
    return *_answers(folder, "model", [f"model-{name}"], seed=0, deviation=0.0), 0


def _answers(folder: Path, source: str, names: list[str], seed: int, deviation: float) -> tuple[pa.Table, pa.Table]:
    """The tables `ratings` and `participants`; what is not said is null."""
    study, ratings = StudyFolder(folder), []
    for batch in study.finished():
        items = study.read(ASKS.table, batch)
        for number, name in enumerate(names):
            noise = np.random.default_rng([seed, batch, number]).standard_normal(items.num_rows)
            seen = items["difference"].to_numpy() + deviation * noise
            for item, level in zip(items[ASKS.key].to_pylist(), seen.tolist(), strict=True):
                answers = {"brighter": SIDES[level > 0], "sureness": float(round(100 * (1 - np.exp(-abs(level) / 8))))}
                ids = {"rating_id": rating_id(name, item), ASKS.key: item, "participant_id": name}
                ratings.append(ids | answers | {"source": source})
    people = [{"participant_id": name, "source": source, "flags": []} for name in names]
    rated = pa.Table.from_pylist(ratings, schema=rating_features(ASKS).arrow_schema)
    return rated, pa.Table.from_pylist(people, schema=participant_features(ASKS).arrow_schema)
