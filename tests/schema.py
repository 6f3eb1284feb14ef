"""The columns of every table of a published verification study, in one place for tests."""

import pyarrow as pa
from datasets import Features

from builder.publish.aggregates import aggregate_columns, rated_features
from builder.publish.reading import published_features
from builder.ratings.schema import participant_features, rating_features
from builder.studies import load_kind
from builder.studies.verification.schema import KINDS, embeddings, images, pairs, searches
from builder.studies.verification.tasks import QUESTIONS
from loading_script.lands_between import DATA_FILE, PROVENANCE, stored, stored_features
from loading_script.tables import CONTINENTS, GENDERS, SOURCES
from tests.asks import ASKS

__all__ = [
    "AGGREGATES",
    "BUILD_TABLES",
    "CONTINENTS",
    "DATA_FILE",
    "GENDERS",
    "KINDS",
    "PROVENANCE",
    "SOURCES",
    "embeddings",
    "images",
    "pairs",
    "participants",
    "rated_pairs",
    "ratings",
    "read_features",
    "searches",
    "stored",
    "stored_features",
]

AGGREGATES = list(aggregate_columns(QUESTIONS))

BUILD_TABLES = ["pairs", "images", "embeddings", "searches"]


def ratings() -> Features:
    return rating_features(ASKS)


def participants() -> Features:
    return participant_features(ASKS)


def rated_pairs(of: Features) -> Features:
    return rated_features(of, QUESTIONS)


def read_features(table: str, columns: pa.Schema) -> Features:
    return published_features(table, columns, load_kind("verification"))
