"""Figure 4 of the paper, by image: what people say of an attacked image, and of the parts that speak for its class; and
how sure the classifier is of these parts.
"""

import numpy as np
import pandas as pd

from analysis.errors import MissingDataError
from analysis.frames import Numbers
from analysis.inference import Interval, jackknife, rate, weighted_mean
from analysis.studies.classification.data import ACCEPTED, ADVERSARIAL, OF, UNITS, Classification

TO_YES, TO_NO, SAME = "to yes", "to no", "same"


def explained_pairs(study: Classification) -> pd.DataFrame:
    """The attacked images with five valid answers or more both whole and explained, those that turn to yes first.

    Columns: row, label, shown_class, image_id, explained_id, n_answers, n_yes, explained_n_answers, explained_n_yes,
    change (in the share of yes, explained minus whole), turned ("to yes" where people side with the class of the
    explained image and not of the whole one, "to no", or "same"), weight, unit.

    Raises:
        MissingDataError: there are none.
    """
    of = [study.judged[study.judged["kind"] == ADVERSARIAL], study.explained]
    whole, explained = (items.dropna(subset="level").drop_duplicates(["row", "shown_class"]) for items in of)
    columns = ["row", "shown_class", "image_id", "n_answers", "n_yes", "share", "level"]
    pairs = whole.merge(explained[columns], on=["row", "shown_class"], suffixes=("", "_explained"))
    if pairs.empty:
        raise MissingDataError("no attacked image has five valid answers both whole and explained")
    before, after = (pairs[name] >= ACCEPTED for name in ("level", "level_explained"))
    turned = np.select([after & ~before, before & ~after], [TO_YES, TO_NO], SAME)
    pairs = pairs.assign(turned=turned, change=pairs["share_explained"] - pairs["share"])
    names = {f"{name}_explained": f"explained_{name}" for name in ("n_answers", "n_yes")}
    pairs = pairs.rename(columns={**names, "image_id_explained": "explained_id"})
    order = pairs["turned"].map({TO_YES: 0, SAME: 1, TO_NO: 2})
    pairs = pairs.assign(order=order).sort_values(["order", "change", "row"], ascending=[True, False, True])
    columns = ["row", "label", "shown_class", "image_id", "explained_id", "n_answers", "n_yes"]
    columns += ["explained_n_answers", "explained_n_yes", "change", "turned", "weight", "unit"]
    return pairs[columns].reset_index(drop=True)


def arm_difference(study: Classification, pairs: pd.DataFrame) -> pd.DataFrame:
    """Whether people side more with the class of an attacked image where they see the parts that speak for it.

    pairs: the table `explained_pairs`. Each pair is of one image, and stands for as many attacks as its weight says.

    Columns: classifier, pairs, whole, explained (shares of images whose class people side with), difference (explained
    minus whole, image by image), low, high, interval, p (of no difference), to_yes, to_no (images that turn).
    """
    before, after = _before_and_after(pairs)
    weights, interval = np.asarray(pairs["weight"], np.float64), change_of(pairs)
    row = {"classifier": study.attacked[0], "pairs": len(pairs)}
    row |= {"whole": np.average(before, weights=weights), "explained": np.average(after, weights=weights)}
    row |= {"difference": interval.estimate} | interval.columns() | {"p": interval.p}
    row |= {name: int((pairs["turned"] == turned).sum()) for name, turned in (("to_yes", TO_YES), ("to_no", TO_NO))}
    return pd.DataFrame([row])


def change_of(pairs: pd.DataFrame) -> Interval:
    """The share of attacks whose class people side with explained minus that whole, image by image.

    pairs: the columns of `explained_pairs` with answers, weights and UNITS.
    """
    before, after = _before_and_after(pairs)
    weights, mean = np.asarray(pairs["weight"], np.float64), weighted_mean(after - before)
    return jackknife(lambda counted: mean(counted * weights), pairs[list(UNITS)], null=0.0, weights=weights)


def explanation_paths(study: Classification) -> pd.DataFrame:
    """Figure 10b: how probable the class is to the classifier where superpixels are uncovered in the order of their
    weights, on average over images.

    Columns: classifier, image ("attacked", or "not attacked", explained for its label), rank (superpixels that are
    shown; 0: all is hidden), n (images that have so many with a weight), probability, low, high, interval.

    Raises:
        MissingDataError: nothing is explained.
    """
    if study.explanations.empty:
        raise MissingDataError("the study has no explained images")
    units = study.rows.set_index("row")["unit"]
    paths = study.explanations.assign(unit=study.explanations["row"].map(units))
    attacked = paths["attacked"].astype(bool)
    paths = paths.assign(image=np.where(attacked, "attacked", "not attacked"))
    rows = []
    for (classifier, image, rank), at in paths.groupby(["classifier", "image", "rank"], sort=True):
        mean = rate(np.asarray(at["probability"], np.float64), at[list(UNITS)])
        row = {"classifier": classifier, "image": image, "rank": rank, "n": len(at)}
        rows.append(row | {"probability": mean.estimate} | mean.columns())
    return pd.DataFrame(rows)


def _before_and_after(pairs: pd.DataFrame) -> tuple[Numbers, Numbers]:
    """Whether people side with the class of each image whole, and explained, (n,) each."""
    return _accepted(pairs, "n_yes", "n_answers"), _accepted(pairs, "explained_n_yes", "explained_n_answers")


def _accepted(pairs: pd.DataFrame, yes: str, n: str) -> Numbers:
    """Whether people side with the class, (n,), 0 or 1."""
    return np.asarray(OF * pairs[yes] >= ACCEPTED * pairs[n], np.float64)
