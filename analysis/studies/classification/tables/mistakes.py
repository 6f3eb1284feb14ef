"""Every mistake that people were asked about, those that most of them side with first."""

import pandas as pd

from analysis.errors import MissingDataError
from analysis.studies.classification.data import ACCEPTED, ADVERSARIAL, Classification


def mistakes(study: Classification) -> pd.DataFrame:
    """The mistakes and the adversarial examples with five valid answers or more, by share of yes.

    Columns: item_id, image_id, kind, row, label, shown_class, classifiers (that said so), n_answers, n_yes, share,
    accepted (by at least 4 of 5).

    Raises:
        MissingDataError: there are none.
    """
    items = study.judged
    of_mistakes = items[items["kind"].isin(["mistake", ADVERSARIAL]) & items["level"].notna()]
    if of_mistakes.empty:
        raise MissingDataError("no mistake has five valid answers")
    errs = of_mistakes[[f"{name}_mistake" for name in study.classifiers]].astype("boolean").fillna(False)
    names = [
        ", ".join(name for name, yes in zip(study.classifiers, row, strict=True) if yes) for row in errs.to_numpy()
    ]
    of_mistakes = of_mistakes.assign(classifiers=names, accepted=of_mistakes["level"] >= ACCEPTED)
    ordered = of_mistakes.sort_values(["share", "item_id"], ascending=[False, True], kind="stable")
    columns = ["item_id", "image_id", "kind", "row", "label", "shown_class", "classifiers", "n_answers", "n_yes"]
    return ordered[[*columns, "share", "accepted"]].reset_index(drop=True)
