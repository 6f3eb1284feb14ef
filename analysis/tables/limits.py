"""Limits of a dataset, said from its own numbers."""

from collections.abc import Sequence
from typing import Any, assert_never

import pandas as pd

from analysis import frames
from analysis.dataset import Published
from analysis.inference import LEAST
from analysis.questions import Choice, Question, Scale, YesNo
from analysis.registry import Noun
from analysis.tables.answers import Answers

SMALLEST = 30
RELIABLE = 2 / 3
"""Krippendorff's least alpha for tentative conclusions."""

COLUMNS = ["topic", "subject", "n", "statement"]

Row = dict[str, Any]


def limits(published: Published, answers: Answers, agreement: pd.DataFrame | None = None) -> pd.DataFrame:
    """Statements of what must not be read out of the tables.

    agreement: the table of that name, where it could be made.

    Columns: topic, subject (a kind, a question, ...), n (what the statement is of), statement.
    """
    counted = answers.counted()
    rows = of_ratings(published, counted, answers.questions, answers.item)
    if answers.condition:
        rows += unrated(counted, answers.condition, answers.item)
        rows += [
            small_cell(str(kind), len(cell), answers.item)
            for kind, cell in counted.groupby(answers.condition, observed=True)
            if len(cell) < SMALLEST
        ]
    rows += of_batches(counted, next(iter(answers.clusters.values()), "unit"))
    return pd.DataFrame(rows + of_agreement(agreement), columns=COLUMNS)


def statement(topic: str, subject: str, n: float, words: str) -> Row:
    """A row of the table."""
    return {"topic": topic, "subject": subject, "n": n, "statement": words}


def of_ratings(published: Published, counted: pd.DataFrame, questions: Sequence[Question], item: Noun) -> list[Row]:
    """Sentences on what the ratings cannot show; `counted`: the items with n_ratings and n_<question>."""
    n = int(counted["n_ratings"].sum())
    if not n:
        return [statement("ratings", "all", 0, "no ratings: nothing here says what people see")]
    rows = []
    if published.source == "simulated":
        words = f"all {n} ratings are simulated: nothing here says what people see"
        rows.append(statement("ratings", "all", n, words))
    for source, count in published.other_sources.items():
        words = f"{count} ratings of the source {source!r} are left out: one source at a time"
        rows.append(statement("ratings", source, count, words))
    if published.excluded:
        n = published.excluded
        rows.append(statement("ratings", "flagged", n, f"{_flagged(n)} and their ratings are left out"))
    elif len(published.participants):
        n = int(frames.flagged(published.participants["flags"]).sum())
        if n:
            rows.append(statement("ratings", "flagged", n, f"{_flagged(n)} {'is' if n == 1 else 'are'} included"))
    few = {question.name: _few(question, counted) for question in questions}
    for name, n in few.items():
        if n:
            words = f"{n} {item.plural} have only one or two answers on {name}: their majority means little"
            rows.append(statement("ratings", item.plural, n, words))
    for name, n in unanswered(counted, questions).items():
        if n:
            words = f"{n} ratings have no answer on {name}: they are in no figure about it"
            rows.append(statement("ratings", name, n, words))
    return rows


def _flagged(n: int) -> str:
    return f"{n} flagged participant{'' if n == 1 else 's'}"


def unanswered(counted: pd.DataFrame, questions: Sequence[Question]) -> dict[str, int]:
    """The number of ratings that lack an answer, by question.

    Where items have a column `task`, a question belongs to the tasks in which somebody answered it; in a rating of an
    item of another task it was not asked, and is not missing.
    """
    missing = {}
    for question in questions:
        lacking = counted["n_ratings"] - counted[f"n_{question.name}"]
        answered = counted[f"n_{question.name}"] > 0
        if "task" in counted and answered.any():
            lacking = lacking[counted["task"].isin(counted.loc[answered, "task"].unique())]
        missing[question.name] = int(lacking.sum())
    return missing


def unrated(counted: pd.DataFrame, condition: str, item: Noun) -> list[Row]:
    """Conditions with items that nobody rated, where somebody rated something."""
    rows: list[Row] = []
    if not counted["n_ratings"].gt(0).any():
        return rows
    for kind, cell in counted.groupby(condition, observed=True):
        n = int(cell["n_ratings"].eq(0).sum())
        if n == len(cell):
            words = f"none of the {n} {kind} {item.plural} has a rating"
            rows.append(statement("kinds", str(kind), n, words))
        elif n:
            words = f"{n} of {len(cell)} {kind} {item.plural} have no rating and are in no figure about people"
            rows.append(statement("kinds", str(kind), n, words))
    return rows


def small_cell(subject: str, n: int, item: Noun) -> Row:
    """A row about a cell of items that is too small."""
    return statement("cells", subject, n, f"{subject}: {n} {item.plural}, fewer than {SMALLEST}")


def of_batches(counted: pd.DataFrame, batch: str) -> list[Row]:
    """Sentences on what the batches cannot show; `batch`: the column with them."""
    batches, independent = counted[batch].nunique(), counted["unit"].nunique()
    rows = []
    if independent < batches:
        words = f"people rated several batches: {batches} batches count as {independent} for intervals"
        rows.append(statement("batches", "raters", batches, words))
    if independent < LEAST:
        words = f"independent batches: {independent}; an interval needs {LEAST}, so that there is none"
        rows.append(statement("batches", "all", independent, words))
    return rows


def of_agreement(agreement: pd.DataFrame | None) -> list[Row]:
    """The questions on which people agree too little; `agreement`: the table of that name."""
    if agreement is None:
        return []
    alpha = agreement[(agreement["statistic"] == "alpha") & (agreement["value"] < RELIABLE)]
    rows = []
    for row in alpha.to_dict("records"):
        question, n = row["question"], next(row[name] for name in row if str(name).startswith("n_"))
        words = f"people agree too little on {question} for firm conclusions: alpha {row['value']:.2f} is below 2/3"
        rows.append(statement("agreement", question, n, words))
    return rows


def _few(question: Question, counted: pd.DataFrame) -> int:
    """Items whose majority means little."""
    match question:
        case Scale():
            return 0
        case YesNo() | Choice():
            return int(counted[f"n_{question.name}"].between(1, 2).sum())
        case _:
            assert_never(question)
