"""Whether classifiers, labels and people say the same of faces: agreement, and the arguments of shared tables."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from analysis.errors import MissingDataError
from analysis.frames import Numbers
from analysis.inference import FISHER, independent, jackknife, left_out, rate
from analysis.inference.units import Codes
from analysis.studies.expression.data import ALL, Expression
from analysis.studies.expression.references import EMOTIONS, LABELS, PEOPLE, Reference, by_answers
from analysis.studies.expression.tables.cells import cells, columns, too_few
from analysis.tables.answers import Answers
from analysis.tables.ceiling import noise_ceiling
from analysis.tables.consistency import couple_counts, error_consistency, mean_kappa


def model_agreement(study: Expression) -> pd.DataFrame:
    """The rate at which every two of the classifiers, the labels and most people say the same of a face, by group.

    Columns: first, second ("labels", "people", or a classifier), grouping, group, n (faces of which both say
    something), agreement, low, high, interval, kappa (Cohen's: 1 always the same, 0 as often as chance would),
    kappa_low, kappa_high, kappa_interval, small.

    Raises:
        MissingDataError: there is but one who says anything.
    """
    decisions = deciders(study)
    if len(decisions) < 2:
        raise MissingDataError("there is one classifier and nobody to compare it with")
    rows: list[dict[str, Any]] = []
    for first, second in itertools.combinations(decisions, 2):
        for cell in cells(study, crossed=False):
            there = cell.faces & (decisions[first] >= -1) & (decisions[second] >= -1)
            a, b, units = decisions[first][there], decisions[second][there], study.units[there]
            same = rate((a == b).astype(np.float64), units)
            kappa = jackknife(cohen(a, b), units, FISHER) if there.any() else same
            row = {"first": first, "second": second, **cell.head, "n": int(there.sum()), "agreement": same.estimate}
            row |= {**columns(same, study), "kappa": kappa.estimate, **columns(kappa, study, "kappa_")}
            people = PEOPLE in (first, second)
            rows.append(row | {"small": too_few(study, there.astype(np.float64), people=people)})
    return pd.DataFrame(rows)


def deciders(study: Expression) -> dict[str, Codes]:
    """The places in EMOTIONS of what each says of the faces, (n,), by name: labels, most people, every classifier; -1
    for another class, -2 where nothing is said.
    """
    codes: dict[str, Codes] = {}
    if study.reference is not None and study.reference.of == LABELS:
        codes[LABELS] = _first(study.reference)
    answered = people(study)
    return codes | ({PEOPLE: _first(answered)} if answered is not None else {}) | study.decisions


def people(study: Expression) -> Reference | None:
    """People's answers about the faces under the study's rule; None where nobody answered."""
    if "emotion" not in study.ratings or not study.ratings["emotion"].notna().any():
        return None
    return by_answers(study.items[study.key], study.ratings, study.key, study.rule)


def cohen(first: Codes, second: Codes) -> Callable[[Numbers], Numbers]:
    """Cohen's kappa of two answers to n faces, as a statistic of weights (r, n); NaN where chance alone would always
    agree.
    """
    codes = np.unique(np.concatenate([first, second]))
    one, other = ((of[:, None] == codes).astype(np.float64) for of in (first, second))
    same = (first == second).astype(np.float64)

    def kappa(weights: Numbers) -> Numbers:
        n = weights.sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            observed = weights @ same / n
            expected = ((weights @ one) * (weights @ other)).sum(axis=1) / n**2
            return np.where(expected < 1, (observed - expected) / (1 - expected), np.nan)

    return kappa


def emotion_decisions(study: Expression, answers: Answers) -> dict[str, Any]:
    """Arguments of `error_consistency` and `confusion`: who says which emotion of which face. The reference "labels" is
    right where a face has a label.

    Raises:
        MissingDataError: nobody was asked.
    """
    if "emotion" not in study.ratings:
        raise MissingDataError("nobody was asked which emotion a face shows")
    labeled = study.reference is not None and study.reference.of == LABELS
    return {
        "items": answers.items,
        "ratings": study.ratings,
        "key": study.key,
        "question": "emotion",
        "decisions": {name: f"{name}_class" for name in study.classifiers},
        "references": {LABELS: "label"} if labeled else {},
        "units": answers.units,
    }


def consistency(study: Expression, answers: Answers) -> pd.DataFrame:
    """The error consistency of people and classifiers, see `analysis.tables.consistency`; where nobody was asked, that
    of every two classifiers by the labels.

    Raises:
        MissingDataError: nobody was asked, and no labels tell the errors of two classifiers.
    """
    if people(study) is not None:
        return error_consistency(**emotion_decisions(study, answers))
    if study.reference is None or len(study.classifiers) < 2:
        raise MissingDataError(
            "nobody was asked which emotion a face shows, and no labels tell two classifiers' errors"
        )
    right, batches = _first(study.reference), left_out(independent(study.units))
    codes_of = {name: np.where(codes > -2, codes, np.nan) for name, codes in study.decisions.items()}
    rows = []
    for first, second in itertools.combinations(study.classifiers, 2):
        couple = codes_of[first], codes_of[second], np.where(right >= 0, right, np.nan)
        head = {"first": first, "second": second, "reference": LABELS, "condition": ALL}
        rows.append(head | mean_kappa(couple_counts([couple], batches)))
    table = pd.DataFrame(rows)
    table.insert(list(table.columns).index("reason"), "share", np.nan)
    return table


def ceilings(study: Expression, answers: Answers) -> pd.DataFrame:
    """The noise ceiling of every question, see `analysis.tables.ceiling.noise_ceiling`; each probability of a
    classifier is held against the answers that name its emotion alone.

    Raises:
        MissingDataError: no face has answers of two raters.
    """
    wide, measures = probabilities(study)
    items = answers.items.join(wide, on="image_id")
    table = noise_ceiling(replace(answers, items=items), measures)
    emotion = table["measure"].str.rpartition(": ")[2]
    of = table["question"].str.rpartition(": ")[2]
    return table[(table["measure"] == "people") | (emotion == of)].reset_index(drop=True)


def probabilities(study: Expression) -> tuple[pd.DataFrame, dict[str, str]]:
    """The probability of each emotion by each classifier, a column each, by image_id; and the columns by name, such as
    "fer: happy". Where the dataset has no table of predictions, there are none.
    """
    table = study.tables.get("predictions")
    if table is None or table.empty:
        return pd.DataFrame(index=pd.Index([], name="image_id")), {}
    own = table[table["classifier"].isin(study.classifiers) & table["class"].isin(EMOTIONS)]
    named = own.assign(measure=own["classifier"].astype(str) + ": " + own["class"].astype(str))
    wide = named.pivot_table(index="image_id", columns="measure", values="probability", aggfunc="first")
    names = [f"{name}: {emotion}" for name in study.classifiers for emotion in EMOTIONS]
    return wide, {name: name for name in names if name in wide}


def _first(reference: Reference) -> Codes:
    """The emotion that a face counts as most, (n,); -2 where two count as much, or none."""
    most = reference.shares.max(axis=1)
    alone = (most > 0) & (np.isclose(reference.shares, most[:, None]).sum(axis=1) == 1)
    return np.where(alone, reference.shares.argmax(axis=1), -2).astype(np.intp)
