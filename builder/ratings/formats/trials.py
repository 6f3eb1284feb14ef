"""From the trials of jsPsych, wherever they were kept, to an export."""

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import pandas as pd

from builder.errors import RatingsError
from builder.ratings.export import RATING_COLUMNS, Export, ExportFile, StudyPairs, typed
from builder.ratings.formats.answers import export_of
from builder.ratings.formats.json_records import Record, field_text, objects_table
from builder.ratings.formats.layout import PARTICIPANT_NAMES
from builder.ratings.formats.tabular import Refusal
from builder.ratings.mapping import FACTS
from builder.ratings.mapping import Mapping as ExportMapping
from builder.toml import shown

PARTICIPANTS = [("subject_id",), ("subject",), ("run_id",), ("jatosStudyResultId",), ("study_result",)]
"""What experiments and the servers they run on call a participant by, best first."""

_PARTICIPANT = (*PARTICIPANT_NAMES, *(name for names in PARTICIPANTS for name in names))
_ANSWERS = ("pair_id", "similarity", "identity", "response_time_ms", "position", "rated_at")
_CLOCKS = ("trial_index", "time_elapsed")
_TELLING = ("similarity", "identity", *FACTS)
"""A trial without any of these has nothing that is read."""

_AGREED = "lands-between-consent"
"""The first trial of our own page, after which somebody may have left."""

_TEXTS_OF_JSON = ("response", "responses")
"""Properties that plugins write JSON objects into, in a CSV and before version 7 in JSON too."""


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


def export_of_runs(
    file: ExportFile,
    runs: Sequence[Run],
    pairs: StudyPairs,
    mapping: ExportMapping | None,
    refused: Sequence[Refusal] = (),
    comma: bool = False,
) -> Export:
    """The export in trials.

    A trial is a rating where it has a pair and an answer, by our own names or by the mapping's; what stands in an
    object is called `response.Q0`. What says who the participant is in some trials of a run, always with one value,
    holds for the whole run. A trial that was saved twice is read once; similarity and identity may come from two.

    Raises:
        RatingsError: no trial has what is looked for; and as `answers.export_of`.
    """
    opened = [run._replace(trials=[_opened(trial) for trial in run.trials]) for run in runs]
    met = dict.fromkeys(name for run in opened for trial in run.trials for name in trial.fields)
    by_key = _mapped(file, mapping, list(met))
    mapped = [name for names in by_key.values() for name in names]
    telling = {*_TELLING, *(name for key in _TELLING for name in by_key.get(key, ()))}
    records: list[Record] = []
    for run in opened:
        for trials in _goes(run.trials):
            selected = [_selected(trial, run.study_result, mapping, mapped) for trial in trials]
            filled = _filled(selected, {*_PARTICIPANT, *by_key.get("participant", ())})
            records += [trial for trial in filled if any(field_text(trial.fields.get(name)) for name in telling)]
    answers_named = {"similarity", "identity"} & by_key.keys()
    left_at_once = any(trial.fields.get("trial_type") == _AGREED for run in opened for trial in run.trials)
    told = any({"pair_id", *FACTS} & trial.fields.keys() for trial in records)
    if not (answers_named or told or left_at_once):
        raise RatingsError(
            f"{file.path}: no trial has pair_id and one of similarity and identity. Properties met: {_few(met)}. Say "
            "in a mapping which hold them: [columns] pair = ..., similarity = ..., identity = ..., participant = ..."
        )
    names = list(dict.fromkeys([*_PARTICIPANT, *_ANSWERS, *FACTS, *mapped]))
    table = objects_table(file, list(_once(records)), names, refused)
    export = export_of(replace(table, comma=comma), pairs, mapping, PARTICIPANTS)
    return replace(export, ratings=_joined(export.ratings))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _opened(trial: Record) -> Record:
    """The trial with the objects in it opened, one level deep."""
    fields: dict[str, Any] = {}
    for name, value in trial.fields.items():
        inner = value
        if name in _TEXTS_OF_JSON and isinstance(value, str) and value.startswith("{"):
            try:
                inner = json.loads(value)
            except (ValueError, RecursionError):
                inner = value
        if isinstance(inner, dict):
            fields |= {f"{name}.{key}": each for key, each in inner.items()}
        else:
            fields[name] = inner
    return trial._replace(fields=fields)


