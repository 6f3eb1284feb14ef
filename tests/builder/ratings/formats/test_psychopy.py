from pathlib import Path

import pytest

from tests.builder.ratings.formats.exports import (
    EXPORTS,
    GENUINE,
    NEGATIVE,
    OPTIMIZED,
    answers,
    read,
    read_text,
    refused,
    rows,
)

PERSON = "aaa000000000000000000005"


def test_a_slider_and_a_keyboard() -> None:
    export = read("psychopy.csv")
    assert answers(export) == [
        (3, PERSON, GENUINE, 93.25, True),
        (4, PERSON, NEGATIVE, 4.0, False),
        (5, PERSON, OPTIMIZED, 41.0, None),  # no key was pressed
    ]
    assert rows(export.ratings, "response_time_ms") == [(3500.0,), (1750.0,), (2500.0,)]
    assert refused(export) == []


@pytest.mark.parametrize("written", ["['y']", "y"])
def test_the_one_key_of_all_that_were_kept(tmp_path: Path, written: str) -> None:
    text = (EXPORTS / "psychopy.csv").read_text().replace(",y,", f",{written},")
    assert answers(read_text(tmp_path, text))[0] == (3, PERSON, GENUINE, 93.25, True)


def test_components_of_other_names_take_a_mapping(tmp_path: Path) -> None:
    text = (EXPORTS / "psychopy.csv").read_text().replace("similarity.", "slider.").replace("identity.", "key_resp.")
    columns = {"pair": "pair_id", "similarity": "slider.response", "identity": "key_resp.keys"}
    mapping = {"columns": {**columns, "response_time_s": "key_resp.rt"}}
    export = read_text(tmp_path, text, mapping)
    assert answers(export)[:2] == [(3, PERSON, GENUINE, 93.25, True), (4, PERSON, NEGATIVE, 4.0, False)]
    assert rows(export.ratings, "response_time_ms") == [(3500.0,), (1250.0,), (None,)]


def test_a_mapping_names_columns_as_the_tool_wrote_them(tmp_path: Path) -> None:
    mapping = {"columns": {"identity": "identity.keys"}, "identity": {"yes": ["n"], "no": ["y"]}}
    export = read_text(tmp_path, (EXPORTS / "psychopy.csv").read_text(), mapping)
    assert [answer[4] for answer in answers(export)] == [False, True, None]
