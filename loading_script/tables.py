"""The tables of every study's ratings and participants, and the words that stand in them."""

from collections.abc import Mapping

import pyarrow as pa
from datasets import Features, Sequence, Value

SOURCES = ["human", "expert", "simulated", "model"]
"""The sources of ratings: whose answers they are; an aggregate is of one source.

human: participants'. expert: those of the study's authors, or of whom they name so, to hold others against; no
aggregate is of them, and of an expert nothing is kept but the answers. simulated: a program's that follows a model of a
rater. model: the decisions of one of the study's models.
"""

GENDERS = ["female", "male", "non-binary", "other"]
"""Null where it was not said."""

CONTINENTS = ["Africa", "Antarctica", "Asia", "Europe", "North America", "Oceania", "South America"]
"""Null where it was not said."""

SIDES = ["left", "right"]
"""Sides on which the first picture of an item stood; null where it is not known."""

DEMOGRAPHICS = ["age", "gender", "continent"]
"""The columns of `participants` that tell who somebody is, if few share them."""

FLAGS = ["attention", "speed", "straight-lining", "too-few"]
"""Reasons for which a participant is flagged."""


def ratings(key: str, answers: Mapping[str, str], *, side: bool = False) -> Features:
    """One row per answer of one participant to one item.

    `position` is the place of the item in the participant's order, from 0, `source` one of SOURCES. `rated_at` is the
    day, at midnight UTC, in what is published; a study folder keeps the time.

    Args:
        key: the column that names the item.
        answers: the type of the answers by question, the question's column. An answer is null where the question was
            not asked of the item.
        side: whether there is a column `side`, one of SIDES: where the item's first picture stood.
    """
    return Features(
        {
            "rating_id": Value("string"),
            key: Value("string"),
            "participant_id": Value("string"),
            **{name: Value(dtype) for name, dtype in answers.items()},
            "response_time_ms": Value("int32"),
            "position": Value("int32"),
            **({"side": Value("string")} if side else {}),
            "rated_at": Value("timestamp[ms, tz=UTC]"),
            "source": Value("string"),
        }
    )


def participants(texts: list[str]) -> Features:
    """One row per participant; what was not said or not asked is null.

    `age` is in years, or a range of years such as "30-39"; `gender` one of GENDERS, `continent` one of CONTINENTS,
    `flags` some of FLAGS.

    Args:
        texts: the columns of what a participant said in their own words.
    """
    return Features(
        {
            "participant_id": Value("string"),
            "source": Value("string"),
            "batch": Value("int32"),
            "age": Value("string"),
            "gender": Value("string"),
            "continent": Value("string"),
            "duration_s": Value("float32"),
            "flags": Sequence(Value("string")),
            **{name: Value("string") for name in texts},
        }
    )


_OF_RATINGS = {*ratings("", {}), "side", "weight"}
_OF_PARTICIPANTS = set(participants([]))
_TYPES = {pa.float64(): "float64", pa.bool_(): "bool", pa.string(): "string"}
"""Types of answers: to a scale, to yes or no, to a choice."""


def answers_in(columns: pa.Schema) -> dict[str, str]:
    """The columns of published ratings that answer a question, with their types."""
    names = [name for name in columns.names if name not in _OF_RATINGS and not name.endswith("_id")]
    return {name: _TYPES.get(columns.field(name).type, "?") for name in names}


def read_people(table: str, columns: pa.Schema, key: str) -> Features:
    """The features of published `ratings` or `participants`, made from the names of the columns.

    Raises:
        ValueError: they are not the columns of such a table in a study whose items have this key.
    """
    if table == "ratings":
        answers = answers_in(columns)
        types = {name: dtype for name, dtype in answers.items() if dtype != "?"}
        features = ratings(key, types, side="side" in columns.names)
    else:
        features = participants([name for name in columns.names if name not in _OF_PARTICIPANTS])
    if not features.arrow_schema.equals(columns):
        wrong = [name for name in columns.names if name not in features]
        wrong += [field.name for field in features.arrow_schema if field not in columns]
        raise ValueError(f"{table}: not the columns of such a table: {', '.join(wrong[:5]) or 'another order'}")
    return features
