"""MMD-critic: prototypes and criticisms of a set of points by the maximum mean discrepancy.

Kim, Khanna, Koyejo, "Examples are not Enough, Learn to Criticize! Criticism for Interpretability" (2016), algorithm 1
(greedy). Prototypes S maximize J(S) = 2 / (n |S|) sum_{i, j in S} k(x_i, x_j) - 1 / |S|^2 sum_{i, j in S} k(x_i, x_j).
Criticisms C maximize the sum of the witness function's size, |mean_i k(x_i, c) - mean_{s in S} k(s, c)|, plus `weight`
times log det K_C, which keeps them apart: equations 3 to 6. In the program of its authors that weight is 1. The paper
on classes of images that this follows states a lambda of 1e-5 without saying what of; here it is that weight.
"""

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]


def kernel(points: npt.NDArray[np.floating]) -> Numbers:
    """RBF of points (n, d), n >= 2: exp(-|x - y|^2 / (2 m^2)), m the median distance of two of them: (n, n)."""
    points = np.asarray(points, np.float64)
    size = (points**2).sum(axis=1)
    squares = np.maximum(size[:, None] + size - 2 * points @ points.T, 0)
    np.fill_diagonal(squares, 0)
    median = np.median(np.sqrt(squares[np.triu_indices(len(points), 1)]))
    similar: Numbers = np.exp(-squares / (2 * median**2)) if median > 0 else (squares == 0).astype(np.float64)
    return similar


def prototypes(similar: Numbers, count: int) -> list[int]:
    """The first `count` prototypes of n >= count points with this kernel matrix (n, n), as the greedy search adds them;
    of equal ones the first.
    """
    to_all = 2 * similar.mean(axis=0)
    rows: list[int] = []
    for _ in range(count):
        # (|S| + 1) times what J gains, but for what is the same for all candidates.
        gain = to_all - (2 * similar[rows].sum(axis=0) + np.diag(similar)) / (len(rows) + 1)
        gain[rows] = -np.inf
        rows.append(int(gain.argmax()))
    return rows


def criticisms(similar: Numbers, of: list[int], count: int, weight: float) -> list[int]:
    """The first `count` criticisms of the prototypes `of`, which are none of them; n >= count + len(of) points."""
    size = witness(similar, of)
    rows: list[int] = []
    for _ in range(count):
        gain = size + weight * _apart(similar, rows)
        gain[[*of, *rows]] = -np.inf
        rows.append(int(gain.argmax()))
    return rows


def witness(similar: Numbers, of: list[int]) -> Numbers:
    """The badness with which prototypes stand for each point: the size of the witness function, (n,)."""
    size: Numbers = np.abs(similar.mean(axis=0) - similar[of].mean(axis=0))
    return size


def _apart(similar: Numbers, rows: list[int]) -> Numbers:
    """The sum that each point would add to log det of the chosen ones' kernel matrix, (n,)."""
    left = np.diag(similar).copy()
    if rows:
        between = similar[rows]
        left -= (between * np.linalg.solve(similar[np.ix_(rows, rows)], between)).sum(axis=0)
    return np.log(np.maximum(left, np.finfo(np.float64).tiny))
