"""The faces on which classifiers and people differ most."""

import numpy as np
import pandas as pd

from analysis.errors import MissingDataError
from analysis.frames import Numbers
from analysis.studies.expression.data import Expression
from analysis.studies.expression.references import EMOTIONS, LABELS, PEOPLE, Reference, by_answers
from analysis.studies.expression.tables.models import probabilities

MOST = 100
"""Faces of each sort and classifier at most."""

SURE, UNSEEN = "surer than people", "less sure than people"


def disagreement(study: Expression) -> pd.DataFrame:
    """The faces on which each classifier and people differ most: their answers where they gave any, else votes or
    labels.

    Two sorts: "surer than people", ordered by the probability that the classifier gives its class minus the share of
    people who say so; and "less sure than people", ordered by the share of people who say what most say minus the
    probability that the classifier gives it. At most 100 of each, each above 0.

    Columns: classifier, sort, item_id, image_id, said (the classifier's class), confidence, said_by (share of people
    who say so), seen (what most people say; the first of several), seen_by (their share), probability (that the
    classifier gives it), difference, and the groups of the face.

    Raises:
        MissingDataError: nobody labeled the faces and nobody was asked, or no table says how probable each class is.
    """
    shares = whole_shares(study)
    wide, columns = probabilities(study)
    if not columns:
        raise MissingDataError("the dataset has no table `predictions`: it is not known how probable each class is")
    rows = pd.DataFrame({study.key: study.items[study.key], "image_id": study.items["image_id"]})
    there = shares.sum(axis=1) > 0
    most, at = shares.argmax(axis=1), np.arange(len(rows))
    tables = []
    for name in study.classifiers:
        decisions = study.decisions[name]
        names = [columns.get(f"{name}: {emotion}") for emotion in EMOTIONS]
        probability = wide.reindex(index=rows["image_id"], columns=names).to_numpy(np.float64)
        emotions = np.array(EMOTIONS)
        table = rows.assign(
            classifier=name,
            said=np.where(
                decisions >= 0, emotions[np.maximum(decisions, 0)], study.items[f"{name}_class"].astype(object)
            ),
            confidence=study.confidence(name),
            said_by=np.where(decisions >= 0, shares[at, np.maximum(decisions, 0)], 0.0),
            seen=emotions[most],
            seen_by=shares[at, most],
            probability=probability[at, most],
            **study.groupings,
        )
        acquired = there & (decisions > -2)
        for sort, difference in (
            (SURE, table["confidence"] - table["said_by"]),
            (UNSEEN, table["seen_by"] - table["probability"]),
        ):
            ordered = table.assign(sort=sort, difference=difference)[acquired & (difference > 0).to_numpy(bool)]
            ordered = ordered.sort_values(["difference", study.key], ascending=[False, True], kind="stable")
            tables.append(ordered.head(MOST))
    first = ["classifier", "sort", study.key, "image_id"]
    combined: pd.DataFrame = pd.concat(tables, ignore_index=True)
    return combined.reindex(columns=first + [str(name) for name in combined.columns if name not in first])


def whole_shares(study: Expression) -> Numbers:
    """The share of people who say each emotion of every face, (n, 7): of answers, else of votes, else labels.

    Raises:
        MissingDataError: there is none of these.
    """
    whole: Reference | None = None
    if "emotion" in study.ratings and study.ratings["emotion"].notna().any():
        whole = by_answers(study.items[study.key], study.ratings, study.key, "probabilistic")
    elif study.reference is not None:
        whole = study.under("probabilistic")
    if whole is None:
        raise MissingDataError("nobody labeled the faces and nobody was asked")
    return whole.shares


def of_people(study: Expression) -> str:
    """The name of whose word `said_by` and `seen_by` are."""
    asked = "emotion" in study.ratings and bool(study.ratings["emotion"].notna().any())
    return PEOPLE if asked or study.has_votes else LABELS
