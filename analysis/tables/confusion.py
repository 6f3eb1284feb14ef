"""Which answers are taken for which, and how far accuracies part: as in model-vs-human (Geirhos et al. 2021)."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from analysis.errors import MissingDataError
from analysis.frames import Numbers
from analysis.tables.deciders import ALL, MAJORITY, PEOPLE, Deciders, conditions, deciders


def confusion(
    items: pd.DataFrame,
    ratings: pd.DataFrame,
    *,
    key: str,
    question: str,
    decisions: Mapping[str, str],
    references: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """How often each decider gives each answer where another is right.

    Answers of people count one by one, each against the majority of the others; an item of which it is not known what
    is right is left out. Arguments: see `analysis.tables.deciders.deciders`.

    Columns: decider ("people" or a model), reference, right, answer, n (decisions), share (of those with this right
    answer; NaN where there are none), reason (why it is NaN).

    Raises:
        MissingDataError: there are no answers to the question.
    """
    of = deciders(items, ratings, key=key, question=question, decisions=decisions, references=references)
    rows: list[dict[str, Any]] = []
    for reference in of.references:
        for name in [PEOPLE, *of.models]:
            counts = _counts(of, reference, name)
            for right, label in enumerate(of.labels):
                total = counts[right].sum()
                for answer, given in enumerate(of.labels):
                    n = int(counts[right, answer])
                    row: dict[str, Any] = {"decider": name, "reference": reference, "right": label, "answer": given}
                    row |= {"n": n, "share": n / total if total else np.nan}
                    rows.append(row | {"reason": "" if total else f"of no item {label!r} is right"})
    return pd.DataFrame(rows)


def accuracy_difference(
    items: pd.DataFrame,
    ratings: pd.DataFrame,
    *,
    key: str,
    question: str,
    decisions: Mapping[str, str],
    references: Mapping[str, str] | None = None,
    condition: str,
) -> pd.DataFrame:
    """How far the accuracy of each model is from that of people, condition by condition.

    An accuracy of people is the mean over persons of the share of their answers that are right, each against the
    majority of the others. The row "all" holds model-vs-human's accuracy difference: the mean over conditions of the
    squared differences, 0 where people and model are right as often in every one.

    condition: a column of `items`. Other arguments: see `analysis.tables.deciders.deciders`.

    Columns: model, reference, condition (last "all"), n (items), people, model_accuracy (both 0 to 1; of "all" the
    means over conditions), difference (model minus people; of "all" NaN), squared_difference, reason (why there is
    none).

    Raises:
        MissingDataError: there are no answers to the question, or no model.
    """
    of = deciders(items, ratings, key=key, question=question, decisions=decisions, references=references)
    if not of.models:
        raise MissingDataError("the dataset has no model that decides")
    rows: list[dict[str, Any]] = []
    cells = [(name, of.among(rows_of)) for name, rows_of in conditions(of, condition) if name != ALL]
    for reference in of.references:
        for model in of.models:
            made = [{"condition": name} | _accuracies(cell, reference, model) for name, cell in cells]
            means = pd.DataFrame(made)[["people", "model_accuracy", "squared_difference"]].dropna().mean()
            of_all = {"condition": ALL, "n": sum(row["n"] for row in made), "difference": np.nan}
            reason = "" if np.isfinite(means["people"]) else "no condition has both accuracies"
            head = {"model": model, "reference": reference}
            rows += [head | row for row in [*made, of_all | means.to_dict() | {"reason": reason}]]
    columns = ["model", "reference", "condition", "n", "people", "model_accuracy", "difference", "squared_difference"]
    return pd.DataFrame(rows)[[*columns, "reason"]]


def _counts(of: Deciders, reference: str, name: str) -> Numbers:
    """(right, answer), the number of decisions."""
    counts = np.zeros((len(of.labels), len(of.labels)))
    if name == PEOPLE:
        decided = [(own, of.right(reference, who)) for who, own in enumerate(of.people)]
    else:
        decided = [(of.models[name], of.right(reference))]
    for answers, right in decided:
        known = np.isfinite(answers) & np.isfinite(right)
        np.add.at(counts, (right[known].astype(np.intp), answers[known].astype(np.intp)), 1)
    return counts


def _accuracies(of: Deciders, reference: str, model: str) -> dict[str, Any]:
    shares = [_accuracy(own, of.right(reference, who)) for who, own in enumerate(of.people)]
    persons = np.array([share for share in shares if np.isfinite(share)])
    right = of.right(reference)
    accuracy = _accuracy(of.models[model], right)
    row: dict[str, Any] = {"n": int((np.isfinite(right) & np.isfinite(of.models[model])).sum())}
    people = float(persons.mean()) if len(persons) else np.nan
    row |= {"people": people, "model_accuracy": accuracy, "difference": accuracy - people}
    reason = "" if np.isfinite(accuracy - people) else f"no item of which the {reference} says what is right"
    if reference == MAJORITY and reason:
        reason = "no item on which a majority and the model decide"
    return row | {"squared_difference": (accuracy - people) ** 2, "reason": reason}


def _accuracy(answers: Numbers, right: Numbers) -> float:
    known = np.isfinite(answers) & np.isfinite(right)
    return float((answers[known] == right[known]).mean()) if known.any() else np.nan
