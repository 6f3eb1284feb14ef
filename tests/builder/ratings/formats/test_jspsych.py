import json

import pandas as pd
import pytest

from builder.errors import RatingsError
from builder.ratings.export import ExportFile
from builder.ratings.formats import detect, jspsych, read_export
from builder.ratings.mapping import Words
from tests.builder.ratings.formats.exports import (
    EXPORTS,
    GENUINE,
    NEGATIVE,
    PAIRS,
    POSITIVE,
    everything_in,
    mapping_of,
    rows,
)

LAB = mapping_of(
    columns={
        "participant": "PROLIFIC_PID",
        "pair": "pair_id",
        "similarity": "similarity",
        "identity": "identity",
        "response_time_ms": "rt",
        "age": "response.age",
    },
    identity=Words(yes=("0",), no=("1",)),
)
"""Of jspsych-lab.csv, whose second question has the buttons 0 and 1."""


def trial(index, **fields):
    return {"trial_type": "x", "trial_index": index, "time_elapsed": 1000 * index, **fields}


def rating(index, pair=GENUINE, similarity=73, identity=True, **fields):
    return trial(index, **{"pair_id": pair, "similarity": similarity, "identity": identity, **fields})


def read(*trials, mapping=None):
    file = ExportFile(EXPORTS / "trials.json", json.dumps(trials).encode())
    assert detect(file) == "jspsych"
    return jspsych.READER.read(file, PAIRS, mapping)


def test_our_own_page_is_read_without_a_mapping():
    export = read_export(EXPORTS / "jspsych-page.json", PAIRS)
    assert rows(export.ratings, "line", "pair_id", "similarity", "identity", "response_time_ms", "position") == [
        (3, POSITIVE, 71.0, True, 5200.0, 0),
        (4, NEGATIVE, 3.0, False, 2100.0, 1),
        (5, GENUINE, 99.0, True, 1500.0, 2),
    ]
    assert set(export.ratings["participant"]) == {"aJ3kd92mPq0ZxYtR5uVw"}
    assert export.ratings["rated_at"][1] == pd.Timestamp("2026-11-02T09:01:00Z")
    facts = ("age", "gender", "country", "continent", "duration_s", "strategy_similarity", "strategy_identity")
    assert rows(export.participants, *facts) == [("27", "non-binary", "AT", None, 301.5, "Nose", "Ears")]
    assert export.refused.empty


def test_a_labs_csv_is_read_with_a_mapping_and_two_trials_make_one_rating():
    export = read_export(EXPORTS / "jspsych-lab.csv", PAIRS, mapping=LAB)
    carl, berta = "60f1bbbbbbbbbbbbbbbbbbbb", "60f1aaaaaaaaaaaaaaaaaaaa"
    assert rows(export.ratings, "participant", "pair_id", "similarity", "identity", "response_time_ms") == [
        (berta, GENUINE, 100.0, True, 4700.0),
        (berta, NEGATIVE, 7.0, False, 4200.0),
        (carl, POSITIVE, 55.0, True, 3200.0),
        (carl, GENUINE, None, True, 700.0),
        (carl, NEGATIVE, None, False, 700.0),
    ]
    assert rows(export.refused, "line", "column", "pair_id", "reason") == [
        (18, "similarity", NEGATIVE, "similarity is no number")
    ]
    assert rows(export.participants, "participant", "age", "gender") == [(berta, "31", None), (carl, "58", None)]


def test_a_labs_csv_without_a_mapping_says_what_it_met():
    with pytest.raises(RatingsError, match=r'no identity is understood; met "(0|1)".*\[identity\] yes'):
        read_export(EXPORTS / "jspsych-lab.csv", PAIRS)


def test_version_6_with_an_array_for_each_participant():
    columns = {
        "participant": "subject",
        "pair": "stimulus",
        "similarity": "response",
        "response_time_ms": "rt",
        "age": "responses.Q0",
    }
    export = read_export(
        EXPORTS / "jspsych-6.json",
        PAIRS,
        mapping=mapping_of(columns=columns, pairs={f"{pair}.jpg": pair for pair in (GENUINE, NEGATIVE)}),
    )
    assert rows(export.ratings, "line", "participant", "pair_id", "similarity", "response_time_ms") == [
        (2, "s01", GENUINE, 98.0, 3999.9),
        (4, "s02", NEGATIVE, 12.0, None),
    ]
    assert rows(export.participants, "participant", "age") == [("s01", "44"), ("s02", "19")]
    assert "Muster" not in everything_in(export)


@pytest.mark.parametrize(("name", "mapping"), [("jspsych-lab.csv", LAB), ("jspsych-page.json", None)])
def test_nothing_of_a_person_is_read_but_what_the_tables_name(name, mapping):
    text = everything_in(read_export(EXPORTS / name, PAIRS, mapping=mapping))
    for secret in ("203.0.113.7", "@example.org", "Mozilla", "Firefox", "de-AT", "right", "img/"):
        assert secret not in text


