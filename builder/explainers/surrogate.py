"""Linear models of a classifier around one answer: LIME's sparse one, and the one whose weights are Shapley values.

Fit them within `one_thread`, so that their last bits do not depend on how many threads the machine has.
"""

import numpy as np
import numpy.typing as npt

try:
    from scipy.special import binom
    from sklearn.linear_model import LinearRegression, lars_path
    from threadpoolctl import threadpool_limits
except ImportError as error:
    raise ImportError(f"{error}; LIME and KernelSHAP need pip install 'lands-between[explainers]'") from error

Numbers = npt.NDArray[np.float64]
Masks = npt.NDArray[np.bool_]


def one_thread() -> threadpool_limits:
    """The block in which models are fitted: to enter it takes as long as some fits."""
    return threadpool_limits(1)


def sparse_linear(rows: Numbers, answers: Numbers, weights: Numbers, features: int) -> Numbers:
    """K-Lasso of Ribeiro, Singh, Guestrin, "Why Should I Trust You?" (2016), algorithm 1.

    The last point of the Lasso's path with no more than `features` columns chooses them; least squares weighs them.

    Args:
        rows: (m, d), what is explained by.
        answers: (m,), of the classifier.
        weights: (m,), of the rows, above 0.
        features: columns with a weight, at most.

    Returns:
        (d,), 0 where a column was not chosen.
    """
    columns = np.arange(rows.shape[1])
    if features < len(columns):
        root = np.sqrt(weights)
        centered = (rows - np.average(rows, axis=0, weights=weights)) * root[:, None]
        target = (answers - np.average(answers, weights=weights)) * root
        _, _, path = lars_path(centered, target, method="lasso")
        sizes = (path != 0).sum(axis=0)
        columns = np.flatnonzero(path[:, np.flatnonzero(sizes <= features)[-1]])
    coefficients = np.zeros(rows.shape[1])
    if len(columns):
        # Equation 2 with a linear g: argmin sum pi(z) (f(z) - g(z'))^2.
        coefficients[columns] = LinearRegression().fit(rows[:, columns], answers, weights).coef_
    return coefficients


def coalitions(players: int, most: int, rng: np.random.Generator) -> tuple[Masks, Numbers]:
    """Subsets of players, neither none nor all, and what each counts in the fit: all of them where they are at most
    `most`, else `most` drawn by the kernel's own weights, each beside its complement.

    Lundberg, Lee, "A Unified Approach to Interpreting Model Predictions" (2017), theorem 2; the pairs: Covert, Lee,
    "Improving KernelSHAP" (2021).

    Returns:
        (m, players) bool, (m,).
    """
    if 2**players - 2 <= most:
        members = (np.arange(1, 2**players - 1)[:, None] >> np.arange(players) & 1).astype(np.bool_)
        counts = members.sum(axis=1)
        # Theorem 2: pi(z) = (M - 1) / (C(M, |z|) |z| (M - |z|)).
        return members, (players - 1) / (binom(players, counts) * counts * (players - counts))
    sizes = np.arange(1, players)
    # A size's share of the kernel: C(M, s) pi(s), of which C(M, s) cancels.
    shares = 1 / (sizes * (players - sizes))
    draws = rng.choice(sizes, most // 2, p=shares / shares.sum())
    order = rng.random((most // 2, players)).argsort(axis=1).argsort(axis=1)
    half = order < draws[:, None]
    return np.concatenate([half, ~half]), np.ones(2 * len(half))


def shapley(members: Masks, answers: Numbers, weights: Numbers, none: float, everything: float) -> Numbers:
    """The weights of players that add up to `everything - none`, fitted to what coalitions answer.

    Lundberg, Lee, equations 2 and 5 with theorem 2's kernel. The last player's weight is what the others' leave.

    Args:
        members: (m, d).
        answers: (m,), to the coalitions.
        weights: (m,), of the coalitions.
        none: the answer where nobody takes part.
        everything: the answer where all do.

    Returns:
        (d,).
    """
    total = everything - none
    if members.shape[1] == 1:
        return np.array([total])
    last = members[:, -1].astype(np.float64)
    fit = LinearRegression(fit_intercept=False)
    fit.fit(members[:, :-1] - last[:, None], answers - none - last * total, weights)
    return np.append(fit.coef_, total - fit.coef_.sum())
