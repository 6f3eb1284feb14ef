from pathlib import Path

import pandas as pd
import pytest

from builder.errors import RatingsError
from tests.builder.ratings.formats.exports import GENUINE, NEGATIVE, OPTIMIZED, answers, read, read_text, refused, rows


def test_long_in_windows_1252_with_decimal_commas() -> None:
    export = read("plain-long.csv")
    assert answers(export) == [
        (2, "p1", GENUINE, 98.5, True),
        (3, "p1", OPTIMIZED, 40.0, False),
        (4, "p2", GENUINE, 7.0, None),
        (5, "p2", NEGATIVE, 1.0, False),
    ]
    assert rows(export.ratings, "response_time_ms", "position") == [(1234.5, 0), (900.0, 1), (None, None), (None, None)]


def test_a_time_without_a_zone_is_left_out(tmp_path: Path) -> None:
    times = read("plain-long.csv").ratings["rated_at"]
    assert times[0] == pd.Timestamp("2026-11-02T09:00:00Z")
    assert times[1:].isna().all()
    header = "participant_id,pair_id,similarity,identity,rated_at\n"
    export = read_text(tmp_path, header + f"p,{GENUINE},1,yes,2026-07-02 10:00:00\n", {"time_zone": "Europe/Berlin"})
    assert export.ratings["rated_at"][0] == pd.Timestamp("2026-07-02T08:00:00Z")


def test_what_cannot_be_read_is_named() -> None:
    assert refused(read("plain-long.csv")) == [
        (5, "response_time_ms", "detail not readable, the rest is kept"),
        (6, "", "more cells than columns"),
    ]


def test_wide_with_a_mapping() -> None:
    assert answers(read("plain-wide.tsv")) == [
        (2, "p1", GENUINE, 98.0, True),
        (2, "p1", OPTIMIZED, 40.0, False),
        (3, "p2", GENUINE, 7.0, False),
    ]


BY_PERSON = {"columns": {"pair": ["base", "sample"], "similarity": "{participant}: how", "identity": "{participant}?"}}


def test_a_column_for_each_person(tmp_path: Path) -> None:
    """What else a line says, such as an age, is of nobody."""
    text = "base,sample,age,anna: how,ben: how,anna?\nq,1,30,3,4,yes\nq,2,31,,5,no\nq,9,32,6,,\n"
    export = read_text(tmp_path, text, {**BY_PERSON, "pairs": {"q 1": GENUINE, "q 2": NEGATIVE}})
    assert answers(export) == [
        (2, "anna", GENUINE, 3.0, True),
        (2, "ben", GENUINE, 4.0, None),
        (3, "anna", NEGATIVE, None, False),
        (3, "ben", NEGATIVE, 5.0, None),
        (4, "anna", "q 9", 6.0, None),
    ]
    assert export.participants["age"].isna().all()


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ("base,sample,anna?", r'line 1: no column fits the mapping\'s columns.similarity = "{participant}: how"'),
        ("base,anna: how,anna?", r'line 1: no column called "sample" \(the mapping\'s columns.pair\)'),
        ("base,sample,anna: how,anna?,anna?", r'column 5, "anna\?", has no one meaning'),
    ],
)
def test_columns_of_people_that_do_not_fit(tmp_path: Path, names: str, message: str) -> None:
    with pytest.raises(RatingsError, match=message):
        read_text(tmp_path, f"{names}\n{','.join('1' for _ in names.split(','))}\n", BY_PERSON)


def test_every_column_but_that_of_the_pair_is_a_person(tmp_path: Path) -> None:
    text = f"pair_id,anna,ben\n{GENUINE},3,4\n"
    export = read_text(tmp_path, text, {"columns": {"similarity": "{participant}"}})
    assert answers(export) == [(2, "anna", GENUINE, 3.0, None), (2, "ben", GENUINE, 4.0, None)]


def test_long_with_other_names_for_pairs(tmp_path: Path) -> None:
    text = f"participant,pair,similarity,identity\np,q1,3,no\np,{NEGATIVE},4,no\np,q9,5,no\n"
    export = read_text(tmp_path, text, {"pairs": {"q1": GENUINE}})
    assert [answer[2:4] for answer in answers(export)] == [(GENUINE, 3.0), (NEGATIVE, 4.0), ("q9", 5.0)]


def test_only_facts(tmp_path: Path) -> None:
    export = read_text(
        tmp_path, "who,years,mail\np1,33,a@example.org\n", {"columns": {"participant": "who", "age": "years"}}
    )
    assert len(export.ratings) == 0
    assert rows(export.participants, "participant", "age") == [("p1", "33")]


def test_details_that_differ_between_rows_are_left_out(tmp_path: Path) -> None:
    lines = [f"p,{GENUINE},1,yes,30,female", f"p,{NEGATIVE},1,yes,31,female", f"p,{OPTIMIZED},1,yes,,female"]
    export = read_text(tmp_path, "\n".join(["participant,pair,similarity,identity,age,gender", *lines]))
    assert rows(export.participants, "participant", "age", "gender") == [("p", None, "female")]
    assert refused(export) == [(2, "age", "details differ between rows")]


def test_a_mapping_that_names_no_column(tmp_path: Path) -> None:
    mapping = {"columns": {"participant": "who", "pair": "stimulus", "similarity": "sim"}}
    with pytest.raises(RatingsError, match=r'line 1: no column called "stimulus" \(the mapping\'s columns.pair\)'):
        read_text(tmp_path, "who,picture,sim\np,x,3\n", mapping)


def test_an_unknown_table_says_how_to_map_it(tmp_path: Path) -> None:
    with pytest.raises(
        RatingsError,
        match=r'is a table of no known format .*may be answers: "who", .*or say in a mapping',
    ):
        read_text(tmp_path, "who,picture,sim\np,x,3\n")
    with pytest.raises(RatingsError, match=r'Columns met: "who", "picture", "sim"\. Say in a mapping'):
        read_text(tmp_path, "who,picture,sim\np,x,3\n", format="plain")


def test_an_unknown_pair_is_left_to_the_merge(tmp_path: Path) -> None:
    other = "other-00000-base0-genuine"
    wide = read_text(tmp_path, f"participant,similarity_{other},identity_{other}\np,3,no\n")
    long = read_text(tmp_path, f"participant,pair,similarity,identity\np,{other},3,no\n")
    assert answers(wide) == answers(long) == [(2, "p", other, 3.0, False)]


def test_columns_that_name_no_pair_are_named(tmp_path: Path) -> None:
    header = f"participant,similarity_{GENUINE},identity_{GENUINE},similarity_of_faces,note_{GENUINE}\n"
    export = read_text(tmp_path, header + "p,3,no,5,hm\n")
    assert answers(export) == [(2, "p", GENUINE, 3.0, False)]
    assert refused(export) == [
        (1, "similarity_of_faces", "names no pair of the study"),
        (1, f"note_{GENUINE}", "column not understood"),
    ]
