"""Trials of an experiment, such as jsPsych's, as a table: one line for each, what is in objects laid out."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from builder.errors import RatingsError
from builder.ratings.column_keys import fact_keys
from builder.ratings.export import ExportFile
from builder.ratings.formats.json_records import Record, field_text, objects_table
from builder.ratings.formats.meaning import Column, Meaning
from builder.ratings.formats.names import PARTICIPANT_NAMES
from builder.ratings.formats.tabular import Refusal, Table
from builder.ratings.mapping import Mapping as ExportMapping
from builder.tasks import Questionnaire

PARTICIPANTS = [
    *((f"url.{name}",) for name in PARTICIPANT_NAMES),  # what lab.js keeps of the address of the page
    *(("subject_id",), ("subject",), ("run_id",), ("jatosStudyResultId",), ("study_result",)),
]
"""Names by which experiments and the servers they run on call a participant, best first."""

_SPENT = "time_elapsed of the whole, s"
_CLOCKS = ("trial_index", "time_elapsed")
_AGREED = "lands-between-consent"
"""The first trial of our own page, after which somebody may have left."""

_NOTHING = ("", "null")
"""Texts of a CSV by jsPsych for what a trial does not have, and what it has as null."""

_OBJECTS = ("response", "responses", "url")
"""Properties that plugins write JSON objects into, in a CSV and before jsPsych's version 7 in JSON too."""


def meaning(asks: Questionnaire) -> Meaning:
    """The columns of trials: what our own page asks of a participant stands in trials of their own; elsewhere `age` is
    a stimulus's.
    """
    facts = [key for key in fact_keys(asks) if key != "duration_s"]
    return Meaning(
        columns={
            "response_time_ms": Column(("response_time_ms", "rt")),
            "duration_s": Column((_SPENT,)),
            **{key: Column((key,), {"task": ("demographics", "strategies")}) for key in facts},
        },
        participants=PARTICIPANTS,
        facts_by_name=False,
        events=True,
    )


class Run(NamedTuple):
    """The trials that were saved at once; `study_result` is what the server calls that, "" where it does not say."""

    trials: Sequence[Record]
    study_result: str = ""


def is_trial(names: Mapping[str, Any] | Sequence[str]) -> bool:
    """Whether these are the names of a trial's properties."""
    return "trial_index" in names and ("trial_type" in names or "time_elapsed" in names)


def trials_in(value: Any) -> list[Mapping[str, Any]]:
    """The trials in one saved JSON value: one, an array of them or of such arrays, or OSWeb's object with `data`."""
    if isinstance(value, dict) and isinstance(value.get("data"), list) and not is_trial(value):
        value = value["data"]
    flat = [inner for outer in _listed(value) for inner in _listed(outer)]
    return [each for each in flat if isinstance(each, dict)]


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


def trials_table(
    file: ExportFile,
    runs: Sequence[Run],
    mapping: ExportMapping | None,
    refused: Sequence[Refusal] = (),
    comma: bool = False,
) -> Table:
    """The table of trials; what stands in an object is called `response.Q0`.

    What says who the participant is in some trials of a run, always with one value, holds for the whole run. A trial
    that was saved twice is read once.
    """
    who = {*PARTICIPANT_NAMES, *(name for names in PARTICIPANTS for name in names)}
    if mapping and (name := mapping.columns.get("participant")):
        who.add(name)
    records: list[Record] = []
    for run in runs:
        for trials in _goes([_opened(trial, run.study_result) for trial in run.trials]):
            records += _filled(trials, who)
    return replace(objects_table(file, list(_once(records)), refused), comma=comma)


def of_our_page(table: Table) -> bool:
    """Whether it is of our own page, where somebody may have agreed and left without an answer."""
    kinds = table.column("trial_type")
    return kinds is not None and bool(kinds.eq(_AGREED).any())


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _opened(trial: Record, study_result: str) -> Record:
    """The trial with the objects in it opened, one level deep, and with what the server and the last trial add."""
    fields: dict[str, Any] = {}
    for name, value in trial.fields.items():
        inner = value
        if name in _OBJECTS and isinstance(value, str) and value.startswith("{"):
            try:
                inner = json.loads(value)
            except (ValueError, RecursionError):
                inner = value
        if isinstance(inner, dict):
            fields |= {f"{name}.{key}": each for key, each in inner.items()}
        else:
            fields[name] = inner
    if study_result:
        fields["study_result"] = study_result
    if fields.get("task") == "strategies":
        fields[_SPENT] = _number(fields.get("time_elapsed")) / 1000
    return trial._replace(fields=fields)


def _goes(trials: Sequence[Record]) -> Iterator[Sequence[Record]]:
    """The trials from one start of the experiment to the next: where its clock goes back, another one begins."""
    begin = 0
    for index in range(1, len(trials)):
        before, after = trials[index - 1].fields, trials[index].fields
        if any(_number(after.get(clock)) < _number(before.get(clock)) for clock in _CLOCKS):
            yield trials[begin:index]
            begin = index
    yield trials[begin:]


def _number(value: Any) -> float:
    """NaN, which is neither before nor after anything, where it is no number."""
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return float("nan")


def _filled(trials: Sequence[Record], names: set[str]) -> Sequence[Record]:
    """The trials, each with what says who took part in any of them, where all that say it agree."""
    spelled = {name.casefold() for name in names}
    texts: dict[str, set[str]] = {}
    for trial in trials:
        for name, value in trial.fields.items():
            if name.casefold() in spelled and (text := field_text(value).strip()):
                texts.setdefault(name, set()).add(text)
    agreed = {name: next(iter(some)) for name, some in texts.items() if len(some) == 1}
    return [trial._replace(fields={**trial.fields, **agreed}) for trial in trials]


def _once(trials: Sequence[Record]) -> Iterator[Record]:
    """The trials without those that were saved before, as by an experiment that saves all so far after each."""
    seen = set()
    for trial in trials:
        if "time_elapsed" not in trial.fields:
            yield trial
            continue
        key = tuple(sorted((name, field_text(value)) for name, value in trial.fields.items()))
        if key not in seen:
            seen.add(key)
            yield trial
