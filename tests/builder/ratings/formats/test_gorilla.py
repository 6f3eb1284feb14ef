from pathlib import Path

import pandas as pd
import pytest

from builder.errors import RatingsError
from tests.builder.ratings.formats.exports import EXPORTS, GENUINE, OPTIMIZED, answers, read, read_text, refused, rows

SECOND, THIRD = (f"aaa{number:021x}" for number in (2, 3))


def test_both_answers_to_a_pair_are_one_rating() -> None:
    export = read("gorilla.csv")
    assert answers(export) == [
        (3, SECOND, GENUINE, 87.0, True),
        (6, SECOND, OPTIMIZED, 12.0, False),
        (8, THIRD, OPTIMIZED, 40.0, None),
    ]
    assert rows(export.ratings, "response_time_ms") == [(2100.4,), (2500.0,), (1800.0,)]
    assert export.ratings["rated_at"][0] == pd.Timestamp("2026-11-02T09:00:02Z")
    assert refused(export) == []


def test_the_questionnaire_gives_the_age() -> None:
    assert rows(read("gorilla.csv").participants, "line", "participant", "age") == [(2, SECOND, "34"), (8, THIRD, None)]


def test_a_public_id_that_is_not_unique_is_not_used(tmp_path: Path) -> None:
    text = (EXPORTS / "gorilla.csv").read_bytes().replace(THIRD.encode(), b"BLIND")
    assert {answer[1] for answer in answers(read_text(tmp_path, text))} == {"900002", "900003"}


def test_without_the_column_of_the_time(tmp_path: Path) -> None:
    text = (EXPORTS / "gorilla.csv").read_bytes().replace(b"UTC Timestamp", b"Removed")
    export = read_text(tmp_path, text)
    assert answers(export) == answers(read("gorilla.csv"))
    assert rows(export.ratings, "response_time_ms", "rated_at") == [(2100.4, None), (2500.0, None), (1800.0, None)]


def test_no_column_with_the_pair(tmp_path: Path) -> None:
    text = (EXPORTS / "gorilla.csv").read_bytes().replace(b"pair_id", b"stimulus")
    with pytest.raises(RatingsError, match="no column pair_id names the pairs"):
        read_text(tmp_path, text)
    mapping = {"columns": {"pair": "stimulus"}}
    assert len(answers(read_text(tmp_path, text, mapping))) == 3
