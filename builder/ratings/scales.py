"""Answers that cannot have been given on the study's scale, such as 1 to 7 where 0 to 100 was to be asked."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from builder.errors import RatingsError
from builder.ratings.export import Export
from builder.ratings.mapping import Mapping
from builder.tasks import Questionnaire, Scale

_MANY = 10
_SHARE = 0.1
"""The number of answers that are hardly on the scale where none of them is above this share of it."""

_USUAL = (1.0, 5.0, 7.0, 9.0, 10.0)
"""The usual ends of scales."""


def check_scales(read: Sequence[tuple[Path, Export]], mapping: Mapping | None, asks: Questionnaire) -> None:
    """Refuses exports whose answers to a question cannot be on the study's scale, unless the mapping says theirs
    or the file is of our own survey.

    Files of one participant each are looked at together: one person may find nothing similar.

    Raises:
        RatingsError: with the lines of a mapping that would say the scale.
    """
    others = [(path, export.ratings) for path, export in read if not export.on_scale]
    groups = [(path, ratings) for path, ratings in others if ratings["participant"].nunique() > 1]
    single = [(path, ratings) for path, ratings in others if ratings["participant"].nunique() == 1]
    if single:
        path = single[0][0]
        groups.append((path, pd.concat([ratings for _, ratings in single])))
    for question in asks.questions:
        if isinstance(question, Scale) and not (mapping and question.name in mapping.scales):
            for path, ratings in groups:
                _check(path, question, ratings[question.name].dropna())


def _check(path: Path, question: Scale, answers: pd.Series) -> None:
    most = question.low + _SHARE * (question.high - question.low)
    if len(answers) < _MANY or answers.max() > most or answers.max() <= question.low:
        return
    ends = (0 if answers.min() < 1 else 1, next(end for end in (*_USUAL, most) if end >= answers.max()))
    raise RatingsError(
        f"{path}: {len(answers)} answers to {question.name} are {answers.min():g} to {answers.max():g}, none above "
        f"{most:g}: they were hardly given on {question.low:g} to {question.high:g}. Say in a mapping on which scale:\n"
        f"[{question.name}]\nfrom = {ends[0]:g}\nto = {ends[1]:g}\n(or from = {question.low:g}, to = "
        f"{question.high:g} where they were)"
    )
