import pytest

from tests.builder.ratings.formats.exports import INTERPOLATION, OPTIMIZED, answers, read, refused, rows


@pytest.mark.parametrize(("name", "first"), [("formr.csv", 2), ("formr.json", 1)])
def test_names_of_items_with_underscores(name: str, first: int) -> None:
    export = read(name)
    session = "kX9vinventedQ2sessioncode"
    assert answers(export) == [
        (first, f"{session}1", OPTIMIZED, 70.0, True),
        (first, f"{session}1", INTERPOLATION, 30.0, False),
        (first + 2, f"{session}2", OPTIMIZED, 15.0, False),
    ]
    assert refused(export)[0] == (first + 1, "session", "preview or test")
    assert rows(export.participants, "age") == [("61",), ("22",)]


def test_a_record_without_a_session() -> None:
    assert refused(read("formr.json"))[1:] == [(4, "session", "no participant")]
