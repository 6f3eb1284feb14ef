from pathlib import Path

import pytest

from builder.errors import RatingsError
from tests.builder.ratings.formats.exports import GENUINE, answers, read, read_text, refused, rows


def test_texts_of_choices_go_before_their_numbers() -> None:
    export = read("qualtrics.json")
    assert answers(export) == [(1, "R_json1", GENUINE, 90.0, True), (3, "R_json3", GENUINE, 12.0, False)]
    assert refused(export) == [(2, "Status", "preview or test")]
    assert rows(export.participants, "participant", "age", "duration_s") == [
        ("R_json1", "44", 301.0),
        ("R_json3", None, 301.0),
    ]


def test_no_json(tmp_path: Path) -> None:
    text = '{"responses": [\n{"responseId": "R_1", "values": {"a": }}]}'
    with pytest.raises(RatingsError, match="line 2, column 39: no JSON"):
        read_text(tmp_path, text)


@pytest.mark.parametrize("text", ['{"responses": 1}', "[]", '{"responses": [3]}', '{"responses": [{"values": 3}]}'])
def test_other_json(tmp_path: Path, text: str) -> None:
    with pytest.raises(RatingsError, match=r"export\.csv"):
        read_text(tmp_path, text, format="qualtrics-json")
