"""JATOS' results of jsPsych and lab.js: its text, one result after another, or its archive of one text for each.

What an archive says of workers, in metadata.json, is never opened.
"""

import contextlib
import itertools
import re
import zipfile
from collections.abc import Iterator

from builder.errors import RatingsError
from builder.ratings.export import ExportFile
from builder.ratings.formats import labjs, tabular
from builder.ratings.formats.archives import MOST_BYTES, entries, is_zip, unpacked
from builder.ratings.formats.json_records import Record, is_json, json_values, several_values
from builder.ratings.formats.reader import Reader
from builder.ratings.formats.tabular import Refusal, Table
from builder.ratings.formats.trials import Run, is_trial, meaning, of_our_page, row_trials, trials_in, trials_table
from builder.ratings.mapping import Mapping

_RESULT = re.compile(r"(?:[^/]+/)*study_result_([0-9]{1,18})/comp-result_([0-9]{1,18})/data\.txt")
_LOOKED_AT = 100
_MOST_BYTES = MOST_BYTES


def _recognizes(file: ExportFile) -> bool:
    """Whether it is an archive of results, or several JSON values of which one of the first holds a trial."""
    if is_zip(file):
        with contextlib.suppress(RatingsError):
            return bool(_entries(file))
        return False
    if not is_json(file) or not several_values(file):
        return False
    first = itertools.islice(json_values(file), _LOOKED_AT)
    return any(is_trial(trial) for _, value in first for trial in trials_in(value)[:1])


def _table(file: ExportFile, mapping: Mapping | None) -> Table:
    """The trials; a line is that at which a result begins, or in an archive the number of the trial."""
    if not is_zip(file):
        return trials_table(file, [Run(trials) for trials in _by_line(file)], mapping)
    runs: list[Run] = []
    refused: list[Refusal] = []
    count, comma, has_tables = 0, False, False
    for study_result, part in _unpacked(file):
        trials, rejected, part_comma = _trials(part, mapping)
        comma, has_tables = comma or part_comma, has_tables or bool(part.content.strip() and not is_json(part))
        runs.append(Run([Record(count + number, fields) for number, (_, fields) in enumerate(trials, 1)], study_result))
        refused += rejected
        count += len(trials)
    if not has_tables:
        file.memo["kind"] = "JSON"
    return trials_table(file, runs, mapping, refused, comma)


def _trials(part: ExportFile, mapping: Mapping | None) -> tuple[list[Record], tuple[Refusal, ...], bool]:
    """The trials of one result; none where it is empty, as that of a component that was only looked at. And what was
    refused, and whether its comma is decimal.
    """
    if not part.content.strip():
        return [], (), False
    if is_json(part):
        return [Record(line, trial) for line, value in json_values(part) for trial in trials_in(value)], (), False
    rows = tabular.table(part, mapping)
    return row_trials(rows), rows.refused, rows.comma


def _by_line(file: ExportFile) -> Iterator[list[Record]]:
    """The trials of each result; what an experiment saved piece by piece stands in one line, with nothing between."""
    for line, values in itertools.groupby(json_values(file), key=lambda value: value[0]):
        yield [Record(line, trial) for _, value in values for trial in trials_in(value)]


def _entries(file: ExportFile) -> list[tuple[int, int, zipfile.ZipInfo]]:
    """The results in an archive: number of the study's result, of the component's result, entry; in that order."""
    matches = [(match, info) for info in entries(file) if (match := _RESULT.fullmatch(info.filename))]
    return sorted(((int(match[1]), int(match[2]), info) for match, info in matches), key=lambda entry: entry[:2])


def _unpacked(file: ExportFile) -> Iterator[tuple[str, ExportFile]]:
    """Each result with the id of the study's result that it belongs to."""
    results = _entries(file)
    names = [f"study_result_{study_result}/comp-result_{component}" for study_result, component, _ in results]
    members = [(name, info) for name, (_, _, info) in zip(names, results, strict=True)]
    contents = unpacked(file, members, _MOST_BYTES)
    for name, (study_result, _, _), content in zip(names, results, contents, strict=True):
        yield str(study_result), ExportFile(file.path / name, content)


READER = Reader(
    "jatos",
    recognizes_more=_recognizes,
    table=_table,
    refine=labjs.refined,
    meaning=meaning,
    may_be_empty=of_our_page,
    ours=of_our_page,
)
