"""The rows of the tables `manipulations` and `runs`: what each setting of a manipulation did."""

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from builder.explainers.measures import Values
from builder.explainers.measures.pictures import LPIPS_ENLARGED, LPIPS_FILTER, LPIPS_SMALLEST
from builder.manipulations.properties import METHODS as LISTED
from builder.studies.explanation.catalog import METHODS
from builder.studies.explanation.study import ExplanationStudy

if TYPE_CHECKING:
    from builder.studies.explanation.tables import Ids
    from builder.studies.explanation.versions import Run, Version


def pictures(study: ExplanationStudy, batch: int, ids: "Ids", runs: "Sequence[Run]") -> Iterator[dict[str, Any]]:
    """The rows of `manipulations`."""
    for run in runs:
        for version in run.versions:
            for place in range(len(version.same_class)):
                yield _of_run(study, batch, version) | {
                    "image_id": ids.image(place),
                    "changed_id": ids.version(version, place),
                    "reached": bool(version.reached[place]),
                    "steps": int(version.steps[place]),
                    "same_class": bool(version.same_class[place]),
                    "fooled": None if version.fooled is None else bool(version.fooled[place]),
                    "distance": at(version.distance, place),
                    "probability_change": float(version.probability_change[place]),
                    "l_inf": at(version.l_inf, place),
                    "l_2": at(version.l_2, place),
                    "lpips": at(version.lpips, place),
                    "goal_before": finite(run.goal[place]),
                    "goal_after": finite(version.goal[place]),
                }


def settings(study: ExplanationStudy, batch: int, runs: "Sequence[Run]") -> Iterator[dict[str, Any]]:
    """The rows of `runs`."""
    for run in runs:
        name = str(study.check_of(batch).manipulation)
        method = METHODS[name]
        for version in run.versions:
            training, enlarged = version.training, _enlarged(version)
            yield _of_run(study, batch, version) | {
                "level": method.level,
                "settings": json.dumps(run.settings, sort_keys=True),
                "goal": method.goal,
                "wanted": method.wanted,
                "likeness_wanted": "low" if LISTED[name].wanted == "large" else "high",
                "pictures": len(version.same_class),
                "reached": int(version.reached.sum()),
                "same_class": float(version.same_class.mean()),
                "fooled": None if version.fooled is None else int(version.fooled.sum()),
                "fooled_below": version.fooled_below,
                "goal_before": _mean(run.goal),
                "goal_after": _mean(version.goal),
                "trained_goal_before": version.trained_goal[0] if version.trained_goal else None,
                "trained_goal_after": version.trained_goal[1] if version.trained_goal else None,
                "accuracy_before": run.accuracy,
                "accuracy_after": version.accuracy,
                "steps": version.effort,
                "losses": list(training.cross_entropy) if training else [],
                "penalties": list(training.penalty) if training else [],
                "parameters_changed": training.changed if training else 0,
                "lpips_side": LPIPS_ENLARGED if enlarged else None,
                "lpips_filter": LPIPS_FILTER if enlarged else None,
            }


def at(values: Values | None, index: int) -> float | None:
    """One of the values; None where there are none."""
    return None if values is None else float(values[index])


def finite(value: float) -> float | None:
    """The value; None where it is not defined."""
    return float(value) if np.isfinite(value) else None


def _mean(values: Values) -> float | None:
    defined = values[np.isfinite(values)]
    return float(defined.mean()) if len(defined) else None


def _enlarged(version: "Version") -> bool:
    """Whether its pictures were enlarged for LPIPS."""
    return version.lpips is not None and version.images is not None and min(version.images.shape[1:3]) < LPIPS_SMALLEST


def _of_run(study: ExplanationStudy, batch: int, version: "Version") -> dict[str, Any]:
    check = study.check_of(batch)
    return {
        "batch": batch,
        "manipulation": check.manipulation,
        "classifier": check.explained,
        "explainer": check.explainer,
        "run": version.run,
        "version": version.name,
    }
