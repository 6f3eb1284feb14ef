"""The prevalence of attributes among the examples of a class, beside all of its images."""

from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from analysis.errors import MissingDataError
from analysis.inference import holm, wilson
from analysis.studies.classification.data import Classification

COLUMNS = ("row", "attribute")


def prevalence(study: Classification, carried: pd.DataFrame) -> pd.DataFrame:
    """How frequent each attribute is among the examples of a class, by method and role.

    carried: rows of the source with an attribute that they have, of which one may have several: row, attribute.

    The permutation test asks how many of as many images, drawn without replacement from all of the class, have the
    attribute; its distribution is the hypergeometric one, so that nothing is drawn. It has two sides: all numbers that
    are no more probable than the one that was found count.

    Columns: class, method, role, attribute, n (examples), share, low, high, n_class, share_class, difference, p,
    p_holm.

    Raises:
        MissingDataError: there are no examples, or no attributes of images of their classes.
    """
    rows: list[dict[str, Any]] = []
    pairs_of = carried.drop_duplicates()
    for name, of in study.examples.groupby("class", sort=False):
        there = set(study.predictions.loc[study.predictions["label"] == name, "row"])
        of_class = pairs_of[pairs_of["row"].isin(there)]
        for attribute, having in of_class.groupby("attribute", sort=True)["row"]:
            rows += [
                {"class": name, "method": method, "role": role, "attribute": attribute}
                | _share(set(examples["row"]), set(having), len(there))
                for (method, role), examples in of.groupby(["method", "role"], sort=False)
            ]
    if not rows:
        raise MissingDataError("no attribute of an image of a class with examples is known")
    table = pd.DataFrame(rows)
    return table.assign(p_holm=holm(table["p"].to_numpy(np.float64)))


def carried(study: Classification, attributes: pd.DataFrame | None) -> pd.DataFrame:
    """The attributes of rows that are known: row, attribute.

    What a classifier says of a row, where it is not the one whose examples they are, is an attribute of it; so is every
    value of a joined table, whose `image_id` may also be the row's own id.
    """
    whose = set(study.examples["classifier"])
    parts = [
        pd.DataFrame({"row": study.rows["row"], "attribute": f"{name} says " + study.rows[f"{name}_top1"]})
        for name in study.classifiers
        if name not in whose
    ]
    if attributes is not None:
        of_image = dict(zip(study.images["image_id"], study.images["row"], strict=True))
        rows = attributes["image_id"].map(lambda each: of_image.get(each, each))
        for name in attributes.columns.drop("image_id"):
            value = attributes[name]
            words = value.map(lambda each, name=name: f"{name}: {each}").where(value.notna())
            parts.append(pd.DataFrame({"row": rows, "attribute": words}))
    if not parts:
        return pd.DataFrame(columns=list(COLUMNS))
    return pd.concat(parts, ignore_index=True).dropna().drop_duplicates()


def _share(examples: set[str], having: set[str], total: int) -> dict[str, Any]:
    """The cells of one attribute among some examples of a class of `total` images, of which some have it."""
    having_it, n = len(examples & having), len(examples)
    low, high = wilson(having_it, n)
    chances = stats.hypergeom(total, len(having), n).pmf(np.arange(n + 1))
    p = float(chances[chances <= chances[having_it] * (1 + 1e-9)].sum())
    share, of_class = having_it / n, len(having) / total
    cells = {"n": n, "share": share, "low": low, "high": high, "n_class": total, "share_class": of_class}
    return cells | {"difference": share - of_class, "p": min(p, 1.0)}
