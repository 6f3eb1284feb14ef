"""The results of our own survey: JSON Lines, first what it is, then one participant or one rating a line."""

from builder.errors import RatingsError
from builder.ratings.export import ExportFile
from builder.ratings.formats.json_records import Record, first_object, json_values, objects_table
from builder.ratings.formats.reader import Reader
from builder.ratings.formats.tabular import Table
from builder.ratings.mapping import FACTS, Mapping
from builder.ratings.signature import RECORD
from builder.tasks import QUESTION_NAMES
from builder.toml import shown

FORMAT = "lands-between-survey"
VERSION = 1

_FIELDS = {
    "rating": ("participant_id", "pair_id", *QUESTION_NAMES, "response_time_ms", "position", "rated_at"),
    "participant": ("participant_id", *FACTS),
}
"""What is read, by the kind of the record."""


def _recognizes(file: ExportFile) -> bool:
    return first_object(file).get("format") == FORMAT


def _table(file: ExportFile, mapping: Mapping | None) -> Table:
    """The records; a file of another version, or a line that is no record, is refused with its line."""
    records = [Record(0, dict.fromkeys(name for fields in _FIELDS.values() for name in fields))]
    for number, (line, value) in enumerate(json_values(file)):
        where = f"{file.path}, line {line}"
        if not isinstance(value, dict):
            raise RatingsError(f"{where}: is no object, as every line of our results is; export them again")
        if number == 0:
            _check_first(where, value)
            continue
        kind = value.get("record")
        if kind == RECORD:  # whether it is right is the importer's to say, who has the key
            continue
        if kind not in list(_FIELDS):
            raise RatingsError(
                f"{where}: record {shown(kind)} is none of {', '.join(_FIELDS)}; export the results again"
            )
        records.append(Record(line, {name: value.get(name) for name in _FIELDS[kind]}))
    return objects_table(file, records).from_row(1)


def _check_first(where: str, value: dict[str, object]) -> None:
    if value.get("format") != FORMAT:
        raise RatingsError(f'{where}: does not begin with {{"format": "{FORMAT}", ...}}; export the results again')
    if value.get("version") != VERSION:
        raise RatingsError(
            f"{where}: has version {shown(value.get('version'))}, this version of Lands Between reads {VERSION}; use "
            "the one that exported it"
        )


READER = Reader(
    "lands-between",
    recognizes_more=_recognizes,
    table=_table,
    unused=tuple(Mapping.model_fields),
    may_be_empty=lambda table: True,
    ours=lambda table: True,
)
