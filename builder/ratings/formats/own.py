"""The results of our own survey: JSON Lines, first what it is, then one participant or one rating a line."""

from builder.errors import RatingsError
from builder.ratings.export import Export, ExportFile, StudyItems
from builder.ratings.formats.json_records import Record, first_object, json_values, objects_table
from builder.ratings.formats.reader import Reader
from builder.ratings.formats.tabular import Table
from builder.ratings.mapping import Mapping
from builder.ratings.signature import RECORD
from builder.toml import literal

FORMAT = "lands-between-survey"
VERSION = 1

_RECORDS = ("rating", "participant")
_MOST_FIELDS = 200
"""Different fields of all records; what is read of them is told by their names, as in any table."""


def _recognizes(file: ExportFile) -> bool:
    return first_object(file).get("format") == FORMAT


def _table(file: ExportFile, mapping: Mapping | None) -> Table:
    """The records; a file of another version, or a line that is no record, is refused with its line."""
    records, fields = [], dict[str, None].fromkeys(("participant_id",))
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
        if kind not in _RECORDS:
            raise RatingsError(
                f"{where}: record {literal(kind)} is none of {', '.join(_RECORDS)}; export the results again"
            )
        fields |= dict.fromkeys(value)
        if len(fields) > _MOST_FIELDS:
            raise RatingsError(f"{where}: has more fields than our results have; export them again")
        records.append(Record(line, value))
    return objects_table(file, [Record(0, dict(fields)), *records]).from_row(1)


def _check_first(where: str, value: dict[str, object]) -> None:
    if value.get("format") != FORMAT:
        raise RatingsError(f'{where}: does not begin with {{"format": "{FORMAT}", ...}}; export the results again')
    if value.get("version") != VERSION:
        raise RatingsError(
            f"{where}: has version {literal(value.get('version'))}, this version of Lands Between reads {VERSION}; use "
            "the one that exported it"
        )


class _Own(Reader):
    """Results, which name their study in the first line: those of another are no answers to the items of this one."""

    def read(self, file: ExportFile, items: StudyItems, mapping: Mapping | None = None) -> Export:
        study = first_object(file).get("study")
        if isinstance(study, str) and items.study not in (None, study):
            raise RatingsError(
                f"{file.path}: has the results of the study {literal(study)}, and this folder is of "
                f"{literal(items.study)}; import them into the folder of their own study"
            )
        return super().read(file, items, mapping)


READER = _Own(
    "lands-between",
    recognizes_more=_recognizes,
    table=_table,
    unused=tuple(Mapping.model_fields),
    may_be_empty=lambda table: True,
    ours=lambda table: True,
)
