from tests.builder.ratings.formats.exports import read, refused, rows


def test_participants_without_ratings() -> None:
    export = read("prolific.csv")
    assert len(export.ratings) == 0
    assert rows(export.participants, "line", "participant", "age", "gender", "country", "duration_s") == [
        (2, f"aaa{2:021x}", "34", "Female", "Germany", 720.0),
        (3, f"aaa{3:021x}", None, None, None, 31.5),  # DATA_EXPIRED
    ]


def test_withdrawn_and_returned_submissions_are_refused() -> None:
    assert refused(read("prolific.csv")) == [
        (4, "", "consent revoked"),
        (5, "Status", "returned"),
        (6, "Status", "timed out or screened out"),
        (7, "Status", "status unknown"),
    ]
