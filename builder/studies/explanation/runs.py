"""The rows of the tables `manipulations` and `runs`: what each setting of a manipulation did."""

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from builder.explainers.measures import Values
from builder.studies.explanation.methods import METHODS
from builder.studies.explanation.study import ExplanationStudy

if TYPE_CHECKING:
    from builder.studies.explanation.manipulated import Run, Version
    from builder.studies.explanation.tables import Ids


def pictures(study: ExplanationStudy, batch: int, ids: "Ids", runs: "Sequence[Run]") -> Iterator[dict[str, Any]]:
    """The rows of `manipulations`."""
    for run in runs:
        for version in run.versions:
            for at in range(len(version.images)):
                yield _of_run(study, batch, version) | {
                    "image_id": ids.image(at),
                    "changed_id": ids.version(version, at),
                    "reached": bool(version.reached[at]),
                    "steps": int(version.steps[at]),
                    "same_class": bool(version.same_class[at]),
                    "probability_change": float(version.probability_change[at]),
                    "l_inf": float(version.l_inf[at]),
                    "l_2": float(version.l_2[at]),
                    "lpips": None if version.lpips is None else float(version.lpips[at]),
                    "goal_before": known(run.goal[at]),
                    "goal_after": known(version.goal[at]),
                }


def settings(study: ExplanationStudy, batch: int, runs: "Sequence[Run]") -> Iterator[dict[str, Any]]:
    """The rows of `runs`."""
    for run in runs:
        method = METHODS[str(study.check_of(batch).manipulation)]
        for version in run.versions:
            yield _of_run(study, batch, version) | {
                "level": "input",
                "settings": json.dumps(run.settings, sort_keys=True),
                "goal": method.goal,
                "wanted": method.wanted,
                "likeness_wanted": "low",
                "pictures": len(version.images),
                "reached": int(version.reached.sum()),
                "same_class": float(version.same_class.mean()),
                "goal_before": _mean(run.goal),
                "goal_after": _mean(version.goal),
                "accuracy_before": run.accuracy,
                "accuracy_after": version.accuracy,
                "steps": int(run.settings.get("steps", 0)) if version.reached.any() else 0,
                "losses": [],
                "parameters_changed": 0,
            }


def known(value: float) -> float | None:
    """The value; None where it is not defined."""
    return float(value) if np.isfinite(value) else None


def _mean(values: Values) -> float | None:
    defined = values[np.isfinite(values)]
    return float(defined.mean()) if len(defined) else None


def _of_run(study: ExplanationStudy, batch: int, version: "Version") -> dict[str, Any]:
    check = study.check_of(batch)
    return {
        "batch": batch,
        "manipulation": check.manipulation,
        "classifier": check.classifier,
        "explainer": check.explainer,
        "run": version.run,
        "version": version.name,
    }
