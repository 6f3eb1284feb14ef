"""jsPsych's trial data as CSV or JSON, of one participant or of many; that of our own page needs no mapping."""

from builder.errors import RatingsError
from builder.ratings.export import Export, ExportFile, StudyPairs
from builder.ratings.formats.json_records import Record, first_object, json_values, several_values
from builder.ratings.formats.tabular import Table, head, table
from builder.ratings.formats.trials import Run, export_of_runs, is_trial, trials_in
from builder.ratings.mapping import Mapping

NAME = "jspsych"

_NOTHING = ("", "null")
"""How jsPsych writes into a CSV what a trial does not have, and what it has as null."""


def recognizes(file: ExportFile) -> bool:
    """Whether the header, or the first object of the one JSON value that the file is, has a trial's properties."""
    if is_json(file):
        return is_trial(first_object(file)) and not several_values(file)
    return is_trial(next(iter(head(file, 1)), []))


def read(file: ExportFile, pairs: StudyPairs, mapping: Mapping | None) -> Export:
    """The content; `line` is that of the CSV, or the number of the trial in JSON.

    Raises:
        RatingsError: as `trials.export_of_runs`, and what is no CSV or no JSON, with the line.
    """
    if not is_json(file):
        rows = table(file, mapping)
        return export_of_runs(file, [Run(row_trials(rows))], pairs, mapping, rows.refused, rows.comma)
    trials = [trial for _, value in json_values(file) for trial in trials_in(value)]
    run = Run([Record(number, fields) for number, fields in enumerate(trials, start=1)])
    return export_of_runs(file, [run], pairs, mapping)


def is_json(file: ExportFile) -> bool:
    """Whether the file begins as JSON does."""
    return file.content[:1000].removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"[", b"{")


def row_trials(rows: Table) -> list[Record]:
    """The trials in a table: of each its line, and the cells that hold something.

    A server may put one participant's table below another's: the same header again is passed over.

    Raises:
        RatingsError: another header follows, or two columns of one name differ.
    """
    columns = {name: rows.column(name) for name in dict.fromkeys(rows.names) if name}
    texts = {name: cells.to_list() for name, cells in columns.items() if cells is not None}
    trials = []
    for row, line in enumerate(rows.lines):
        fields = {name: cells[row] for name, cells in texts.items() if cells[row] not in _NOTHING}
        if is_trial(list(fields.values())):
            if any(name != text for name, text in fields.items()) or len(fields) < len(texts):
                raise RatingsError(
                    f"{rows.path}, line {line}: another header; results with other columns came one after another. "
                    "Export them as JSON, as an archive, or one file each"
                )
            continue
        trials.append(Record(int(line), fields))
    return trials
