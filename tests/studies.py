"""Studies with what publishing needs, and invented ratings of them."""

import datetime
import random
import shutil
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import tomli_w

from builder.files import Folder
from builder.ratings import records
from builder.ratings.store import RatingsFolder
from builder.shards import StudyFolder
from tests import schema
from tests.asks import ASKS

SURVEY = {
    "purpose": "We compare faces.\nIn two lines.",
    "institution": "University of Somewhere",
    "contact": "Jane Doe, jane.doe@example.org",
    "ethics_approval": "Board of Somewhere, 2026-17",
    "expected_minutes": 25.0,
    "pay": "4.50 EUR",
    "recruitment": "Prolific, adults",
    "consent": "I am at least 18 years old.\nI take part voluntarily.",
    "consent_version": "1",
    "question_similarity": "How similar are they?",
    "question_identity": "Are they the same person?",
}
PUBLISH = {"license": "cc-by-4.0", "authors": ["Jane Doe"], "title": "Faces of Somewhere"}


def copy_study(folder: Path, root: Path, **tables: dict[str, Any]) -> Path:
    """A copy of a built study whose study.toml has what publishing needs; `tables` replace keys, None removes one."""
    shutil.copytree(folder, root)
    set_keys(root, publish=PUBLISH, survey=SURVEY)
    set_keys(root, **tables)
    return root


def set_keys(root: Path, **tables: dict[str, Any]) -> None:
    """Replaces keys of tables of study.toml; None removes one."""
    study = tomllib.loads((root / "study.toml").read_text())
    for table, keys in tables.items():
        merged = {**study[table], **keys}
        study[table] = {key: value for key, value in merged.items() if value is not None}
    (root / "study.toml").write_text(tomli_w.dumps(study))


def rate(
    root: Path, participants: int, source: str = "human", seed: int = 0, *, read: bool = True, **changed: Any
) -> None:
    """Adds participants and their ratings, the same for the same seed; each rates all pairs of one batch.

    Participant 3 is flagged. `changed` replaces columns of every participant; `read`: whether their texts are released.
    """
    store = RatingsFolder(root, ASKS)
    pairs = {batch: StudyFolder(root).read("pairs", batch)["pair_id"].to_pylist() for batch in _batches(root)}
    people, ratings = [], []
    for number in range(participants):
        draw = random.Random(f"{source} {seed} {number}")
        person = f"p-{draw.getrandbits(128):032x}"
        batch = number % len(pairs)
        people.append(
            {
                "participant_id": person,
                "source": source,
                "batch": batch,
                "age": str(20 + number) if source == "human" else None,
                "gender": ("female" if number % 3 else "male") if source == "human" else None,
                "continent": "Europe" if source == "human" else None,
                "duration_s": 600.0 + number,
                "flags": ["speed"] if number == 3 else [],
                "strategy_similarity": "I looked at the eyes.",
                **changed,
            }
        )
        ratings += [_rating(draw, pair, person, source) for pair in pairs[batch]]
    store.write(
        pa.concat_tables([store.ratings(), _table(ratings, schema.ratings())]),
        pa.concat_tables([store.participants(), _table(people, schema.participants())]),
    )
    if read:
        release_all(root, people)


def release_all(root: Path, people: Sequence[Mapping[str, Any]]) -> None:
    """Releases the free texts of some participants, as somebody does who has read them."""
    texts = [
        [who["participant_id"], question, who[question]]
        for who in people
        for question in ASKS.text_names
        if who.get(question)
    ]
    released = pd.concat(
        [records.read(root, "released", records.RELEASED), pd.DataFrame(texts, columns=records.RELEASED)]
    )
    Folder(root).write(dict([records.file("released", released)]))


def _batches(root: Path) -> Sequence[int]:
    return StudyFolder(root).finished()


def _rating(draw: random.Random, pair: str, person: str, source: str) -> dict[str, Any]:
    return {
        "rating_id": f"{draw.getrandbits(80):020x}",
        "pair_id": pair,
        "participant_id": person,
        "similarity": float(draw.randint(0, 100)),
        "identity": draw.random() > 0.5,
        "response_time_ms": draw.randint(1000, 9000),
        "position": 0,
        "rated_at": datetime.datetime(2026, 1, 2, 3, 4, 5, 678000, datetime.UTC),
        "source": source,
    }


def _table(rows: list[dict[str, Any]], features: Any) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=features.arrow_schema)
