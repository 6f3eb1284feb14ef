"""Which rows are independent of which, from the units that they share."""

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Codes = npt.NDArray[np.intp]

MOST_LEFT_OUT = 100
"""Groups of batches that are left out in turn: with more batches, several are left out at a time."""


def independent(units: "npt.ArrayLike | pd.DataFrame | pd.Series") -> Codes:
    """The batch of each of n rows, from 0: rows that share a unit, directly or through other rows, are in one.

    units: (n,) or (n, k), a column per unit of dependence, such as batch, image and rater. A value that is null is
        shared with no other row.
    """
    columns = pd.DataFrame(units if isinstance(units, pd.DataFrame | pd.Series) else np.asarray(units))
    coded = [_codes(columns.iloc[:, place]) for place in range(columns.shape[1])]
    if len(coded) == 1:
        return coded[0]
    n = len(columns)
    nodes, start = [], n
    for codes in coded:
        nodes.append(start + codes)
        start += int(codes.max(initial=-1)) + 1
    rows, ends = np.tile(np.arange(n), len(coded)), np.concatenate(nodes)
    graph = coo_array((np.ones(len(rows), np.int8), (rows, ends)), shape=(start, start))
    labels = connected_components(graph, directed=False)[1][:n]
    return np.unique(labels, return_inverse=True)[1].astype(np.intp)


def left_out(batches: Codes) -> Codes:
    """The group (n,) of batches in which each row is left out: its batch, or one of 100 groups of batches."""
    batches = batches % MOST_LEFT_OUT if len(batches) and batches.max() >= MOST_LEFT_OUT else batches
    return np.unique(batches, return_inverse=True)[1].astype(np.intp)


def _codes(column: "pd.Series") -> Codes:
    codes, _ = pd.factorize(column)
    alone = codes < 0
    codes[alone] = codes.max(initial=-1) + 1 + np.arange(alone.sum())
    return codes.astype(np.intp)
