from tests.builder.ratings.formats.exports import GENUINE, INTERPOLATION, POSITIVE, answers, read, refused, rows


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