def _mapped(file: ExportFile, mapping: ExportMapping | None, met: Sequence[str]) -> dict[str, list[str]]:
    """The properties that each key of the mapping's columns names, those of a pattern as far as they were met.

    Raises:
        RatingsError: no trial has one of them.
    """
    if mapping is None:
        return {}
    names = {key: name for key, name in mapping.columns.model_dump().items() if name is not None}
    found = {}
    for key, name in names.items():
        before, placeholder, after = name.partition(mapping.columns.placeholder or name)
        pattern = placeholder != name
        fitting = [each for each in met if each.startswith(before) and each.endswith(after)] if pattern else [name]
        if not pattern and name not in met:
            raise RatingsError(
                f"{file.path}: no trial has {shown(name)} (the mapping's columns.{key}). Properties met: {_few(met)}"
            )
        found[key] = fitting
    return found


def _few(names: Sequence[str] | Mapping[str, Any]) -> str:
    first = ", ".join(shown(name) for name in itertools.islice(names, 20))
    return f"{first}, ..." if len(names) > 20 else first or "none"


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


def _selected(trial: Record, study_result: str, mapping: ExportMapping | None, mapped: Sequence[str]) -> Record:
    """What is read of a trial: who, the answer, what our own page asks of the participant, what the mapping names."""
    folded = {name.casefold(): value for name, value in reversed(list(trial.fields.items()))}
    fields = {name: folded[name.casefold()] for name in (*_PARTICIPANT, *_ANSWERS) if name.casefold() in folded}
    if "rt" in folded:
        fields.setdefault("response_time_ms", folded["rt"])
    if study_result:
        fields["study_result"] = study_result
    task = folded.get("task")
    if task in ("demographics", "strategies"):
        fields |= {name: folded[name] for name in FACTS if name in folded}
    if task == "strategies":
        fields["duration_s"] = _number(folded.get("time_elapsed")) / 1000
    columns = mapping.columns if mapping else None
    without_pair = columns and columns.pair and not field_text(trial.fields.get(columns.pair)).strip()
    other = set(columns.answers().values()) if columns and without_pair else set()
    fields |= {name: trial.fields[name] for name in mapped if name in trial.fields and name not in other}
    for name in other:
        fields.pop(name, None)
    return trial._replace(fields=fields | {clock: folded[clock] for clock in _CLOCKS if clock in folded})


def _filled(trials: Sequence[Record], names: set[str]) -> Sequence[Record]:
    """The trials, each with what says who took part in any of them, where all that say it agree."""
    said = {name: {text for trial in trials if (text := field_text(trial.fields.get(name)).strip())} for name in names}
    agreed = {name: next(iter(texts)) for name, texts in said.items() if len(texts) == 1}
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


def _joined(ratings: pd.DataFrame) -> pd.DataFrame:
    """The ratings, with those joined that two trials of one pair gave: one its similarity, the other its identity."""
    pair = ratings.groupby(["participant", "pair_id"], sort=False)
    halves = pair["line"].transform("size").eq(2)
    for answer in ("similarity", "identity"):
        halves &= pair[answer].transform("count").eq(1)
    if not halves.any():
        return ratings
    parts = ratings[halves].groupby(["participant", "pair_id"], sort=False, as_index=False)
    joined = parts.first()
    joined["response_time_ms"] = parts["response_time_ms"].sum(min_count=1)["response_time_ms"]
    joined["rated_at"] = parts["rated_at"].last()["rated_at"]
    both = pd.concat([ratings[~halves], typed(joined, RATING_COLUMNS)])
    return typed(both.sort_values("line", kind="stable"), RATING_COLUMNS)
