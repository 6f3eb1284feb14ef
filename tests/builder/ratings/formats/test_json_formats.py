"""Of all readers of JSON: each export is recognized by one reader alone."""

import pytest

from builder.ratings.export import ExportFile
from builder.ratings.formats import detect
from tests.builder.ratings.formats.exports import EXPORTS

FORMATS = {
    "jatos.txt": "jatos",
    "jspsych-6.json": "jspsych",
    "jspsych-lab.csv": "jspsych",
    "jspsych-page.json": "jspsych",
    "label-studio-min.json": "label-studio",
    "label-studio.json": "label-studio",
    "lands-between.jsonl": "lands-between",
}


@pytest.mark.parametrize("name", FORMATS)
def test_exactly_one_reader_recognizes(name: str) -> None:
    assert detect(ExportFile(EXPORTS / name, (EXPORTS / name).read_bytes())) == FORMATS[name]


def test_json_of_anything_else_is_recognized_by_none() -> None:
    for content in (b"[]", b"{}", b"[1, 2]", b'{"data": []}', b'[{"a": 1}]\n[{"a": 2}]', b"\xef\xbb\xbf", b""):
        assert detect(ExportFile(EXPORTS / "other.json", content)) is None
