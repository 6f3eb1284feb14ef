"""Ratings that were lost without a word: each file here is read, or refused with what it lacks."""

import json
from pathlib import Path

import pytest

from builder.errors import RatingsError
from tests.builder.ratings.formats.exports import (
    EXPORTS,
    GENUINE,
    NEGATIVE,
    OPTIMIZED,
    POSITIVE,
    answers,
    read_text,
    refused,
    rows,
)

QUALTRICS = "StartDate,EndDate,Progress,RecordedDate"
DATES = "2026-11-02 10:00:00,2026-11-02 10:05:00,100,2026-11-02 10:05:00"


def test_two_blocks_of_loops_with_the_same_names(tmp_path: Path) -> None:
    block = "1_pair_id,1_similarity_1,1_identity,2_pair_id,2_similarity_1,2_identity"
    one, two = f"{GENUINE},90,Yes,{NEGATIVE},5,No", f"{POSITIVE},80,Yes,{OPTIMIZED},30,No"
    export = read_text(tmp_path, f"{QUALTRICS},ResponseId,{block},{block}\n{DATES},R_1,{one},{two}\n")
    assert {answer[2:] for answer in answers(export)} == {
        (GENUINE, 90.0, True),
        (NEGATIVE, 5.0, False),
        (POSITIVE, 80.0, True),
        (OPTIMIZED, 30.0, False),
    }
    assert refused(export) == []


def test_a_block_of_a_loop_without_its_pair_is_refused_by_name(tmp_path: Path) -> None:
    header = "participant,1_pair_id,1_similarity,1_identity,1_similarity"
    export = read_text(tmp_path, f"{header}\np,{GENUINE},90,yes,4\n")
    assert answers(export) == [(2, "p", GENUINE, 90.0, True)]
    assert refused(export) == [(1, "1_similarity", "names no pair of the study")]


def test_a_long_table_with_repeated_names(tmp_path: Path) -> None:
    block = "pair_id,similarity,identity"
    export = read_text(tmp_path, f"participant,{block},{block}\np,{GENUINE},90,yes,{NEGATIVE},4,no\n")
    assert answers(export) == [(2, "p", GENUINE, 90.0, True), (2, "p", NEGATIVE, 4.0, False)]


def test_a_pattern_of_the_mapping_that_meets_names_twice(tmp_path: Path) -> None:
    mapping = {"columns": {"participant": "who", "similarity": "s{loop}", "identity": "i{loop}"}}
    loops = {"loops": {"pairs": [GENUINE, NEGATIVE]}}
    export = read_text(tmp_path, "who,s1,i1,s2,i2,s1,i1\np,1,no,2,no,3,yes\n", mapping | loops)
    assert [answer[2:] for answer in answers(export)] == [
        (GENUINE, 1.0, False),
        (GENUINE, 3.0, True),
        (NEGATIVE, 2.0, False),
    ]


@pytest.mark.parametrize("columns", [{"age": "How old are you?"}, {"participant": "who", "position": "nr"}])
def test_a_mapping_adds_to_what_is_recognized(tmp_path: Path, columns: dict[str, str]) -> None:
    header = f"who,participant_id,How old are you?,nr,similarity_{GENUINE},identity_{GENUINE}"
    export = read_text(tmp_path, f"{header}\np,p,33,1,90,yes\n", {"columns": columns})
    assert answers(export) == [(2, "p", GENUINE, 90.0, True)]


def test_a_mapped_answer_joins_one_that_tells_itself(tmp_path: Path) -> None:
    header = f"participant,s_{GENUINE},identity_{GENUINE},similarity_{NEGATIVE},identity_{NEGATIVE}"
    export = read_text(tmp_path, f"{header}\np,90,yes,4,no\n", {"columns": {"similarity": "s_{pair}"}})
    assert answers(export) == [(2, "p", GENUINE, 90.0, True), (2, "p", NEGATIVE, 4.0, False)]


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ({"pairs": {"q1": "small-00007-base0-genuine"}}, r'the study does not have: pairs\.q1 = "small-00007'),
        ({"loops": {"pairs": [GENUINE, "x"]}}, r'the study does not have: loop 2, "x"'),
        (
            {"columns": {"similarity": "{pair}_sim", "identity": "{pair}_ident"}, "pairs": {"q1": GENUINE}},
            r'no column fits the mapping\'s columns\.identity = "\{pair\}_ident"',
        ),
        ({"columns": {"similarity": "q1_sim"}}, r"the mapping's columns\.pair: is missing"),
        ({"columns": {"age": "years"}}, r'no column called "years" \(the mapping\'s columns\.age\)'),
        ({"where": {"similarity": {"kind": ["slider"]}}, "columns": {"pair": "participant", "similarity": "q1_sim"}},
         r"no column called \"kind\" \(the mapping's where\.similarity\.kind\)"),
    ],
)  # fmt: skip
def test_what_a_mapping_names_and_the_file_has_not_is_one_error(tmp_path: Path, mapping, message) -> None:
    text = f"participant,q1_sim,similarity_{GENUINE},q1_similarity\np,5,50,50\n"
    with pytest.raises(RatingsError, match=message) as caught:
        read_text(tmp_path, text, mapping, format="plain")
    assert str(caught.value).count("export.csv") == 1


