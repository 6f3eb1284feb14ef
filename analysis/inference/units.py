"""Independence of rows, from the units that they share."""

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Codes = npt.NDArray[np.intp]
Column: TypeAlias = "npt.NDArray[Any] | pd.Series[Any]"

MOST_LEFT_OUT = 100
"""Groups of batches that are left out in turn: with more batches, several are left out at a time."""


def independent(units: "npt.ArrayLike | pd.DataFrame | pd.Series") -> Codes:
    """The batch of each of n rows, from 0: rows that share a unit, directly or through other rows, are in one.

    units: (n,) or (n, k), a column per unit of dependence, such as batch, image and rater. A value that is null is
        shared with no other row.
    """
    coded = [_codes(column) for column in columns_of(units)]
    n, start, nodes = len(coded[0]), len(coded[0]), []
    for codes in coded:
        nodes.append(start + codes)
        start += int(codes.max(initial=-1)) + 1
    if all(_within(codes, coded[0]) for codes in coded[1:]):
        return coded[0]
    rows, ends = np.tile(np.arange(n), len(coded)), np.concatenate(nodes)
    graph = coo_array((np.ones(len(rows), np.int8), (rows, ends)), shape=(start, start))
    labels = connected_components(graph, directed=False)[1][:n]
    return np.unique(labels, return_inverse=True)[1].astype(np.intp)


def left_out(batches: Codes) -> Codes:
    """The group (n,) of batches in which each row is left out: its batch, or one of 100 groups of batches."""
    batches = batches % MOST_LEFT_OUT if len(batches) and batches.max() >= MOST_LEFT_OUT else batches
    if np.bincount(batches).all():  # numbered from 0 without a gap, as `independent` does: nothing to sort
        return batches.astype(np.intp)
    return np.unique(batches, return_inverse=True)[1].astype(np.intp)


def columns_of(units: "npt.ArrayLike | pd.DataFrame | pd.Series") -> "list[Column]":
    """The columns of units, (n,) each."""
    if isinstance(units, pd.DataFrame):
        return [units.iloc[:, place] for place in range(units.shape[1])]
    if isinstance(units, pd.Series):
        return [units]
    values = np.asarray(units)
    return list(values.T) if values.ndim == 2 else [values]


def _codes(column: "Column") -> Codes:
    codes, _ = pd.factorize(column)
    alone = codes < 0
    if alone.any():
        codes[alone] = codes.max(initial=-1) + 1 + np.arange(alone.sum())
    return codes.astype(np.intp)


def _within(fine: Codes, coarse: Codes) -> bool:
    """Whether all rows with the same fine code have the same coarse one."""
    first = np.zeros(int(fine.max(initial=-1)) + 1, np.intp)
    first[fine] = coarse
    return bool((first[fine] == coarse).all())