def test_who_it_is_holds_for_the_whole_run_and_no_further():
    mapping = mapping_of(columns={"participant": "response.ID", "pair": "pair_id", "similarity": "similarity"})
    anna = [trial(0, response={"ID": "anna"}), rating(1)]
    berta = [trial(0, response={"ID": "berta"}), rating(1, NEGATIVE)]
    export = read(*anna, *berta, rating(0), mapping=mapping)
    assert rows(export.ratings, "participant", "pair_id") == [("anna", GENUINE), ("berta", NEGATIVE)]
    assert rows(export.refused, "line", "reason") == [(5, "no participant")]


def test_a_run_that_names_two_people_is_not_filled():
    export = read(trial(0, subject="anna"), trial(1, subject="berta"), rating(2), rating(3, NEGATIVE, subject="anna"))
    assert rows(export.ratings, "participant", "pair_id") == [("anna", NEGATIVE)]
    assert rows(export.refused, "line", "reason") == [(3, "no participant")]


def test_a_trial_that_was_saved_twice_is_read_once_and_one_that_was_answered_twice_is_not():
    first = rating(1, subject="anna")
    again = rating(2, similarity=10, subject="anna")
    export = read(first, again, first)
    assert export.ratings["similarity"].tolist() == [73.0, 10.0]


def test_who_left_after_the_consent_to_our_page_said_nothing():
    export = read(trial(0, trial_type="lands-between-consent", task="consent", participant_id="anna"))
    assert (len(export.ratings), len(export.participants), len(export.refused)) == (0, 0, 0)


def test_null_in_a_csv_is_what_somebody_did_not_say():
    header = "trial_type,trial_index,time_elapsed,task,participant_id,age,gender,country,continent"
    content = f"{header}\r\nlands-between-demographics,1,9000,demographics,anna,null,female,null,Europe\r\n"
    export = jspsych.READER.read(ExportFile(EXPORTS / "trials.csv", content.encode()), PAIRS, None)
    assert rows(export.participants, "age", "gender", "country", "continent") == [(None, "female", None, "Europe")]


def test_with_a_mapping_other_trials_that_share_a_property_are_no_ratings():
    mapping = mapping_of(columns={"participant": "subject", "pair": "face", "similarity": "response"})
    export = read(
        trial(0, subject="a", response="ok"), trial(1, subject="a", face=GENUINE, response=40), mapping=mapping
    )
    assert rows(export.ratings, "pair_id", "similarity") == [(GENUINE, 40.0)]
    assert export.refused.empty


def test_a_pattern_finds_the_answers_of_one_trial_to_many_pairs():
    mapping = mapping_of(columns={"participant": "subject", "similarity": "response.sim_{pair}"})
    answers = {f"sim_{GENUINE}": "90", f"sim_{NEGATIVE}": "4", "comment": "x"}
    export = read(trial(0, subject="a", response=answers), mapping=mapping)
    assert rows(export.ratings, "pair_id", "similarity") == [(GENUINE, 90.0), (NEGATIVE, 4.0)]


@pytest.mark.parametrize(
    ("trials", "mapping", "message"),
    [
        ([trial(0, response="s")], None, r'no column names a pair.*Columns met: "trial_type", .*\[columns\] pair'),
        ([rating(0)], None, "no column names the participant"),
        (
            [rating(0, subject="a")],
            mapping_of(columns={"pair": "pair_id", "similarity": "sim"}),
            r'no column called "sim" \(the mapping\'s columns.similarity\); columns met: ',
        ),
    ],
)
def test_what_cannot_be_told_is_said_with_what_was_met(trials, mapping, message):
    with pytest.raises(RatingsError, match=message):
        read(*trials, mapping=mapping)


def test_a_property_of_the_stimulus_is_none_of_the_participant():
    export = read(rating(0, subject="a", gender="f", age=80, country="FR"))
    assert rows(export.participants, "age", "gender", "country") == [(None, None, None)]


def test_truncated_json_is_recognized_and_refused_with_its_place():
    content = (EXPORTS / "jspsych-page.json").read_bytes()[:-40]
    file = ExportFile(EXPORTS / "cut.json", content)
    assert detect(file) == "jspsych"
    with pytest.raises(RatingsError, match=r"cut.json, line 1, column \d+: no JSON"):
        jspsych.READER.read(file, PAIRS, None)


def test_one_table_below_another_is_read_where_the_columns_are_the_same():
    header = "trial_type,trial_index,time_elapsed,subject,pair_id,similarity\n"
    tables = [f"x,0,5,{name},{GENUINE},{similarity}\n" for name, similarity in (("anna", 4), ("berta", 9))]
    file = ExportFile(EXPORTS / "jatos_results.txt", (header + tables[0] + header + tables[1]).encode())
    assert detect(file) == "jspsych"
    ratings = jspsych.READER.read(file, PAIRS, None).ratings
    assert rows(ratings, "line", "participant", "similarity") == [(2, "anna", 4.0), (4, "berta", 9.0)]
    other = "subject,trial_type,trial_index,time_elapsed,pair_id,similarity\n"
    with pytest.raises(RatingsError, match=r"jatos_results.txt, line 3: another header"):
        jspsych.READER.read(ExportFile(file.path, (header + tables[0] + other + tables[1]).encode()), PAIRS, None)
