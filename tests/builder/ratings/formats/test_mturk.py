from pathlib import Path

import pytest

from builder.errors import RatingsError
from tests.builder.ratings.formats.exports import (
    EXPORTS,
    GENUINE,
    INTERPOLATION,
    MAPPINGS,
    NEGATIVE,
    OPTIMIZED,
    answers,
    read,
    read_text,
    refused,
    rows,
)


def test_one_pair_an_assignment_with_radio_buttons() -> None:
    export = read("mturk.csv")
    assert answers(export) == [
        (2, "AINVENTED1", GENUINE, 96.0, True),
        (3, "AINVENTED1", NEGATIVE, 4.0, False),
        (5, "AINVENTED3", GENUINE, 77.0, None),
    ]
    assert refused(export) == [(4, "AssignmentStatus", "rejected or returned")]


def test_json_object_in_a_cell() -> None:
    export = read("mturk-json.csv")
    assert answers(export) == [
        (2, "AINVENTED1", GENUINE, 91.0, True),
        (2, "AINVENTED1", OPTIMIZED, 33.0, False),
    ]
    assert rows(export.participants, "age") == [("40",)]


def test_json_list_in_a_cell() -> None:
    export = read("mturk-json-list.csv")
    assert answers(export) == [
        (2, "AINVENTED2", GENUINE, 80.0, True),
        (2, "AINVENTED2", INTERPOLATION, 25.0, False),
    ]
    assert rows(export.ratings, "response_time_ms") == [(900.0,), (1200.5,)]


def test_broken_json_in_a_cell(tmp_path: Path) -> None:
    text = (EXPORTS / "mturk-json.csv").read_bytes().replace(b"}]", b"]")
    with pytest.raises(RatingsError, match=r'line 2: column "Answer.taskAnswers" is no JSON'):
        read_text(tmp_path, text)


def test_packed_cells() -> None:
    export = read("mturk-packed.csv")
    assert answers(export) == [
        (2, "AINVENTED1", GENUINE, 99.0, True),
        (2, "AINVENTED1", NEGATIVE, 2.0, False),
        (2, "AINVENTED1", OPTIMIZED, 48.0, False),
    ]
    assert refused(export) == [
        (3, "Answer.sims, Answer.same, Input.pairs", "packed cells differ in number"),
        (4, "Answer.sims, Answer.same, Input.pairs", "packed cells differ in number"),
    ]


def test_packed_cells_in_the_order_of_a_batch(tmp_path: Path) -> None:
    mapping = MAPPINGS["mturk-packed.csv"] | {
        "columns": {"similarity": "Answer.sims", "identity": "Answer.same"},
        "loops": {"pairs": [OPTIMIZED, GENUINE, NEGATIVE]},
    }
    export = read_text(tmp_path, (EXPORTS / "mturk-packed.csv").read_bytes(), mapping)
    assert [answer[2:4] for answer in answers(export)] == [(OPTIMIZED, 99.0), (GENUINE, 2.0), (NEGATIVE, 48.0)]
