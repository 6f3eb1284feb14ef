import dataclasses
import json

import pandas as pd
import pytest

from builder.errors import RatingsError
from builder.ratings.export import ExportFile, participant_columns, rating_columns, refused_columns
from builder.ratings.formats import own, read_export
from tests.asks import ASKS
from tests.builder.ratings.formats.exports import EXPORTS, GENUINE, NEGATIVE, PAIRS, POSITIVE, rows

RATING = {"record": "rating", "participant_id": "p", "pair_id": GENUINE, "similarity": 73, "identity": True}


def read(tmp_path, *records, first=(("format", "lands-between-survey"), ("version", 1))):
    content = "".join(json.dumps(record) + "\n" for record in (dict(first), *records))
    return own.READER.read(ExportFile(tmp_path / "results.jsonl", content.encode()), PAIRS, None)


def test_everything_in_the_results_of_our_survey_is_read():
    export = read_export(EXPORTS / "lands-between.jsonl", PAIRS)
    assert list(export.ratings) == list(rating_columns(ASKS))
    assert rows(export.ratings, "line", "participant", "pair_id", "similarity", "identity", "response_time_ms") == [
        (4, "5f3a9c", NEGATIVE, 0.0, False, 4321.0),
        (5, "5f3a9c", GENUINE, 100.0, True, 1999.0),
        (6, "77be01", POSITIVE, 64.0, None, 8000.0),
    ]
    assert export.ratings["position"].tolist() == [0, 1, 0]
    assert export.ratings["rated_at"][0] == pd.Timestamp("2026-11-02T09:01:00.250Z")
    assert list(export.participants) == list(participant_columns(ASKS))
    assert rows(export.participants, "line", "participant", "age", "gender", "country", "continent", "duration_s") == [
        (2, "5f3a9c", "34", "female", "DE", None, 1234.5),
        (3, "77be01", None, None, None, "Europe", None),
    ]
    assert export.participants["strategy_identity"][0] == 'the "whole" face\nand the hair'
    assert list(export.refused) == list(refused_columns(ASKS))
    assert export.refused.empty


def test_results_without_a_record_are_an_empty_export(tmp_path):
    export = read(tmp_path)
    assert export.ratings.empty
    assert export.participants.empty


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"similarity": "many"}, "similarity is no number"),
        ({"similarity": [73]}, "similarity is no number"),
        ({"similarity": True}, "similarity is no number"),
        ({"similarity": 1e999}, "similarity is no number"),
        ({"identity": "perhaps"}, "identity is neither yes nor no"),
        ({"identity": 1}, "identity is neither yes nor no"),
        ({"pair_id": None}, "no pair"),
        ({"participant_id": ""}, "no participant"),
    ],
)
def test_an_answer_of_another_type_is_refused_with_its_line(tmp_path, change, reason):
    export = read(tmp_path, RATING, {**RATING, **change})
    assert len(export.ratings) == 1
    assert rows(export.refused, "line", "reason") == [(3, reason)]


@pytest.mark.parametrize("change", [{"response_time_ms": "long"}, {"position": 1.5}, {"rated_at": "yesterday"}])
def test_a_detail_that_cannot_be_read_leaves_the_answer(tmp_path, change):
    export = read(tmp_path, {**RATING, **change})
    assert export.ratings["similarity"].tolist() == [73]
    assert export.ratings[list(change)].isna().all(axis=None)
    assert export.refused["reason"].tolist() == ["detail not readable, the rest is kept"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"format": "lands-between-survey", "version": 2}\n', "line 1: has version 2, .* reads 1"),
        (b'{"format": "other"}\n', "line 1: does not begin with"),
        (b"[1]\n", "line 1: is no object"),
        (
            b'{"format": "lands-between-survey", "version": 1}\n\n{"record": "answer"}',
            'line 3: record "answer" is none',
        ),
        (b'{"format": "lands-between-survey", "version": 1}\n{"record": []}', r"line 2: record \[\] is none"),
        (b'{"format": "lands-between-survey", "version": 1}\n{"record": "rating", "si', "line 2, column 22: no JSON"),
        (b'{"format": "lands-between-survey", "version": 1}\n{"a": 1, "a": 2}', 'line 2: .* key "a" twice'),
        (b'{"format": "lands-between-survey", "version": 1}\n{"a": ' + b"9" * 5000 + b"}", "line 2: .*digit"),
        (b'{"format": "lands-between-survey", "version": 1}\n' + b"[" * 100_000, "line 2: .*nested too deep"),
        (b'{"format": "lands-between-survey", "version": 1}\n\n{"x": "\xff"}', "line 3: is no UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_the_line(tmp_path, content, message):
    with pytest.raises(RatingsError, match=message) as caught:
        own.READER.read(ExportFile(tmp_path / "results.jsonl", content), PAIRS, None)
    assert "results.jsonl" in str(caught.value)
    assert len(str(caught.value)) < 400


def test_text_that_no_file_can_hold_is_replaced(tmp_path):
    lone = {"record": "participant", "participant_id": "p", "strategy_similarity": "\ud800 eyes"}
    assert read(tmp_path, lone).participants["strategy_similarity"][0].endswith(" eyes")


def test_results_of_another_study_are_no_answers(tmp_path):
    path = tmp_path / "results.jsonl"
    path.write_text('{"format": "lands-between-survey", "version": 1, "study": "other"}\n')
    items = dataclasses.replace(PAIRS, study="small")
    with pytest.raises(RatingsError, match=r'has the results of the study "other", and this folder is of "small"'):
        read_export(path, items)
    assert len(read_export(path, dataclasses.replace(PAIRS, study="other")).ratings) == 0
    assert len(read_export(path, PAIRS).ratings) == 0
