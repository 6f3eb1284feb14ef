"""The settings of manipulations that a study tried, in words, and how alike maps are after each."""

import json
from typing import Any

import pandas as pd

from analysis.errors import MissingDataError
from analysis.studies.explanation.data import Explanations

CELL = ["manipulation", "classifier", "explainer", "setting"]
"""Columns that name a setting of a manipulation of an explainer's maps."""

NOTHING = "nothing was manipulated"

_SEED = "seed"


def tried(of: Explanations) -> pd.DataFrame:
    """The rows of `manipulations`, each with `setting`, the keys that differ between settings, with their values; with
    `effort`, the steps that were made; and with more columns of its run, by their names.

    Raises:
        MissingDataError: nothing was manipulated.
    """
    runs, rows = of.tables.get("runs"), of.tables.get("manipulations")
    if runs is None or rows is None or rows.empty:
        raise MissingDataError(NOTHING)
    by_run = ["batch", "run", "version"]
    named = pd.concat([_named(cell) for _, cell in runs.groupby(CELL[:3], sort=False)])
    told = ["setting", "level", "goal", "wanted", "likeness_wanted", "effort", "parameters_changed", "fooled_below"]
    told += ["trained_goal_before", "trained_goal_after"]
    return rows.merge(named.rename(columns={"steps": "effort"}).reindex(columns=[*by_run, *told]), on=by_run)


def likenesses(of: Explanations) -> pd.DataFrame:
    """A row per picture that was changed, explainer and measure: CELL, with the manipulated explainer, `version`,
    `batch`, `image_id`, `l_inf`, `of` (the explainer whose maps are compared), `measure` and `value`, where it is
    defined.

    Raises:
        MissingDataError: nothing was manipulated.
    """
    attempts = tried(of)[[*CELL, "version", "batch", "run", "image_id", "l_inf"]]
    compared = of.comparisons[of.comparisons["check"] == "manipulation"].dropna(subset="value")
    compared = compared.rename(columns={"explainer": "of", "network": "version", "place": "run"})
    columns = ["batch", "run", "version", "image_id", "of", "measure", "value"]
    return attempts.merge(compared[columns], on=["batch", "run", "version", "image_id"])


def _named(runs: pd.DataFrame) -> pd.DataFrame:
    settings = [_settings(text) for text in runs["settings"]]
    keys = list(dict.fromkeys(key for each in settings for key in each))
    varied = [key for key in keys if len({json.dumps(each.get(key)) for each in settings}) > 1]
    return runs.assign(setting=[_words(each, varied) for each in settings])


def _settings(text: Any) -> dict[str, Any]:
    try:
        read = json.loads(text)
    except (TypeError, ValueError):
        return {}
    return {key: value for key, value in read.items() if key != _SEED} if isinstance(read, dict) else {}


def _words(settings: dict[str, Any], keys: list[str]) -> str:
    return ", ".join(f"{key} {_value(settings.get(key))}" for key in keys) or "one setting"


def _value(value: Any) -> str:
    return " and ".join(map(str, value)) if isinstance(value, list) else str(value)
