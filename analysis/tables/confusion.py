"""Confusions of answers, and differences in accuracy: as in model-vs-human (Geirhos et al. 2021)."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from analysis.errors import MissingDataError
from analysis.inference import Numbers, from_replicates, independent, left_out, rate, without_interval
from analysis.inference.units import Codes
from analysis.tables.deciders import ALL, PEOPLE, Deciders, conditions, deciders


def confusion(
    items: pd.DataFrame,
    ratings: pd.DataFrame,
    *,
    key: str,
    question: str,
    decisions: Mapping[str, str],
    units: Sequence[str],
    references: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """The share of each answer that a decider gives where each answer is right.

    Answers of people count one by one, each against the majority of the others; an item of which it is not known what
    is right is left out. units: columns of `items` with the units of dependence, for intervals (see
    `analysis.inference`). Other arguments: see `analysis.tables.deciders.deciders`.

    Columns: decider ("people" or a model), reference, right, answer, n (decisions), share (of those with this right
    answer; NaN where there are none), low, high, interval (how it was made, or why there is none), reason (why share
    is NaN).

    Raises:
        MissingDataError: there are no answers to the question.
    """
    of = deciders(items, ratings, key=key, question=question, decisions=decisions, references=references)
    batches = left_out(independent(of.items[list(units)]))
    rows: list[dict[str, Any]] = []
    for reference in of.references:
        for name in [PEOPLE, *of.models]:
            answers, right, batch = _decided(of, reference, name, batches)
            for code, label in enumerate(of.labels):
                of_label = right == code
                for answer_code, answer in enumerate(of.labels):
                    hits = (answers[of_label] == answer_code).astype(np.float64)
                    row: dict[str, Any] = {"decider": name, "reference": reference, "right": label, "answer": answer}
                    share = rate(hits, batch[of_label])
                    row |= {"n": int(hits.sum()), "share": share.estimate} | share.columns()
                    rows.append(row | {"reason": "" if len(hits) else f"of no item {label!r} is right"})
    return pd.DataFrame(rows)


def accuracy_difference(
    items: pd.DataFrame,
    ratings: pd.DataFrame,
    *,
    key: str,
    question: str,
    decisions: Mapping[str, str],
    units: Sequence[str],
    references: Mapping[str, str] | None = None,
    condition: str,
) -> pd.DataFrame:
    """The difference between the accuracy of each model and that of people, condition by condition.

    An accuracy of people is the mean over persons of the share of their answers that are right, each against the
    majority of the others. The row "all" holds model-vs-human's accuracy difference: the mean over conditions of the
    squared differences, 0 where people and model are right as often in every one.

    units: columns of `items` with the units of dependence, for intervals (see `analysis.inference`).
    condition: a column of `items`. Other arguments: see `analysis.tables.deciders.deciders`.

    Columns: model, reference, condition (last "all"), n (items), people, model_accuracy (both 0 to 1; of "all" the
    means over conditions), difference (model minus people; of "all" NaN), squared_difference, low, high, interval (of
    the difference; of "all" of the squared one), reason (why there is none).

    Raises:
        MissingDataError: there are no answers to the question, or no model.
    """
    of = deciders(items, ratings, key=key, question=question, decisions=decisions, references=references)
    if not of.models:
        raise MissingDataError("the dataset has no model that decides")
    batches = left_out(independent(of.items[list(units)]))
    cells = [(name, of.among(there), batches[there]) for name, there in conditions(of, condition) if name != ALL]
    n_batches = int(batches.max()) + 1
    rows: list[dict[str, Any]] = []
    for reference in of.references:
        cases = [(name, _people(cell, reference, of_cell, n_batches)) for name, cell, of_cell in cells]
        people = [accuracies for _, accuracies in cases]
        for model in of.models:
            counted = [_right(cell.models[model], cell.right(reference), b, n_batches) for _, cell, b in cells]
            models = [_accuracies(counts[None]) for counts in counted]
            head = {"model": model, "reference": reference}
            for (name, of_people), ours, counts in zip(cases, models, counted, strict=True):
                rows.append(head | {"condition": name, "n": int(counts[0].sum())} | _difference(of_people, ours))
            rows.append(head | {"condition": ALL, "n": sum(int(counts[0].sum()) for counts in counted)})
            rows[-1] |= _mean_difference(people, models)
    columns = ["model", "reference", "condition", "n", "people", "model_accuracy", "difference", "squared_difference"]
    return pd.DataFrame(rows)[[*columns, "low", "high", "interval", "reason"]]


def _decided(of: Deciders, reference: str, name: str, batches: Codes) -> tuple[Numbers, Numbers, Codes]:
    """Answer, right answer and batch of every decision of which it is known what is right."""
    if name == PEOPLE:
        answers, right = of.people, np.stack([of.right(reference, who) for who in range(len(of.people))])
    else:
        answers, right = of.models[name][None], of.right(reference)[None]
    mask = np.isfinite(answers) & np.isfinite(right)
    return answers[mask], right[mask], np.broadcast_to(batches, answers.shape)[mask]


def _right(answers: Numbers, right: Numbers, batches: Codes, n_batches: int) -> Numbers:
    """(2, batches), how many decisions there are, and how many are right."""
    mask = np.isfinite(answers) & np.isfinite(right)
    correct = (answers[mask] == right[mask]).astype(np.float64)
    return np.stack([np.bincount(batches[mask], weights, n_batches) for weights in (np.ones(len(correct)), correct)])


def _people(of: Deciders, reference: str, batches: Codes, n_batches: int) -> Numbers:
    """(1 + batches,), the mean accuracy of persons, whole and without each batch."""
    counts = [_right(own, of.right(reference, who), batches, n_batches) for who, own in enumerate(of.people)]
    return _accuracies(np.stack(counts))


def _accuracies(counts: Numbers) -> Numbers:
    """(1 + batches,), the mean accuracy from counts (deciders, 2, batches), whole and without each batch."""
    total = counts.sum(axis=2, keepdims=True)
    n, correct = np.concatenate([total, total - counts], axis=2).transpose(1, 0, 2)
    with np.errstate(invalid="ignore"):
        shares = correct / n
        means: Numbers = np.where(n > 0, shares, 0).sum(axis=0) / (n > 0).sum(axis=0)
    return means


def _difference(people: Numbers, model: Numbers) -> dict[str, Any]:
    difference = model - people
    row = {"people": people[0], "model_accuracy": model[0], "difference": difference[0]}
    reason = "" if np.isfinite(difference[0]) else "no item of which it is known what is right"
    interval = from_replicates(difference[0], difference[1:])
    return row | {"squared_difference": difference[0] ** 2} | interval.columns() | {"reason": reason}


def _mean_difference(people: Sequence[Numbers], models: Sequence[Numbers]) -> dict[str, Any]:
    """The row of all conditions together, from (1 + batches,) of each."""
    both = [np.stack([ours, of_people]) for ours, of_people in zip(models, people, strict=True)]
    both = [pair for pair in both if np.isfinite(pair[:, 0]).all()]
    if not both:
        unknown = dict.fromkeys(("people", "model_accuracy", "difference", "squared_difference"), np.nan)
        reason = "no condition has both accuracies"
        return unknown | without_interval(np.nan, 0, reason).columns() | {"reason": reason}
    models_mean, people_mean = np.mean([pair[:, 0] for pair in both], axis=0)
    squared = np.mean([(pair[0] - pair[1]) ** 2 for pair in both], axis=0)
    row = {"people": people_mean, "model_accuracy": models_mean, "difference": np.nan}
    interval = from_replicates(squared[0], squared[1:])
    return row | {"squared_difference": squared[0]} | interval.columns() | {"reason": ""}
