"""Label Studio's JSON, and its JSON-MIN."""

from collections.abc import Mapping as Dict
from typing import Any

from builder.errors import RatingsError
from builder.ratings.export import Export, ExportFile, StudyPairs
from builder.ratings.formats.answers import export_of
from builder.ratings.formats.json_records import Record, first_object, json_values, objects_table
from builder.ratings.formats.tabular import Refusal
from builder.ratings.mapping import Columns, Mapping
from builder.toml import shown

NAME = "label-studio"

_NAMES = ("participant", "pair_id", "similarity", "identity", "response_time_s", "rated_at")


def recognizes(file: ExportFile) -> bool:
    """Whether the first object is a task with its annotations, or one annotation as JSON-MIN has them."""
    first = first_object(file)
    return _is_task(first) or ("annotator" in first and "annotation_id" in first)


def read(file: ExportFile, pairs: StudyPairs, mapping: Mapping | None) -> Export:
    """The content: tasks whose data has `pair_id`, a number `similarity` and a choice `identity`.

    Other names of these three come from the mapping. Predictions and drafts are no one's rating and not read; an
    annotation that was cancelled is refused. `line` is the number of the task, or in JSON-MIN of the annotation.

    Raises:
        RatingsError: it is no array of tasks or annotations; and as `answers.export_of`.
    """
    columns = mapping.columns if mapping else None
    names = {
        "pair_id": columns.pair if columns and columns.pair else "pair_id",
        "similarity": columns.similarity if columns and columns.similarity else "similarity",
        "identity": columns.identity if columns and columns.identity else "identity",
    }
    records: list[Record] = []
    refused: list[Refusal] = []
    for number, task in enumerate(_objects(file), start=1):
        if not _is_task(task):
            records.append(Record(number, _annotation(task, task, names)))
            continue
        for annotation in _annotations(file, number, task):
            if annotation.get("was_cancelled") or annotation.get("skipped"):
                refused.append(Refusal(number, "annotations", "rejected or returned"))
            else:
                given = _given(annotation, names)
                records.append(Record(number, _annotation({**task["data"], **given}, annotation, names)))
    if records and not any(record.fields["pair_id"] for record in records):
        raise RatingsError(
            f"{file.path}: no task has {shown(names['pair_id'])} in its data; say in a mapping which key names the "
            "pair: [columns] pair = ..., similarity = ..., identity = ..."
        )
    own = mapping.model_copy(update={"columns": Columns()}) if mapping else None
    return export_of(objects_table(file, records, _NAMES, refused), pairs, own)


def _is_task(value: Dict[str, Any]) -> bool:
    return isinstance(value.get("data"), dict) and ("annotations" in value or "completions" in value)


def _objects(file: ExportFile) -> list[dict[str, Any]]:
    """The tasks, or of JSON-MIN the annotations."""
    values = [value for _, value in json_values(file)]
    found = [each for value in values for each in (value if isinstance(value, list) else [value])]
    for number, each in enumerate(found, start=1):
        if not isinstance(each, dict):
            raise RatingsError(f"{file.path}, task {number}: is no object; export as JSON or as JSON-MIN")
    return found


def _annotations(file: ExportFile, number: int, task: dict[str, Any]) -> list[dict[str, Any]]:
    """The annotations of a task; versions before 1.0 called them completions."""
    found = task.get("annotations", task.get("completions"))
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise RatingsError(f"{file.path}, task {number}: its annotations are no list of objects; export as JSON")
    return found


def _given(annotation: dict[str, Any], names: Dict[str, str]) -> dict[str, Any]:
    """The results by the name of the tag that gave them; both of two results under one name."""
    results = annotation.get("result")
    given: dict[str, list[Any]] = {}
    for result in results if isinstance(results, list) else []:
        if isinstance(result, dict) and result.get("from_name") in (names["similarity"], names["identity"]):
            given.setdefault(result["from_name"], []).append(result.get("value"))
    return dict(given)


def _annotation(values: Dict[str, Any], annotation: Dict[str, Any], names: Dict[str, str]) -> dict[str, Any]:
    """One answer: the pair and the results in `values`, who gave them and when in `annotation`."""
    who = annotation.get("completed_by", annotation.get("annotator"))
    if isinstance(who, dict):
        who = who.get("id", who.get("email"))
    return {
        "participant": who,
        "pair_id": values.get(names["pair_id"]),
        "similarity": _plain(values.get(names["similarity"])),
        "identity": _plain(values.get(names["identity"])),
        "response_time_s": annotation.get("lead_time"),
        "rated_at": annotation.get("created_at"),
    }


def _plain(value: Any) -> Any:
    """The number or the one choice of a result; all else, such as stars, as it is, for it says nothing of its scale."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, dict):
        value = value.get("number", value.get("choices", value))
    return value[0] if isinstance(value, list) and len(value) == 1 else value
