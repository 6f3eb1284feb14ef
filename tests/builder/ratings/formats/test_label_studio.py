import csv
import io
import json

import pandas as pd
import pytest

from builder.errors import RatingsError
from builder.ratings.export import ExportFile
from builder.ratings.formats import detect, label_studio
from builder.ratings.mapping import Words
from tests.builder.ratings.formats.exports import (
    EXPORTS,
    GENUINE,
    NEGATIVE,
    PAIRS,
    POSITIVE,
    everything_in,
    mapping_of,
    read,
    read_text,
    rows,
)


def test_annotations_become_ratings_and_what_is_none_is_refused():
    export = read("label-studio.json")
    assert rows(export.ratings, "line", "participant", "pair_id", "similarity", "identity", "response_time_ms") == [
        (1, "1", GENUINE, 100.0, True, 10744.0),
        (1, "2", GENUINE, 96.0, True, 10744.0),
        (2, "1", NEGATIVE, 4.0, False, 10744.0),
        (2, "3", NEGATIVE, 0.0, False, None),
        (3, "3", POSITIVE, 61.5, None, 10744.0),
    ]
    assert export.ratings["rated_at"][0] == pd.Timestamp("2026-11-04T18:50:53.017Z")
    assert rows(export.refused, "line", "pair_id", "reason") == [
        (2, None, "rejected or returned"),
        (3, POSITIVE, "similarity is no number"),  # stars: of how many is not said
        (3, POSITIVE, "identity is neither yes nor no"),  # two choices
    ]


def test_json_min():
    export = read("label-studio-min.json")
    assert rows(export.ratings, "line", "participant", "pair_id", "similarity", "identity", "response_time_ms") == [
        (1, "1", GENUINE, 100.0, True, 10744.0),
        (2, "annotator2@example.org", NEGATIVE, 4.0, False, 3000.0),
    ]
    assert rows(export.refused, "line", "reason") == [(3, "identity is neither yes nor no")]


@pytest.mark.parametrize("delimiter", [",", "\t"])
def test_csv_whose_numbers_are_json(tmp_path, delimiter):
    """A number is a list of one result, a choice its text, and several choices a list of results."""
    text = (EXPORTS / "label-studio.csv").read_text()
    if delimiter == "\t":
        out = io.StringIO()
        csv.writer(out, delimiter="\t").writerows(csv.reader(io.StringIO(text)))
        text = out.getvalue()
    export = read_text(tmp_path, text)
    assert rows(export.ratings, "line", "participant", "pair_id", "similarity", "identity", "response_time_ms") == [
        (2, "9", GENUINE, 93.0, True, 12345.0),
        (3, "9", NEGATIVE, 4.5, False, 8500.0),
    ]
    assert export.ratings["rated_at"][0] == pd.Timestamp("2026-11-02T10:00:00.000001Z").floor("ms")
    assert rows(export.refused, "line", "reason") == [(4, "identity is neither yes nor no")]


def test_nothing_of_a_person_is_read_but_the_id():
    export = read("label-studio.json")
    text = everything_in(export)
    for secret in ("@example.org", "Ida", "Muster", "upload"):
        assert secret not in text
    assert export.participants["gender"].isna().all()  # the task's own gender is that of a face


def test_a_prediction_is_no_rating():
    task = {"data": {"pair_id": GENUINE}, "annotations": [], "predictions": [{"result": [{"from_name": "similarity"}]}]}
    file = ExportFile(EXPORTS / "tasks.json", json.dumps([task]).encode())
    assert detect(file) == "label-studio"
    with pytest.raises(RatingsError, match="no column names a pair"):
        label_studio.READER.read(file, PAIRS, None)


def test_other_names_come_from_a_mapping():
    result = [
        {"from_name": "alike", "value": {"number": 12}},
        {"from_name": "same", "value": {"choices": ["different faces"]}},
    ]
    task = {"data": {"pair": NEGATIVE}, "completions": [{"completed_by": 4, "result": result}]}
    mapping = mapping_of(
        columns={"pair": "pair", "similarity": "alike", "identity": "same"},
        identity=Words(yes=("one face",), no=("different faces",)),
    )
    export = label_studio.READER.read(ExportFile(EXPORTS / "tasks.json", json.dumps([task]).encode()), PAIRS, mapping)
    assert rows(export.ratings, "participant", "pair_id", "similarity", "identity") == [("4", NEGATIVE, 12.0, False)]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([1], "task 1: is no object"),
        ([{"data": {}, "annotations": 3}], "task 1: its annotations are no list"),
        ([{"data": {}, "annotations": [{}]}], r"no column names a pair of the study.*Say in a mapping"),
    ],
)
def test_what_is_no_export_is_refused(content, message):
    with pytest.raises(RatingsError, match=message):
        label_studio.READER.read(ExportFile(EXPORTS / "tasks.json", json.dumps(content).encode()), PAIRS, None)
