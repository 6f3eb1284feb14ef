"""Matched pictures that differ in one attribute: how often a classifier tells the two apart, and in favor of which.

Pairs share no picture, and are taken to be independent of one another.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from statsmodels.stats.contingency_tables import mcnemar

from analysis.errors import MissingDataError
from analysis.inference import holm, wilson
from analysis.studies.classification.tables.predicted_shares import first_classes

_PAIR = ("attribute", "pair")


def pairs_told_apart(predictions: pd.DataFrame, classifiers: Sequence[str]) -> pd.DataFrame:
    """A row per classifier and attribute: to how many pairs it gives two classes.

    Columns: classifier, attribute, pairs, failures (pairs with a picture in which it found nothing, which count
    nowhere), told_apart (of pairs), share, low, high (Wilson's 95 % interval).

    Args:
        predictions: the table of a study of pairs, `pair`, `side` and `attribute` among its columns.
        classifiers: their names.

    Raises:
        MissingDataError: there are no pairs.
    """
    rows: list[dict[str, Any]] = []
    for name in classifiers:
        for attribute, pairs in _sides(predictions, name).groupby("attribute", sort=True):
            cases = pairs.dropna()
            apart = int((cases["first"] != cases["second"]).sum())
            low, high = wilson(apart, len(cases))
            counts = {"pairs": len(cases), "failures": len(pairs) - len(cases), "told_apart": apart}
            share = apart / len(cases) if len(cases) else np.nan
            rows.append(
                {"classifier": name, "attribute": attribute, **counts, "share": share, "low": low, "high": high}
            )
    return pd.DataFrame(rows)


def pairs_by_class(predictions: pd.DataFrame, classifiers: Sequence[str]) -> pd.DataFrame:
    """A row per classifier, attribute, and class that it gives one picture alone of some pair.

    Columns: classifier, attribute, class, pairs, first_alone, second_alone (pairs of which it gives the class to that
    one alone), p (McNemar's exact test that both are as frequent), p_holm (over the classes of a classifier and an
    attribute).

    Source: Q. McNemar, "Note on the sampling error of the difference between correlated proportions or percentages",
    Psychometrika 12 (1947); the exact test is the binomial one of the pairs that differ.

    Args:
        predictions: as in `pairs_told_apart`.
        classifiers: their names.

    Raises:
        MissingDataError: there are no pairs.
    """
    columns = ["classifier", "attribute", "class", "pairs", "first_alone", "second_alone", "p", "p_holm"]
    tables = [pd.DataFrame(columns=columns)]
    for name in classifiers:
        for attribute, pairs in _sides(predictions, name).groupby("attribute", sort=True):
            rows = [
                {"classifier": name, "attribute": attribute, "class": each, **_discordant(pairs.dropna(), each)}
                for each in _told_by(pairs.dropna())
            ]
            table = pd.DataFrame(rows, columns=columns[:-1])
            tables.append(table.assign(p_holm=holm(table["p"].to_numpy(np.float64))))
    filled = [table for table in tables if len(table)]
    return pd.concat(filled or tables, ignore_index=True)[columns]


def _sides(predictions: pd.DataFrame, name: str) -> pd.DataFrame:
    """A row per pair, indexed by _PAIR, with the classifier's class of the `first` and the `second`; None: nothing."""
    if "pair" not in predictions or predictions.empty:
        raise MissingDataError("no pairs of pictures: `pairs:FILE` is a source of such")
    classes = predictions.assign(top1=first_classes(predictions, name))
    sides: pd.DataFrame = classes.pivot(index=list(_PAIR), columns="side", values="top1")
    return sides.reindex(columns=["first", "second"])


def _told_by(pairs: pd.DataFrame) -> list[str]:
    """The classes that one picture alone of some pair gets, by name."""
    apart = pairs[pairs["first"] != pairs["second"]]
    return sorted({*apart["first"], *apart["second"]})


def _discordant(pairs: pd.DataFrame, name: str) -> dict[str, Any]:
    first, second = pairs["first"] == name, pairs["second"] == name
    table = [[int((first & second).sum()), int((first & ~second).sum())], [int((~first & second).sum()), 0]]
    p = float(mcnemar(table, exact=True).pvalue)
    return {"pairs": len(pairs), "first_alone": table[0][1], "second_alone": table[1][0], "p": p}