def test_a_sliders_events_with_a_mapping_of_their_columns(tmp_path: Path) -> None:
    text = (
        (EXPORTS / "gorilla.csv").read_bytes().replace(b",similarity,", b",Zone2,").replace(b",identity,", b",Zone3,")
    )
    with pytest.raises(RatingsError, match=r"no answer: columns Response.*Where the answers stand elsewhere"):
        read_text(tmp_path, text.replace(b",age,", b",q,"))
    mapping = {
        "columns": {"similarity": "Response", "identity": "Response"},
        "where": {"similarity": {"Zone Name": ["Zone2"]}, "identity": {"Zone Name": ["zone3"]}},
    }
    export = read_text(tmp_path, text, mapping)
    assert [answer[2:] for answer in answers(export)] == [
        (GENUINE, 87.0, True),
        (OPTIMIZED, 12.0, False),
        (OPTIMIZED, 40.0, None),
    ]


def test_filters_that_no_line_passes(tmp_path: Path) -> None:
    mapping = {
        "columns": {"participant": "who", "pair": "pair", "similarity": "response"},
        "where": {"similarity": {"kind": ["knob"]}},
    }
    with pytest.raises(RatingsError, match=r"2 lines and no answer: columns response, in the lines chosen by kind"):
        read_text(tmp_path, f"who,pair,kind,response\np,{GENUINE},slider,5\np,{GENUINE},button,1\n", mapping)


def test_filters_of_columns_that_tell_themselves(tmp_path: Path) -> None:
    """Practice is left out though the mapping names no column of answers."""
    header = "participant,pair,block,similarity,identity,age\n"
    text = header + f"p,{GENUINE},practice,1,no,33\np,{NEGATIVE},main,5,no,34\n"
    filters = {"where": {key: {"block": "main"} for key in ("similarity", "identity", "age")}}
    export = read_text(tmp_path, text, filters)
    assert answers(export) == [(3, "p", NEGATIVE, 5.0, False)]
    assert export.participants["age"].tolist() == ["34"]
    wide = f"participant,block,similarity_{GENUINE}\np,practice,1\nq,main,5\n"
    assert answers(read_text(tmp_path, wide, {"where": {"similarity": {"block": "main"}}})) == [
        (3, "q", GENUINE, 5.0, None)
    ]


@pytest.mark.parametrize(
    ("mapping", "keys"),
    [
        ({"loops": {"batch": 0}, "pair_pattern": "(x)"}, ("loops", "pair_pattern")),
        ({"loops": {"batch": 0}}, ("loops",)),
        ({"columns": {"age": "years"}}, ()),
        ({"time_zone": "UTC", "dates": "day first"}, ("time_zone", "dates")),
        ({"where": {"age": {"years": "33"}, "position": {"years": "33"}}}, ("where.age", "where.position")),
        ({"pairs": {"q1": GENUINE, "years": NEGATIVE}}, ("pairs.q1", "pairs.years")),
        ({"pairs": {f"y_{GENUINE}": GENUINE}}, ()),
    ],
)
def test_keys_of_a_mapping_that_say_nothing_of_a_file(tmp_path: Path, mapping, keys) -> None:
    text = f"participant,years,similarity_{GENUINE},identity_{GENUINE}\np,33,50,yes\n"
    assert read_text(tmp_path, text, mapping).absent == keys


@pytest.mark.parametrize(("pattern", "keys"), [(r"img/(.+)\.png", ()), (r"pic/(.+)\.png", ("pair_pattern",))])
def test_a_pattern_that_no_cell_fits(tmp_path: Path, pattern, keys) -> None:
    mapping = {"columns": {"pair": ["set", "face"], "similarity": "s"}, "pair_pattern": pattern}
    text = f"participant,set,face,s\np,a,img/{GENUINE}.png,50\n"
    assert read_text(tmp_path, text, mapping).absent == keys


