"""People's errors about mistakes, by the answers of the study's authors."""

import numpy as np
import pandas as pd

from analysis.errors import MissingDataError
from analysis.inference import rate
from analysis.studies.classification.data import OF, QUESTION, UNITS, Classification

ALL = "all"


def expert_errors(study: Classification) -> pd.DataFrame:
    """False positives and false negatives of people at 1 to 5 of 5, against the answers of experts.

    An item with as many experts for yes as for no is in no rate. False positive: people side with what the experts
    reject; false negative: people reject what the experts accept.

    Columns: kind (of the items, or "all"), enough (1 to 5 of 5), error (false positive, false negative), n (items that
    experts answered so and people were asked about), errors, value, low, high, interval.

    Raises:
        MissingDataError: no expert answered about an item that people were asked about.
    """
    answers = study.experts.dropna(subset=QUESTION)
    if answers.empty:
        raise MissingDataError("no expert answered about an item")
    mean = answers.assign(yes=answers[QUESTION].astype("float64")).groupby("item_id")["yes"].mean()
    items = study.judged.assign(expert=study.judged["item_id"].map(mean)).dropna(subset=["expert", "level"])
    items = items[items["expert"] != 0.5]
    if items.empty:
        raise MissingDataError("no item has both an expert's answer and five valid answers of people")
    kinds = [(ALL, items), *((str(kind), of) for kind, of in items.groupby("kind", observed=True))]
    rows = []
    for kind, of_kind in kinds:
        for enough in range(1, OF + 1):
            accepted, right = of_kind["level"] >= enough, of_kind["expert"] > 0.5
            for error, cases, wrong in (("false positive", ~right, accepted), ("false negative", right, ~accepted)):
                share = rate(np.asarray(wrong[cases], np.float64), of_kind.loc[cases, list(UNITS)])
                row = {"kind": kind, "enough": enough, "error": error, "n": int(cases.sum())}
                rows.append(row | {"errors": int((wrong & cases).sum()), "value": share.estimate} | share.columns())
    return pd.DataFrame(rows)
