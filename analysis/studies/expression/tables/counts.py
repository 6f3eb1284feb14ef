"""Counts by group: of labels and of what classifiers say; of faces that count as nothing, and of those not found."""

from typing import Any

import pandas as pd

from analysis.errors import MissingDataError
from analysis.inference import Interval, rate
from analysis.studies.expression.data import Expression
from analysis.studies.expression.references import EMOTIONS
from analysis.studies.expression.tables.cells import Cell, cells, columns, share, tidy, unknown


def counts(study: Expression) -> pd.DataFrame:
    """The faces of each group that count as each emotion, and those of which each classifier says that they show it.

    Columns: grouping, group, of ("labels", "people" where they are the reference, or a classifier), emotion, n, share
    (of the group's faces that count, or in which the classifier found one), low, high, interval.
    """
    rows: list[dict[str, Any]] = []
    for cell in cells(study):
        if study.reference is not None:
            weight = study.reference.weight * cell.faces
            for place, emotion in enumerate(EMOTIONS):
                parts = study.reference.shares[:, place] / weight.clip(min=1e-12)
                interval = share(parts.clip(max=1), weight, study.units)
                n = tidy((study.reference.shares[:, place] * cell.faces).sum())
                rows.append(_row(study, cell, study.reference.of, emotion, n, interval))
        for name in study.classifiers:
            acquired = cell.faces & (study.decisions[name] > -2)
            for place, emotion in enumerate(EMOTIONS):
                hits = study.decisions[name] == place
                interval = share(hits, acquired.astype(float), study.units)
                rows.append(_row(study, cell, name, emotion, int((hits & acquired).sum()), interval))
    return pd.DataFrame(rows)


def dropped(study: Expression) -> pd.DataFrame:
    """The faces of every group, and of those whose group is not known, that count as nothing, by reason and label rule;
    parts of one are added up.

    Columns: rule (the study's own first), grouping, group, reason, n, of (faces of the group), share.

    Raises:
        MissingDataError: it is not known what is right of any face.
    """
    if study.reference is None:
        raise MissingDataError("nobody labeled the faces and nobody was asked")
    rows: list[dict[str, Any]] = []
    for rule in dict.fromkeys([study.rule, *study.rules]):
        reference = study.under(rule)
        assert reference is not None  # noqa: S101 - there is one by the study's own rule
        for cell in (*cells(study, crossed=False), *unknown(study)):
            for reason, lost in reference.dropped.items():
                n, of = tidy(lost[cell.faces].sum()), int(cell.faces.sum())
                row = {"rule": rule, **cell.head, "reason": reason, "n": n, "of": of}
                rows.append(row | {"share": n / of if of else float("nan")})
    table = pd.DataFrame(rows)
    there = table.groupby("reason")["n"].transform("sum") > 0
    return table[there].reset_index(drop=True) if there.any() else table


def acquisition(study: Expression) -> pd.DataFrame:
    """Failures to acquire: faces in which a classifier of emotions, or one of groups, found no face; by group.

    Columns: classifier (of emotions, or the grouping that it predicts), grouping, group, n (faces of the group),
    failures, share, low, high, interval.
    """
    rows: list[dict[str, Any]] = []
    missed = {name: decisions == -2 for name, decisions in study.decisions.items()}
    predicted = {name: groups for name, groups in study.groupings.items() if name.endswith("(predicted)")}
    missed |= {name: groups.isna().to_numpy(bool) for name, groups in predicted.items()}
    for name, failed in missed.items():
        for cell in (*cells(study, crossed=False), *unknown(study)):
            if cell.grouping != name and cell.faces.any():
                interval = rate(failed[cell.faces].astype(float), study.units[cell.faces])
                row = {"classifier": name, **cell.head, "n": int(cell.faces.sum())}
                row |= {"failures": int((failed & cell.faces).sum()), "share": interval.estimate}
                rows.append(row | columns(interval, study))
    return pd.DataFrame(rows)


def _row(study: Expression, cell: Cell, of: str, emotion: str, n: float, interval: Interval) -> dict[str, Any]:
    row = {**cell.head, "of": of, "emotion": emotion, "n": n, "share": interval.estimate}
    return row | columns(interval, study)
