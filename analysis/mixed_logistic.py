"""A logistic model with two crossed random intercepts, and random slopes of one grouping, by Laplace's approximation.

statsmodels has such a model, but takes three minutes for ten thousand ratings of a thousand pairs, and its variational
fit shrinks the intercept to nothing there. Here each step solves for all random effects at once: those of the larger
grouping do not touch each other, so that only a system of the size of the smaller one is left.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import optimize, sparse, special, stats
from threadpoolctl import threadpool_limits

from analysis.frames import Numbers

_MOST_STEPS = 50
_TOLERANCE = 1e-8
_PRIOR_SD = 10.0
"""Prior SD of a fixed effect, normal around 0, in log odds: keeps it finite where a kind has one answer only."""

_MOST_MOVED = 50.0
"""Standard errors that a coefficient may move from where it is without random effects."""
_LOGS = (-5.0, 3.0)
"""Bounds of the logarithm of a standard deviation."""
_MOST_LOG_ERROR = 2.0
"""Largest standard error of such a logarithm: beyond, an interval would reach over three powers of ten."""

Codes = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Fit:
    """coefficients, errors: (p,), in log odds. deviations: standard deviations of the random effects: intercepts of the
    larger grouping, of the smaller one, its slopes. limits: (deviations, 2), their 95 % intervals by the curvature of
    the likelihood in their logarithms. at_bound: which of them the search left at a bound, where neither means
    anything.
    """

    coefficients: Numbers
    errors: Numbers
    deviations: Numbers
    limits: Numbers
    at_bound: npt.NDArray[np.bool_]
    log_likelihood: float
    converged: bool

    @property
    def sd_large(self) -> float:
        """Standard deviation of the intercepts of the larger grouping."""
        return float(self.deviations[0])

    @property
    def sd_small(self) -> float:
        """Standard deviation of the intercepts of the smaller grouping."""
        return float(self.deviations[1])


@dataclass(frozen=True)
class _Data:
    answers: Numbers
    design: Numbers
    large: Codes
    small: Codes
    n_large: int
    n_small: int
    slopes: Numbers | None = None

    @cached_property
    def loads(self) -> Numbers:
        """(n, q), what each effect of the smaller grouping is multiplied by: 1, then the slopes' variables."""
        ones = np.ones((len(self.answers), 1))
        return ones if self.slopes is None else np.hstack([ones, self.slopes])


@dataclass(frozen=True)
class _Mode:
    """The peak of the joint density of answers and standardized random effects, and the curvature there."""

    effects: Numbers
    probabilities: Numbers
    log_density: float
    curvature: "_Curvature"


@dataclass(frozen=True)
class _Curvature:
    """The negative Hessian [[diag(diagonal), border], [border.T, C]] of the random effects.

    `inner` is what is left of C when the larger grouping is eliminated.
    """

    diagonal: Numbers
    border: sparse.csr_array
    inner: Numbers

    def log_determinant(self) -> float:
        """The logarithm of the determinant of the negative Hessian."""
        return float(np.log(self.diagonal).sum() + 2 * np.log(np.diag(np.linalg.cholesky(self.inner))).sum())

    def solve(self, right: Numbers) -> Numbers:
        """The inverse times `right` (effects, k)."""
        large, small = right[: len(self.diagonal)], right[len(self.diagonal) :]
        of_small = np.linalg.solve(self.inner, small - self.border.T @ (large / self.diagonal[:, None]))
        return np.concatenate([(large - self.border @ of_small) / self.diagonal[:, None], of_small])

    def inverse_at(self, large: Codes, small: Codes, q: int) -> tuple[Numbers, Numbers, Numbers]:
        """Entries of the inverse at (large, large), (large, small) and (small, small): (n,), (n, q) and (n, q, q)."""
        inverse = np.linalg.inv(self.inner)
        scaled = sparse.diags_array(1 / self.diagonal) @ self.border
        across = -(scaled @ inverse)
        of_large = 1 / self.diagonal - scaled.multiply(across).sum(axis=1)
        places = small[:, None] + len(inverse) // q * np.arange(q)
        return of_large[large], across[large[:, None], places], inverse[places[:, :, None], places[:, None, :]]


