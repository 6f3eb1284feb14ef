"""Lines were counted in an editor; answers are those that were written into the files by hand."""

from pathlib import Path

import pytest

from builder.errors import RatingsError
from tests.builder.ratings.formats.exports import (
    EXPORTS,
    GENUINE,
    INTERPOLATION,
    NEGATIVE,
    OPTIMIZED,
    POSITIVE,
    answers,
    read,
    read_text,
    refused,
    rows,
)

SECOND, THIRD, SEVENTH = (f"aaa{number:021x}" for number in (2, 3, 7))


def test_three_header_rows_with_german_texts() -> None:
    assert answers(read("qualtrics.csv")) == [
        (14, SECOND, GENUINE, 97.0, True),
        (14, SECOND, POSITIVE, 88.5, True),
        (14, SECOND, NEGATIVE, 3.0, False),
        (16, THIRD, GENUINE, 100.0, True),
        (16, THIRD, NEGATIVE, 71.0, False),
        (20, SEVENTH, NEGATIVE, 101.0, False),  # beyond 100: for the merge to refuse
    ]


def test_previews_spam_and_damaged_cells_are_refused() -> None:
    assert refused(read("qualtrics.csv")) == [
        (13, "Status", "preview or test"),
        (17, "Status", "marked as spam"),
        (19, "PROLIFIC_PID", "no participant"),
        (20, f"similarity_{GENUINE}_1", "similarity is no number"),
        (20, f"identity_{POSITIVE}", "identity is neither yes nor no"),
    ]


def test_timing_is_that_of_the_page_in_ms() -> None:
    ratings = read("qualtrics.csv").ratings
    assert rows(ratings[ratings["pair_id"] == GENUINE], "response_time_ms") == [(4321.0,), (2500.0,)]
    assert ratings[ratings["pair_id"] != GENUINE]["response_time_ms"].isna().all()


def test_participants() -> None:
    participants = read("qualtrics.csv").participants
    assert rows(participants, "line", "age", "gender", "country", "duration_s", "strategy_similarity") == [
        (14, "34", "Weiblich", "DE", 412.0, 'Augen,\n"Nase"'),
        (16, "51", "Male", "AT", 1904.0, None),
        (18, None, None, None, 412.0, None),
        (20, "30", "Female", "FR", 412.0, None),
    ]


def test_loops_through_a_german_spreadsheet() -> None:
    export = read("qualtrics-loops.csv")
    assert answers(export) == [
        (4, "anna-17", OPTIMIZED, 64.5, True),
        (4, "anna-17", GENUINE, 100.0, True),
        (4, "anna-17", NEGATIVE, 0.0, False),
        (7, "bert-3", INTERPOLATION, 20.0, False),
    ]
    assert rows(export.ratings, "response_time_ms") == [(3250.0,), (1500.0,), (2000.0,), (None,)]
    assert refused(export) == [
        (5, "Status", "preview or test"),
        (6, "participant_id", "damaged by a spreadsheet"),
        (7, "3_similarity_1", "no pair"),
        (7, "1_similarity_1", "damaged by a spreadsheet"),
    ]


def test_the_older_two_header_rows() -> None:
    export = read("qualtrics-old.csv")
    assert answers(export) == [(3, "R_oldinvented1", GENUINE, 80.0, True)]
    assert refused(export) == [(4, "Status", "preview or test")]


@pytest.mark.parametrize("texts", ["", "Start Date,Response ID,How similar?,Same person?\n"])
def test_fewer_header_rows(tmp_path: Path, texts: str) -> None:
    names = f"StartDate,ResponseId,similarity_{GENUINE},identity_{GENUINE}\n"
    export = read_text(tmp_path, names + texts + "2026-11-02 10:00:00,R_1,50,Yes\n")
    assert answers(export) == [(3 if texts else 2, "R_1", GENUINE, 50.0, True)]


def test_unknown_status_is_refused(tmp_path: Path) -> None:
    names = f"StartDate,ResponseId,Status,similarity_{GENUINE},identity_{GENUINE}\n"
    export = read_text(tmp_path, names + "2026-11-02,R_1,0,50,Yes\n2026-11-02,R_2,99,50,Yes\n")
    assert [answer[1] for answer in answers(export)] == ["R_1"]
    assert refused(export) == [(3, "Status", "status unknown")]


def test_codes_without_a_mapping_are_never_guessed(tmp_path: Path) -> None:
    names = f"StartDate,ResponseId,similarity_{GENUINE},identity_{GENUINE}\n"
    with pytest.raises(RatingsError, match=r'no identity is understood; met "1" \(2 times\), "2".*\[identity\] yes'):
        read_text(tmp_path, names + "2026-11-02,R_1,50,1\n2026-11-02,R_2,50,1\n2026-11-02,R_3,50,2\n")


def test_loops_that_name_no_pair_ask_for_a_mapping(tmp_path: Path) -> None:
    text = "StartDate,ResponseId,3_similarity,3_identity\n2026-11-02,R_1,50,Yes\n"
    with pytest.raises(RatingsError, match=r'line 1: column "3_similarity" is of loop 3.*\[loops\]'):
        read_text(tmp_path, text)
    export = read_text(tmp_path, text, {"loops": {"pairs": [GENUINE, POSITIVE, NEGATIVE]}})
    assert answers(export) == [(2, "R_1", NEGATIVE, 50.0, True)]


def test_the_older_export_with_three_header_rows(tmp_path: Path) -> None:
    """For a time the older names had the newer export's row of import ids below them."""
    lines = (EXPORTS / "qualtrics-old.csv").read_text().splitlines()
    ids = ",".join('"{""ImportId"":""' + name + '""}"' for name in lines[0].rstrip(",").split(","))
    text = "\n".join([*lines[:2], f"{ids},", *lines[2:]]) + "\n"
    export = read_text(tmp_path, text)
    assert answers(export) == [(4, "R_oldinvented1", GENUINE, 80.0, True)]
    assert refused(export) == [(5, "Status", "preview or test")]
