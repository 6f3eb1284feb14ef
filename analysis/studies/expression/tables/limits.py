"""Limits of an expression study, said from its own numbers."""

import pandas as pd

from analysis.studies.expression.data import ALL, SEEN, UNSURE, Expression
from analysis.studies.expression.references import LABELS, PEOPLE
from analysis.studies.expression.tables.cells import SMALLEST
from analysis.tables import limits as shared
from analysis.tables.answers import Answers
from analysis.tables.limits import COLUMNS, Row, statement


def limits(
    study: Expression,
    answers: Answers,
    agreement: pd.DataFrame | None = None,
    rates: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Statements of what must not be read out of the tables; see `analysis.tables.limits.limits`.

    agreement, rates: the tables of these names, where they could be made.
    """
    rows = _of_reference(study) + _of_groups(study) + _of_units(study) + _of_cells(rates) + _failures(study)
    table = shared.limits(study, answers, agreement)
    if study.unit != "batches":  # faces, not batches, are what intervals leave out
        table = table[table["topic"] != "batches"]
    return pd.concat([table, pd.DataFrame(rows, columns=COLUMNS)], ignore_index=True)


def _of_reference(study: Expression) -> list[Row]:
    n = len(study.items)
    if study.reference is None:
        words = "nobody labeled the faces and nobody was asked: nothing here says which classifier is right of any face"
        return [statement("reference", ALL, n, words)]
    lost = float(n - study.reference.weight.sum())
    rows = []
    if lost > 0:
        words = f"{lost:g} of {n} faces count as none of the emotions ({study.rule}) and are in no rate"
        rows.append(statement("reference", study.reference.of, lost, words))
    if study.reference.of == LABELS and len(study.ratings):
        words = "labels are the reference of all rates: people's answers are held against models in tables of their own"
        rows.append(statement("reference", PEOPLE, len(study.ratings), words))
    return rows


def _of_groups(study: Expression) -> list[Row]:
    rows = []
    for name, groups in study.groupings.items():
        if "(predicted)" in name:
            unknown = int(groups.isna().sum())
            words = f"{name}: a model's word for how a face looks, with its errors"
            bound = study.confidences.get(name)
            words += f"; below a probability of {bound:g} a face is in the group {UNSURE}" if bound else ""
            words += f"; it found no face in {unknown} of {len(groups)}, which are in no group" if unknown else ""
            if SEEN not in study.groupings:
                words += "; people did not rate gender, so that its error is not known"
            rows.append(statement("groups", name, int(groups.notna().sum()), words))
    if not study.groupings:
        rows.append(
            statement("groups", "none", 0, "the faces have no groups: nothing here says whom models read worse")
        )
    return rows


def _of_units(study: Expression) -> list[Row]:
    if study.unit != "faces":
        return []
    words = "whom a face is of is not known: intervals take every face for another person, and are too narrow if not"
    return [statement("units", "faces", len(study.items), words)]


def _of_cells(rates: pd.DataFrame | None) -> list[Row]:
    if rates is None:
        return []
    cells = rates[rates["rate"].isin(["TPR", "FPR"])]
    n = int(cells["small"].ne("").sum())
    if not n:
        return []
    words = f"{n} of {len(cells)} cells of a group, an emotion and a rate have fewer than {SMALLEST} faces or too few "
    return [statement("cells", "small", n, words + "participants: they are marked, and in no difference")]


def _failures(study: Expression) -> list[Row]:
    rows = []
    for name, decisions in study.decisions.items():
        n = int((decisions == -2).sum())
        if n:
            words = f"{name} found no face in {n} of {len(decisions)} pictures: they are in none of its rates"
            rows.append(statement("acquisition", name, n, words))
    return rows
