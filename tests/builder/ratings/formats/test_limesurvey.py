from pathlib import Path

import pytest

from builder.ratings.formats import detect
from tests.builder.ratings.formats.exports import (
    GENUINE,
    INTERPOLATION,
    POSITIVE,
    answers,
    file,
    read,
    read_text,
    refused,
    rows,
)


def test_full_answers_with_texts_as_headings() -> None:
    export = read("limesurvey.csv")
    assert answers(export) == [
        (2, "1/1598754621", GENUINE, 92.0, True),
        (2, "1/1598754621", INTERPOLATION, 13.0, False),
        (4, "2/120934", GENUINE, 40.0, False),  # N/A: was not shown
        (5, "3/7712", INTERPOLATION, 88.0, True),
    ]
    assert rows(export.participants, "line", "duration_s", "strategy_identity") == [
        (2, 540.5, "Die\nAugen"),
        (4, None, None),
        (5, 61.25, None),
    ]
    assert refused(export) == []


def test_answer_codes_need_a_mapping() -> None:
    export = read("limesurvey-codes.csv")
    second, third = (f"aaa{number:021x}" for number in (2, 3))
    assert answers(export) == [
        (2, second, GENUINE, 92.0, True),
        (2, second, POSITIVE, 13.0, False),
        (3, third, GENUINE, 40.0, False),
    ]
    assert rows(export.participants, "age") == [("29",), (None,)]


@pytest.mark.parametrize(
    "own",
    [
        "id,lastpage,startlanguage,seed",
        "Response ID,Last page,Start language,Seed",
        '"id. Response ID","lastpage. Last page","startlanguage. Start language","seed. Seed"',
        "Antwort ID,Letzte Seite,Start-Sprache,Zufallsstartwert",
    ],
)
def test_a_survey_without_dates(tmp_path: Path, own: str) -> None:
    """Whose responses are anonymous and not dated has no `submitdate`."""
    text = f"{own},similarity[{GENUINE}],identity[{GENUINE}]\n1,3,en,1598754621,92,Yes\n2,1,en,120934,40,No\n"
    assert detect(file(text)) == "limesurvey"
    assert answers(read_text(tmp_path, text)) == [
        (2, "1/1598754621", GENUINE, 92.0, True),
        (3, "2/120934", GENUINE, 40.0, False),
    ]