def fit(answers: Numbers, design: Numbers, large: Codes, small: Codes, slopes: Numbers | None = None) -> Fit:
    """The model answers ~ Bernoulli(logistic(design @ coefficients + u[large] + v[small] + slopes @ w[small])).

    u, v and each column of w are normal around 0, independent of one another.

    answers: (n,) of 0 and 1. design: (n, p), with the intercept. large, small: (n,) codes from 0 of the two groupings;
    `large` is the one with more groups. slopes: (n, s), variables whose effect differs between groups of `small`. The
    errors are those of the coefficients, given the standard deviations.

    Coefficients and standard deviations maximize the likelihood with the random effects integrated out by Laplace's
    approximation, as lme4's `glmer` does; but for a normal prior on the coefficients with standard deviation 10.
    """
    data = _Data(answers, design, large, small, int(large.max()) + 1, int(small.max()) + 1, slopes)
    p, q = design.shape[1], data.loads.shape[1]
    start, scale = _logistic_start(data)
    effects = [np.zeros(data.n_large + q * data.n_small)]  # each search for the mode starts at the last one

    def coefficients_and_logs(searched: Numbers) -> Numbers:
        return np.concatenate([start + scale @ searched[:p], searched[p:]])

    def objective(searched: Numbers) -> tuple[float, Numbers]:
        parameters = coefficients_and_logs(searched)
        mode = _mode(data, parameters[:p], np.exp(parameters[p:]), effects[0])
        effects[0] = mode.effects
        value, gradient = _objective(data, parameters, mode)
        return value, np.concatenate([scale.T @ gradient[:p], gradient[p:]])

    first = np.concatenate([np.zeros(p), np.full(1 + q, np.log(0.5))])
    bounds = [(-_MOST_MOVED, _MOST_MOVED)] * p + [_LOGS] * (1 + q)
    with threadpool_limits(1):  # the matrices are too small for more
        result = optimize.minimize(objective, first, jac=True, method="L-BFGS-B", bounds=bounds)
        at_bound = np.isclose(result.x[p:], _LOGS[0], atol=1e-3) | np.isclose(result.x[p:], _LOGS[1], atol=1e-3)
        limits = _log_limits(lambda at: objective(at)[1], result.x, p, at_bound)
    stopped = bool(np.any(np.abs(result.x[:p]) > _MOST_MOVED - 1e-3) or np.any(result.x[p:] > _LOGS[1] - 1e-3))
    parameters = coefficients_and_logs(result.x)
    coefficients, deviations = parameters[:p], np.exp(parameters[p:])
    mode = _mode(data, coefficients, deviations, effects[0])
    errors = np.sqrt(np.diag(np.linalg.inv(_information(data, deviations, mode))))
    likelihood = mode.log_density - 0.5 * mode.curvature.log_determinant()
    converged = bool(result.success) and not stopped
    return Fit(coefficients, errors, deviations, limits, at_bound, likelihood, converged)


def _log_limits(
    gradient: Callable[[Numbers], Numbers], at: Numbers, p: int, at_bound: npt.NDArray[np.bool_]
) -> Numbers:
    """95 % intervals (1 + q, 2) of the standard deviations, from the curvature in all parameters.

    NaN at a bound, and where the likelihood is flat.
    """
    free = np.concatenate([np.ones(p, np.bool_), ~at_bound])
    places, step = np.flatnonzero(free), 1e-3
    moves = step * np.eye(len(at))[places]
    hessian = np.array([(gradient(at + move) - gradient(at - move))[free] / (2 * step) for move in moves])
    variances = np.full(len(at), np.nan)
    variances[places] = np.diag(np.linalg.pinv((hessian + hessian.T) / 2))
    with np.errstate(invalid="ignore"):
        errors = np.sqrt(np.where(variances > 0, variances, np.nan)[p:])
    reach = stats.norm.ppf(0.975) * np.where(errors < _MOST_LOG_ERROR, errors, np.nan)
    return np.asarray(np.exp(at[p:, None] + np.stack([-reach, reach], axis=1)))


def _objective(data: _Data, parameters: Numbers, mode: _Mode) -> tuple[float, Numbers]:
    """The objective and its gradient, at coefficients (p,) and the logarithms of the two standard deviations.

    The mode moves with the parameters, and the curvature with the mode: hence the second half.
    """
    p = data.design.shape[1]
    coefficients, deviations = parameters[:p], np.exp(parameters[p:])
    penalty = 0.5 * float(coefficients @ coefficients) / _PRIOR_SD**2
    value = penalty - mode.log_density + 0.5 * mode.curvature.log_determinant()
    residual = data.answers - mode.probabilities
    weights = mode.probabilities * (1 - mode.probabilities)
    q, n_large = data.loads.shape[1], data.n_large
    of_small = data.loads * mode.effects[n_large:].reshape(q, -1).T[data.small]
    directions = np.column_stack([data.design, mode.effects[data.large], of_small])  # of the predictor, by parameter
    gradient = -directions.T @ residual + np.concatenate([coefficients / _PRIOR_SD**2, np.zeros(1 + q)])

    large, across, small = mode.curvature.inverse_at(data.large, data.small, q)
    a, scaled = deviations[0], data.loads * deviations[1:]
    of_across, of_inner = (across * scaled).sum(axis=1), np.einsum("nk,nkl->nl", scaled, small)
    leverage = a**2 * large + 2 * a * of_across + (of_inner * scaled).sum(axis=1)
    slope = leverage * weights * (1 - 2 * mode.probabilities)
    moved = -np.column_stack([_by_effect(data, deviations, weights * column) for column in directions.T])
    moved[:n_large, p] += np.bincount(data.large, residual, minlength=n_large)
    for k in range(q):
        start = n_large + k * data.n_small
        moved[start : start + data.n_small, p + 1 + k] += np.bincount(
            data.small, residual * data.loads[:, k], minlength=data.n_small
        )
    through_mode = moved.T @ mode.curvature.solve(_by_effect(data, deviations, slope)[:, None])[:, 0]
    gradient += 0.5 * (directions.T @ slope + through_mode)
    gradient[p] += weights @ (a * large + of_across)
    gradient[p + 1 :] += weights @ (data.loads * (of_inner + a * across))
    gradient[p:] *= deviations
    return value, gradient


