"""Qualtrics' JSON export of responses: values by question id, and the texts of choices as labels."""

from typing import Any

from builder.errors import RatingsError
from builder.ratings.export import Export, ExportFile, StudyPairs
from builder.ratings.formats.answers import export_of
from builder.ratings.formats.qualtrics_csv import NOT_ANSWERED, without_previews
from builder.ratings.formats.tabular import cell_text, json_value, records_table
from builder.ratings.mapping import Mapping

NAME = "qualtrics-json"

_NAMES = {"status": "Status", "distributionChannel": "DistributionChannel", "_recordId": "ResponseId"}


def recognizes(file: ExportFile) -> bool:
    """Whether the file begins as such an export."""
    start = file.content[:100_000]
    return (
        start.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"{")
        and b'"responses"' in start
        and b'"responseId"' in start
        and b'"values"' in start
    )


def read(file: ExportFile, pairs: StudyPairs, mapping: Mapping | None) -> Export:
    """The content; a line is the number of a response. The text of a choice goes before its number.

    Raises:
        RatingsError: as `answers.export_of`; or the file is no such export.
    """
    content = json_value(file, mapping)
    responses = content.get("responses") if isinstance(content, dict) else None
    if not isinstance(responses, list):
        raise RatingsError(f"{file.path}: no list of responses, which Qualtrics' JSON holds")
    records = [_record(file, number, response) for number, response in enumerate(responses, start=1)]
    rows = without_previews(records_table(file.path, records))
    return export_of(rows, pairs, mapping, [("ResponseId",)], {"duration_s": "duration"}, NOT_ANSWERED)


def _record(file: ExportFile, number: int, response: Any) -> dict[str, str]:
    values = response.get("values") if isinstance(response, dict) else None
    if not isinstance(values, dict):
        raise RatingsError(f"{file.path}: response {number} has no values")
    labels = response.get("labels")
    chosen = labels if isinstance(labels, dict) else {}
    record = {cell_text(_NAMES.get(key, key)): cell_text(chosen.get(key, value)) for key, value in values.items()}
    return {**record, "ResponseId": cell_text(response.get("responseId"))}
