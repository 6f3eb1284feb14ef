"""The results of our own survey: JSON Lines, first what it is, then one participant or one rating a line."""

from builder.errors import RatingsError
from builder.ratings.export import Export, ExportFile, StudyPairs
from builder.ratings.formats.answers import export_of
from builder.ratings.formats.json_records import Record, first_object, json_values, objects_table
from builder.ratings.mapping import Mapping
from builder.toml import shown

NAME = "lands-between"

FORMAT = "lands-between-survey"
VERSION = 1

_FIELDS = {
    "rating": ("participant_id", "pair_id", "similarity", "identity", "response_time_ms", "position", "rated_at"),
    "participant": (
        "participant_id", "age", "gender", "country", "continent", "duration_s", "strategy_similarity",
        "strategy_identity",
    ),
}  # fmt: skip
"""What is read, by the kind of the record."""


def recognizes(file: ExportFile) -> bool:
    """Whether the file begins with our own first line."""
    return first_object(file).get("format") == FORMAT


def read(file: ExportFile, pairs: StudyPairs, mapping: Mapping | None) -> Export:
    """The content; the file says everything itself, and the mapping is not looked at.

    Raises:
        RatingsError: the file is of another version, or a line is no record.
    """
    records = []
    for number, (line, value) in enumerate(json_values(file)):
        where = f"{file.path}, line {line}"
        if not isinstance(value, dict):
            raise RatingsError(f"{where}: is no object, as every line of our results is; export them again")
        if number == 0:
            _check_first(where, value)
            continue
        kind = value.get("record")
        if kind not in list(_FIELDS):
            raise RatingsError(
                f"{where}: record {shown(kind)} is none of {', '.join(_FIELDS)}; export the results again"
            )
        records.append(Record(line, {name: value.get(name) for name in _FIELDS[kind]}))
    names = list(dict.fromkeys(name for fields in _FIELDS.values() for name in fields))
    return export_of(objects_table(file, records, names), pairs, None)


def _check_first(where: str, value: dict[str, object]) -> None:
    if value.get("format") != FORMAT:
        raise RatingsError(f'{where}: does not begin with {{"format": "{FORMAT}", ...}}; export the results again')
    if value.get("version") != VERSION:
        raise RatingsError(
            f"{where}: has version {shown(value.get('version'))}, this version of Lands Between reads {VERSION}; use "
            "the one that exported it"
        )