def _logistic_start(data: _Data) -> tuple[Numbers, Numbers]:
    """The coefficients without random effects, and a root of their covariance: in its units a search is well scaled."""
    coefficients = np.zeros(data.design.shape[1])
    ridge = np.eye(len(coefficients)) / _PRIOR_SD**2
    for _ in range(20):
        p = special.expit(data.design @ coefficients)
        information = (data.design.T * (p * (1 - p))) @ data.design + ridge
        step = np.linalg.solve(information, data.design.T @ (data.answers - p) - ridge @ coefficients)
        coefficients = coefficients + np.clip(step, -1, 1)
    return coefficients, np.linalg.cholesky(np.linalg.inv(information))


def _mode(data: _Data, coefficients: Numbers, deviations: Numbers, start: Numbers) -> _Mode:
    """Newton's method, halving a step that leads down; the density is concave."""
    fixed, effects = data.design @ coefficients, start
    density = _log_density(data, fixed, deviations, effects)
    for _ in range(_MOST_STEPS):
        p = special.expit(fixed + _linear(data, deviations, effects))
        gradient = _by_effect(data, deviations, data.answers - p) - effects
        step = _curvature(data, deviations, p * (1 - p)).solve(gradient[:, None])[:, 0]
        proposed = _log_density(data, fixed, deviations, effects + step)
        while proposed < density - 1e-9 and np.abs(step).max() > 1e-12:
            step = step / 2
            proposed = _log_density(data, fixed, deviations, effects + step)
        effects, gain, density = effects + step, proposed - density, proposed
        if gain < _TOLERANCE:
            break
    p = special.expit(fixed + _linear(data, deviations, effects))
    return _Mode(effects, p, density, _curvature(data, deviations, p * (1 - p)))


def _linear(data: _Data, deviations: Numbers, effects: Numbers) -> Numbers:
    q = data.loads.shape[1]
    of_small = effects[data.n_large :].reshape(q, -1).T[data.small]
    linear: Numbers = deviations[0] * effects[data.large] + (data.loads * deviations[1:] * of_small).sum(axis=1)
    return linear


def _by_effect(data: _Data, deviations: Numbers, values: Numbers) -> Numbers:
    large = deviations[0] * np.bincount(data.large, values, minlength=data.n_large)
    loads = (data.loads * deviations[1:]).T
    return np.concatenate([large, *(np.bincount(data.small, values * load, minlength=data.n_small) for load in loads)])


def _log_density(data: _Data, fixed: Numbers, deviations: Numbers, effects: Numbers) -> float:
    """The log density of answers and standardized effects, less a constant that Laplace's approximation cancels."""
    linear = fixed + _linear(data, deviations, effects)
    return float(data.answers @ linear - np.logaddexp(0, linear).sum() - 0.5 * effects @ effects)


def _curvature(data: _Data, deviations: Numbers, weights: Numbers) -> _Curvature:
    n, loads = data.n_small, data.loads * deviations[1:]
    q = loads.shape[1]
    diagonal = 1 + deviations[0] ** 2 * np.bincount(data.large, weights, minlength=data.n_large)
    entries = np.concatenate([deviations[0] * weights * load for load in loads.T])
    places = (np.tile(data.large, q), np.concatenate([data.small + k * n for k in range(q)]))
    border = sparse.csr_array((entries, places), shape=(data.n_large, q * n))
    inner = np.eye(q * n) - (border.T @ (sparse.diags_array(1 / diagonal) @ border)).toarray()
    groups = np.arange(n)
    for k in range(q):
        for other in range(q):
            sums = np.bincount(data.small, weights * loads[:, k] * loads[:, other], minlength=n)
            inner[groups + k * n, groups + other * n] += sums
    return _Curvature(diagonal, border, inner)


def _information(data: _Data, deviations: Numbers, mode: _Mode) -> Numbers:
    """The information (p, p) of the coefficients: the curvature of the joint density, random effects eliminated."""
    weights = mode.probabilities * (1 - mode.probabilities)
    across = np.column_stack([_by_effect(data, deviations, weights * column) for column in data.design.T])
    fixed = (data.design.T * weights) @ data.design + np.eye(data.design.shape[1]) / _PRIOR_SD**2
    information: Numbers = fixed - across.T @ mode.curvature.solve(across)
    return information
