"""Qualtrics' JSON export of responses: values by question id, and the texts of choices as labels."""

from typing import Any

from builder.errors import RatingsError
from builder.ratings.export import ExportFile
from builder.ratings.formats.json_records import Record, json_value, objects_table
from builder.ratings.formats.meaning import Column, Meaning
from builder.ratings.formats.qualtrics_csv import NOT_ANSWERED, without_previews
from builder.ratings.formats.reader import Reader
from builder.ratings.formats.tabular import Table
from builder.ratings.mapping import Mapping

_NAMES = {"status": "Status", "distributionChannel": "DistributionChannel", "_recordId": "ResponseId"}


def _recognizes(file: ExportFile) -> bool:
    start = file.content[:100_000]
    own = (b'"responses"', b'"responseId"', b'"values"')
    return start.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"{") and all(name in start for name in own)


def _table(file: ExportFile, mapping: Mapping | None) -> Table:
    """The responses of people; a line is the number of a response. The text of a choice goes before its number."""
    content = json_value(file)
    responses = content.get("responses") if isinstance(content, dict) else None
    if not isinstance(responses, list):
        raise RatingsError(f"{file.path}: no list of responses, which Qualtrics' JSON holds")
    records = [Record(number, _fields(file, number, each)) for number, each in enumerate(responses, start=1)]
    return without_previews(objects_table(file, records))


def _fields(file: ExportFile, number: int, response: Any) -> dict[str, Any]:
    values = response.get("values") if isinstance(response, dict) else None
    if not isinstance(values, dict):
        raise RatingsError(f"{file.path}: response {number} has no values")
    labels = response.get("labels")
    texts = labels if isinstance(labels, dict) else {}
    fields: dict[str, Any] = {_NAMES.get(str(key), str(key)): texts.get(key, value) for key, value in values.items()}
    return {**fields, "ResponseId": response.get("responseId")}


READER = Reader(
    "qualtrics-json",
    recognizes_more=_recognizes,
    table=_table,
    meaning=Meaning(columns={"duration_s": Column(("duration",))}, participants=[("ResponseId",)]),
    missing=NOT_ANSWERED,
)
