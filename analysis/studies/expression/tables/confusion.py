"""Confusions of a classifier: the emotion that it says where another is right, by group."""

from typing import Any

import numpy as np
import pandas as pd

from analysis.studies.expression.data import Expression
from analysis.studies.expression.references import EMOTIONS
from analysis.studies.expression.tables.cells import cells, columns, needed, share, tidy
from analysis.studies.expression.tables.measured import counted_faces

OTHER = "another class"
"""A class of a classifier that is none of the emotions, such as contempt."""


def confusion_by_group(study: Expression) -> pd.DataFrame:
    """The confusion matrix of every classifier in every group: the share of the faces that count as one emotion of
    which it says each.

    Columns: classifier, grouping, group, right, said, n, n_right (faces of the group that count as the emotion), n_said
    (faces that count of which it says the emotion), share, low, high, interval.

    Raises:
        MissingDataError: it is not known what is right of any face.
    """
    reference = needed(study)
    rows: list[dict[str, Any]] = []
    for name in study.classifiers:
        decisions = study.decisions[name]
        classes = {emotion: decisions == place for place, emotion in enumerate(EMOTIONS)}
        classes |= {OTHER: decisions == -1} if (decisions == -1).any() else {}
        for cell in cells(study, crossed=False):
            parts = reference.shares * counted_faces(study, reference, name, cell)[:, None]
            total = parts.sum(axis=1)
            for place, emotion in enumerate(EMOTIONS):
                weights = parts[:, place]
                for answer, hits in classes.items():
                    interval = share(hits, weights, study.units)
                    row = {"classifier": name, **cell.head, "right": emotion, "said": answer}
                    row |= {"n": tidy(float(np.sum(weights * hits))), "n_right": tidy(weights.sum())}
                    row |= {"n_said": tidy(float(np.sum(total * hits)))}
                    rows.append(row | {"share": interval.estimate, **columns(interval, study)})
    return pd.DataFrame(rows)
