"""Limits of a classification study, said from its own numbers."""

import pandas as pd

from analysis.makers import answers_of
from analysis.studies.classification import ANALYSIS
from analysis.studies.classification.data import OF, Classification
from analysis.studies.classification.verdicts import all_attack_verdicts, all_verdicts
from analysis.tables.limits import COLUMNS, Row, statement
from analysis.tables.limits import limits as shared_limits


def limits(study: Classification, agreement: pd.DataFrame | None = None) -> pd.DataFrame:
    """Statements of what must not be read out of the tables; see `analysis.tables.limits.limits`."""
    shared = shared_limits(study, answers_of(study, ANALYSIS), agreement)
    rows = _failures(study) + _few_parts(study)
    if study.source is not None:
        rows += _unasked(study) + _few_answers(study)
    return pd.concat([shared, pd.DataFrame(rows, columns=COLUMNS)], ignore_index=True)


def _failures(study: Classification) -> list[Row]:
    rows = []
    for name in study.classifiers:
        n = int(study.rows[f"{name}_top1"].isna().sum())
        if n:
            words = f"{name} found nothing in {n} of {len(study.rows)} rows: they are in no figure"
            rows.append(statement("classifiers", name, n, words))
    return rows


def _few_parts(study: Classification) -> list[Row]:
    """Explained images of which fewer superpixels are shown than the explainer gave a weight."""
    parts = study.explanations
    if parts.empty:
        return []
    ranked = parts.assign(weighed=parts["rank"] > 0, shown=parts["shown"].astype("boolean").fillna(False))
    counts = ranked.groupby("image_id")[["weighed", "shown"]].sum()
    none = counts["shown"] == 0
    few, nothing = int(((counts["shown"] < counts["weighed"]) | none).sum()), int(none.sum())
    if not few:
        return []
    words = (
        f"{few} of {len(counts)} explained images show fewer superpixels than have a weight, for no more speak for the "
        f"class; {nothing} of them show none"
    )
    return [statement("explanations", "superpixels", few, words)]


def _unasked(study: Classification) -> list[Row]:
    rows = []
    for verdicts in (*all_verdicts(study), *all_attack_verdicts(study)):
        mistakes = verdicts.mistakes
        n = int(mistakes["level"].isna().sum())
        if n:
            subject = f"{verdicts.classifier}, {verdicts.measure}"
            words = f"{subject}: {n} of {len(mistakes)} mistakes have not {OF} valid answers: the others stand for them"
            rows.append(statement("mistakes", subject, n, words))
    return rows


def _few_answers(study: Classification) -> list[Row]:
    rows = []
    few = int(study.judged["n_answers"].between(1, OF - 1).sum())
    if few:
        words = f"{few} items have fewer than {OF} valid answers: they count as not asked"
        rows.append(statement("ratings", "items", few, words))
    if study.cannot_tell:
        words = f"{study.cannot_tell} answers are that somebody cannot tell: they are no valid answers"
        rows.append(statement("ratings", "cannot tell", study.cannot_tell, words))
    return rows