def test_names_of_pairs_that_no_cell_has(tmp_path: Path) -> None:
    """Of a long table; the group of the pattern is what a name is compared with."""
    mapping = {"pairs": {"q1": GENUINE, "q2": NEGATIVE, "q3": POSITIVE}, "columns": {"pair": "face", "similarity": "s"}}
    text = "participant,face,s\np,q1,50\nq,img/q2.png,60\n"
    assert read_text(tmp_path, text, mapping).absent == ("pairs.q2", "pairs.q3")
    export = read_text(tmp_path, text, mapping | {"pair_pattern": r"img/(.+)\.png"})
    assert export.absent == ("pairs.q3",)
    assert [answer[2] for answer in answers(export)] == [GENUINE, NEGATIVE]


def test_demographics_say_which_keys_are_of_answers(tmp_path: Path) -> None:
    mapping = {
        "columns": {"participant": "who", "similarity": "s", "pair": "p"},
        "identity": {"yes": ["1"], "no": ["2"]},
    }
    export = read_text(tmp_path, (EXPORTS / "prolific.csv").read_bytes(), mapping)
    assert export.absent == ("columns.participant", "columns.pair", "columns.similarity", "identity")


def test_label_studio_with_a_mapping_that_fits_nothing(tmp_path: Path) -> None:
    task = {"data": {"pair_id": GENUINE}, "annotations": [{"completed_by": 1, "result": []}]}
    with pytest.raises(RatingsError, match=r'no column called "alike" \(the mapping\'s columns\.similarity\)'):
        read_text(tmp_path, json.dumps([task]), {"columns": {"similarity": "alike"}})


@pytest.mark.parametrize(
    ("content", "mapping", "message"),
    [
        (
            '{"format": "lands-between-survey", "version": 1}',
            {"time_zone": "UTC"},
            "the mapping's time_zone says nothing to the reader lands-between",
        ),
        (
            f'[{{"who": "p", "pair": "{GENUINE}", "s": 1}}]',
            {"delimiter": ";", "columns": {"age": "a"}},
            "the mapping's delimiter says nothing to the reader plain, which reads JSON",
        ),
    ],
)
def test_a_key_that_a_reader_has_no_use_for_is_refused(tmp_path: Path, content, mapping, message) -> None:
    with pytest.raises(RatingsError, match=message):
        read_text(tmp_path, content, mapping)


def test_one_column_that_answers_two_questions(tmp_path: Path) -> None:
    """jsPsych's slider and button trials: what the buttons say is no similarity."""
    said = [("slider", GENUINE, 93), ("buttons", GENUINE, 0), ("slider", NEGATIVE, 1), ("buttons", NEGATIVE, 1)]
    trials = [
        {"trial_type": kind, "trial_index": n, "time_elapsed": n, "who": "p", "face": f"x/{pair}.png", "response": each}
        for n, (kind, pair, each) in enumerate([*said, ("text", "-", {"Q0": "fine"})])
    ]
    mapping = {
        "columns": {"participant": "who", "pair": "face", "similarity": "response", "identity": "response"},
        "where": {"similarity": {"trial_type": "slider"}, "identity": {"trial_type": "buttons"}},
        "identity": {"yes": ["0"], "no": ["1"]},
    }
    export = read_text(tmp_path, json.dumps(trials), mapping)
    assert answers(export) == [(1, "p", GENUINE, 93.0, True), (3, "p", NEGATIVE, 1.0, False)]
    assert refused(export) == []


@pytest.mark.parametrize("texts", ["", "Start,End,Progress,Recorded,Who,How similar?,Same?\n"])
@pytest.mark.parametrize("ids", [False, True])
def test_qualtrics_without_the_ids_of_responses(tmp_path: Path, texts: str, ids: bool) -> None:
    header = f"{QUALTRICS},participant_id,similarity_{GENUINE},identity_{GENUINE}\n"
    imported = ",".join(f'"{{""ImportId"":""QID{n}""}}"' for n in range(7)) + "\n" if ids else ""
    export = read_text(tmp_path, header + texts + imported + f"{DATES},p,50,Yes\n")
    assert [answer[1:] for answer in answers(export)] == [("p", GENUINE, 50.0, True)]
    assert export.participants["participant"].tolist() == ["p"]


def test_json_with_a_mapping_is_read_as_json(tmp_path: Path) -> None:
    records = [{"who": {"id": "p"}, "stimulus": GENUINE, "sim": 5, "same": True, "notes": [{"a": 1}, {"a": 2}]}]
    mapping = {"columns": {"participant": "who.id", "pair": "stimulus", "similarity": "sim", "identity": "same"}}
    for content in (json.dumps(records), json.dumps({"data": records}), json.dumps(records[0]) + "\n"):
        export = read_text(tmp_path, content, mapping)
        assert answers(export) == [(1, "p", GENUINE, 5.0, True)]


