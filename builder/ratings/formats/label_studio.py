"""Label Studio's JSON, JSON-MIN, CSV and TSV: tasks whose data names the item, results under the names of their tags.

Predictions and drafts are no one's rating and not read; an annotation that was cancelled is refused. A line is the
number of the task, in JSON-MIN of the annotation, in CSV and TSV that of the file.
"""

import json
from collections.abc import Mapping as Dict
from dataclasses import replace
from typing import Any

from builder.errors import RatingsError
from builder.ratings.export import ExportFile
from builder.ratings.formats import tabular
from builder.ratings.formats.json_records import (
    Record,
    field_text,
    first_object,
    is_json,
    json_values,
    objects_table,
)
from builder.ratings.formats.meaning import Column, Meaning
from builder.ratings.formats.reader import Reader
from builder.ratings.formats.tabular import Refusal, Table, head
from builder.ratings.mapping import Mapping

_OWN = ("annotator", "lead_time", "created_at")
"""The table's own columns of an annotation."""

_IN_EVERY_LINE = {"annotator", "annotation_id", "lead_time"}


def _recognizes(file: ExportFile) -> bool:
    """Whether the first object is a task with its annotations, or one annotation as JSON-MIN and CSV have them."""
    if not is_json(file):
        return set(next(iter(head(file, 1)), [])) >= _IN_EVERY_LINE
    first = first_object(file)
    return _is_task(first) or ("annotator" in first and "annotation_id" in first)


def _table(file: ExportFile, mapping: Mapping | None) -> Table:
    if not is_json(file):
        rows = tabular.table(file, mapping)
        return replace(rows, cells=rows.cells.map(_of_json))
    records: list[Record] = []
    refused: list[Refusal] = []
    for number, task in enumerate(_objects(file), start=1):
        if not _is_task(task):
            records.append(Record(number, _answer(task, task)))
            continue
        for annotation in _annotations(file, number, task):
            if annotation.get("was_cancelled") or annotation.get("skipped"):
                refused.append(Refusal(number, "annotations", "rejected or returned"))
            else:
                records.append(Record(number, _answer({**task["data"], **_results(annotation)}, annotation)))
    return objects_table(file, records, refused)


def _of_json(cell: str) -> str:
    """A cell, in which all but the one choice and the one text of a tag is JSON: a list of results."""
    if not cell.startswith("[{"):
        return cell
    try:
        value = _plain(json.loads(cell))
    except (ValueError, RecursionError):
        return cell
    return cell if isinstance(value, list | dict) else field_text(value)


def _is_task(value: Dict[str, Any]) -> bool:
    return isinstance(value.get("data"), dict) and ("annotations" in value or "completions" in value)


def _objects(file: ExportFile) -> list[dict[str, Any]]:
    """The tasks, or of JSON-MIN the annotations."""
    values = [value for _, value in json_values(file)]
    objects = [each for value in values for each in (value if isinstance(value, list) else [value])]
    for number, each in enumerate(objects, start=1):
        if not isinstance(each, dict):
            raise RatingsError(f"{file.path}, task {number}: is no object; export as JSON or as JSON-MIN")
    return objects


def _annotations(file: ExportFile, number: int, task: dict[str, Any]) -> list[dict[str, Any]]:
    """The annotations of a task; versions before 1.0 called them completions."""
    annotations = task.get("annotations", task.get("completions"))
    if not isinstance(annotations, list) or not all(isinstance(each, dict) for each in annotations):
        raise RatingsError(f"{file.path}, task {number}: its annotations are no list of objects; export as JSON")
    return annotations


def _results(annotation: dict[str, Any]) -> dict[str, Any]:
    """The results by the name of the tag that gave them; all of several results under one name."""
    results = annotation.get("result")
    by_name: dict[str, list[Any]] = {}
    for result in results if isinstance(results, list) else []:
        if isinstance(result, dict) and isinstance(result.get("from_name"), str):
            by_name.setdefault(result["from_name"], []).append(result.get("value"))
    return dict(by_name)


def _answer(values: Dict[str, Any], annotation: Dict[str, Any]) -> dict[str, Any]:
    """One line: the task's data and the results in `values`, who gave them and when in `annotation`."""
    who = annotation.get("completed_by", annotation.get("annotator"))
    if isinstance(who, dict):
        who = who.get("id", who.get("email"))
    own = {"annotator": who, "lead_time": annotation.get("lead_time"), "created_at": annotation.get("created_at")}
    return {name: _plain(value) for name, value in values.items()} | own


def _plain(value: Any) -> Any:
    """The number or the one choice of a result; all else, such as stars, as it is, for it says nothing of its scale."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, dict):
        value = value.get("number", value.get("choices", value))
    return value[0] if isinstance(value, list) and len(value) == 1 else value


READER = Reader(
    "label-studio",
    recognizes_more=_recognizes,
    table=_table,
    meaning=Meaning(
        columns={
            "participant": Column(("annotator",)),
            "response_time_s": Column(("lead_time",)),
            "rated_at": Column(("created_at",)),
        },
        facts_by_name=False,  # the task's own gender is that of a face
    ),
)
