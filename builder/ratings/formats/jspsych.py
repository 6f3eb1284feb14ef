"""jsPsych's trial data as CSV or JSON, of one participant or of many; that of our own page needs no mapping.

A line is that of the CSV, or the number of the trial in JSON.
"""

from builder.ratings.export import ExportFile
from builder.ratings.formats import tabular
from builder.ratings.formats.json_records import Record, first_object, is_json, json_values, several_values
from builder.ratings.formats.reader import Reader
from builder.ratings.formats.tabular import Table, head
from builder.ratings.formats.trials import Run, is_trial, meaning, of_our_page, row_trials, trials_in, trials_table
from builder.ratings.mapping import Mapping


def _recognizes(file: ExportFile) -> bool:
    """Whether the header, or the first object of the one JSON value that the file is, has a trial's properties."""
    if is_json(file):
        return is_trial(first_object(file)) and not several_values(file)
    return is_trial(next(iter(head(file, 1)), []))


def _table(file: ExportFile, mapping: Mapping | None) -> Table:
    if not is_json(file):
        rows = tabular.table(file, mapping)
        return trials_table(file, [Run(row_trials(rows))], mapping, rows.refused, rows.comma)
    trials = [trial for _, value in json_values(file) for trial in trials_in(value)]
    return trials_table(file, [Run([Record(number, fields) for number, fields in enumerate(trials, start=1)])], mapping)


READER = Reader(
    "jspsych", recognizes_more=_recognizes, table=_table, meaning=meaning, may_be_empty=of_our_page, ours=of_our_page
)
