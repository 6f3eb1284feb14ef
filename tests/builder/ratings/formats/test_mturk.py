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


OWN = ["3HIT", "AINVENTED1", "Approved"]


def options(*rows: list[str], scale: int = 7) -> str:
    """Batch results of Crowd HTML's radio buttons: one column for each option, true in that which was chosen."""
    columns = [f"Answer.similarity.{number}" for number in range(1, scale + 1)]
    header = ["HITId", "WorkerId", "AssignmentStatus", "Input.pair_id", *columns, "Answer.identity.no"]
    lines = [",".join([*header, "Answer.identity.yes"])]
    for pair, similarity, identity in rows:
        chosen = ["true" if str(number) == similarity else "false" for number in range(1, scale + 1)]
        said = [str(identity == option).lower() for option in ("no", "yes")]
        lines.append(",".join([*OWN, pair, *chosen, *said]))
    return "\n".join(lines) + "\n"


def test_one_column_for_each_option(tmp_path: Path) -> None:
    text = options([GENUINE, "7", "yes"], [NEGATIVE, "1", "no"], [OPTIMIZED, "", "yes"], [INTERPOLATION, "4", ""])
    export = read_text(tmp_path, text, {"similarity": {"from": 1, "to": 7}})
    assert answers(export) == [
        (2, "AINVENTED1", GENUINE, 100.0, True),
        (3, "AINVENTED1", NEGATIVE, 0.0, False),
        (4, "AINVENTED1", OPTIMIZED, None, True),
        (5, "AINVENTED1", INTERPOLATION, 50.0, None),
    ]


def test_two_options_at_once_are_no_answer(tmp_path: Path) -> None:
    text = options([GENUINE, "7", "yes"], [NEGATIVE, "1", "no"])
    text = text.replace(f"{NEGATIVE},true,false", f"{NEGATIVE},true,true")
    export = read_text(tmp_path, text, {"similarity": {"from": 1, "to": 7}})
    assert (3, "similarity", "similarity is no number") in refused(export)
    assert [answer[2] for answer in answers(export)] == [GENUINE]


def test_options_of_many_pairs_in_one_assignment(tmp_path: Path) -> None:
    """The pair stands in the names of the columns, and ends in a number as the options do."""
    names = [f"Answer.similarity_{pair}.{number}" for pair in (GENUINE, INTERPOLATION) for number in (1, 2, 3)]
    header = ",".join(["HITId", "WorkerId", "AssignmentStatus", *names])
    line = ",".join([*OWN, "false", "false", "true", "true", "false", "false"])
    export = read_text(tmp_path, f"{header}\n{line}\n", {"similarity": {"from": 1, "to": 3}})
    assert answers(export) == [
        (2, "AINVENTED1", GENUINE, 100.0, None),
        (2, "AINVENTED1", INTERPOLATION, 0.0, None),
    ]
