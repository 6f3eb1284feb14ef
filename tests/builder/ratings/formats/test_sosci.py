from tests.builder.ratings.formats.exports import GENUINE, POSITIVE, answers, read, refused, rows


def test_utf_16_with_german_labels() -> None:
    export = read("sosci.csv")
    assert answers(export) == [
        (3, "12/2026-11-02 10:00:00", GENUINE, 95.0, True),
        (3, "12/2026-11-02 10:00:00", POSITIVE, 20.0, False),
        (5, "14/2026-11-02 10:20:00", GENUINE, 60.0, False),  # -9: not answered
    ]
    assert refused(export) == [(4, "MODE", "preview or test")]
    assert rows(export.participants, "duration_s") == [(220.0,), (80.0,)]
