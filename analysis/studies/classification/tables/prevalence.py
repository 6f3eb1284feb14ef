"""The prevalence of attributes among the examples of a class, beside all of its images."""

from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from analysis.errors import MissingDataError
from analysis.inference import holm, wilson
from analysis.studies.classification.data import ACCEPTED, ADVERSARIAL, Classification
from analysis.studies.classification.words import who

COLUMNS = ("row", "attribute")


def prevalence(study: Classification, carried: pd.DataFrame, asked: pd.DataFrame | None = None) -> pd.DataFrame:
    """The frequency of each attribute among the examples of a class, by method and role.

    carried: rows of the source with an attribute that they have, of which one may have several: row, attribute.
    asked: of attributes that are not known of every row, those of which they are: row, attribute. No other row counts
        as an image of the class, or as an example, where they are in question.

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
    asked_of: dict[Any, set[str]] = (
        {} if asked is None else {name: set(of) for name, of in asked.groupby("attribute")["row"]}
    )
    for name, of in study.examples.groupby("class", sort=False):
        there = set(study.predictions.loc[study.predictions["label"] == name, "row"])
        of_class = pairs_of[pairs_of["row"].isin(there)]
        for attribute, having in of_class.groupby("attribute", sort=True)["row"]:
            rows_asked = there & asked_of.get(attribute, there)
            rows += [
                {"class": name, "method": method, "role": role, "attribute": attribute}
                | _share(rows_asked & set(examples["row"]), rows_asked & set(having), len(rows_asked))
                for (method, role), examples in of.groupby(["method", "role"], sort=False)
                if rows_asked & set(examples["row"])
            ]
    if not rows:
        raise MissingDataError("no attribute of an image of a class with examples is known")
    table = pd.DataFrame(rows)
    return table.assign(p_holm=holm(table["p"].to_numpy(np.float64)))


def carried(study: Classification, attributes: pd.DataFrame | None) -> pd.DataFrame:
    """The attributes of rows that are known: row, attribute.

    What a classifier says of a row, where it is not the one whose examples they are, is an attribute of it; so is what
    people say (see `people_answers`), and every value of a joined table, whose `image_id` may also be the row's own id.
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
    answers = people_answers(study)
    parts.append(answers.loc[answers["accepted"], list(COLUMNS)])
    parts = [part for part in parts if len(part)]
    if not parts:
        return pd.DataFrame(columns=list(COLUMNS))
    return pd.concat(parts, ignore_index=True).dropna().drop_duplicates()


def people_answers(study: Classification) -> pd.DataFrame:
    """People's answers about rows, of which five or more were asked whether a class is relevant that is not the label:
    row, attribute (that it is), accepted (whether at least 4 of 5 say so).
    """
    items = study.judged
    items = items[items["level"].notna() & (items["kind"] != ADVERSARIAL) & (items["shown_class"] != items["label"])]
    items = items.drop_duplicates(["row", "shown_class"])
    attribute = f"{who(study.source)} say " + items["shown_class"].astype(str)
    return pd.DataFrame({"row": items["row"], "attribute": attribute, "accepted": items["level"] >= ACCEPTED})


def _share(examples: set[str], having: set[str], total: int) -> dict[str, Any]:
    """The cells of one attribute among some examples of a class of `total` images, of which some have it."""
    having_it, n = len(examples & having), len(examples)
    low, high = wilson(having_it, n)
    chances = stats.hypergeom(total, len(having), n).pmf(np.arange(n + 1))
    p = float(chances[chances <= chances[having_it] * (1 + 1e-9)].sum())
    share, of_class = having_it / n, len(having) / total
    cells = {"n": n, "share": share, "low": low, "high": high, "n_class": total, "share_class": of_class}
    return cells | {"difference": share - of_class, "p": min(p, 1.0)}