@pytest.mark.parametrize("cell", ["{broken", '[{""a"": 1}, {""a"": 2}]', "[{}, {}]", '{""a"": [1}'])
def test_a_cell_of_json_that_nobody_asked_for_changes_nothing(tmp_path: Path, cell: str) -> None:
    header = f"participant,similarity_{GENUINE},identity_{GENUINE},browser"
    export = read_text(tmp_path, f'{header}\np,5,yes,"{cell}"\nq,6,no,\n')
    assert answers(export) == [(2, "p", GENUINE, 5.0, True), (3, "q", GENUINE, 6.0, False)]


def test_another_scale_and_words(tmp_path: Path) -> None:
    header = "participant,pair,similarity,identity\n"
    text = header + f"p,{GENUINE},7,yes\np,{NEGATIVE},Not  at all,no\np,{OPTIMIZED},4,no\np,{POSITIVE},8,no\n"
    export = read_text(tmp_path, text, {"similarity": {"from": 1, "to": 7, "words": {"not at all": 1}}})
    assert [(a[2], a[3]) for a in answers(export)][:3] == [(GENUINE, 100.0), (NEGATIVE, 0.0), (OPTIMIZED, 50.0)]
    assert export.ratings["similarity"].iloc[3] > 100  # off the scale, for the merge to refuse
    swapped = read_text(tmp_path, text, {"similarity": {"from": 7, "to": 1, "words": {"not at all": 1}}})
    assert swapped.ratings["similarity"].tolist()[:3] == [0.0, 100.0, 50.0]


def test_pairs_by_a_pattern_and_by_several_columns(tmp_path: Path) -> None:
    header = "participant,base,sample,similarity,identity\n"
    by_two = {"columns": {"pair": ["base", "sample"]}, "pairs": {"a.png b.png": GENUINE}}
    assert answers(read_text(tmp_path, header + "p,a.png,b.png,5,yes\n", by_two))[0][2] == GENUINE
    pattern = {"columns": {"pair": "sample"}, "pair_pattern": r"img/(\w+)\.png", "pairs": {"b7": NEGATIVE}}
    assert answers(read_text(tmp_path, header + "p,,<img/b7.png>,5,yes\n", pattern))[0][2] == NEGATIVE


def test_one_time_for_a_whole_line_and_dates_of_either_order(tmp_path: Path) -> None:
    mapping = {
        "columns": {"similarity": "s_{pair}", "identity": "i_{pair}", "rated_at": "end"},
        "time_zone": "UTC",
        "dates": "day first",
    }
    header = f"participant,end,s_{GENUINE},i_{GENUINE},s_{NEGATIVE},i_{NEGATIVE}\n"
    for order, stamp in (
        ("day first", "03.04.2026 10:30"),
        ("month first", "04/03/2026 10:30 AM"),
        ("month first", '"4/3/2026, 10:30:00\u202fAM"'),
    ):
        export = read_text(tmp_path, f"{header}p,{stamp},1,no,2,no\n", mapping | {"dates": order})
        assert [each.isoformat() for each in export.ratings["rated_at"]] == ["2026-04-03T10:30:00+00:00"] * 2
    none = read_text(
        tmp_path, f"{header}p,03.04.2026 10:30,1,no,2,no\n", {k: v for k, v in mapping.items() if k != "dates"}
    )
    assert rows(none.ratings, "rated_at") == [(None,), (None,)]
    assert {reason for *_, reason in refused(none)} == {"detail not readable, the rest is kept"}


def test_one_time_for_a_whole_line_of_columns_that_tell_themselves(tmp_path: Path) -> None:
    header = f"participant,end,n,similarity_{GENUINE},identity_{GENUINE}"
    line = "p,2026-11-02T10:00:00Z,7,1,no"
    mapping = {"columns": {"rated_at": "end", "position": "n"}}
    one = read_text(tmp_path, f"{header}\n{line}\n", mapping)
    assert [(str(at), position) for at, position in rows(one.ratings, "rated_at", "position")] == [
        ("2026-11-02 10:00:00+00:00", 7)
    ]
    two = f"{header},similarity_{NEGATIVE},identity_{NEGATIVE}\n{line},2,no\n"
    both = read_text(tmp_path, two, {"columns": {"rated_at": "end"}})
    assert [str(at) for (at,) in rows(both.ratings, "rated_at")] == ["2026-11-02 10:00:00+00:00"] * 2
    with pytest.raises(RatingsError, match=r"the mapping's columns\.position names one column, and a line answers sev"):
        read_text(tmp_path, two, mapping)
    with pytest.raises(RatingsError, match=r"the mapping's columns\.pair names one column, and a line answers several"):
        read_text(tmp_path, two, {"columns": {"pair": "end"}})
