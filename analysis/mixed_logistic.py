"""A logistic model with two crossed random intercepts, by Laplace's approximation.

statsmodels has such a model, but takes three minutes for ten thousand ratings of a thousand pairs, and its variational
fit shrinks the intercept to nothing there. Here each step solves for all random effects at once: those of the larger
grouping do not touch each other, so that only a system of the size of the smaller one is left.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize, sparse, special
from threadpoolctl import threadpool_limits

from analysis.frames import Numbers

_MOST_STEPS = 50
_TOLERANCE = 1e-8
_PRIOR_SD = 10.0
"""Of a fixed effect, normal around 0, in log odds: keeps it finite where a kind has one answer only."""

Codes = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Fit:
    """coefficients, errors: (p,), in log odds; sd_large, sd_small: standard deviations of the random intercepts."""

    coefficients: Numbers
    errors: Numbers
    sd_large: float
    sd_small: float
    log_likelihood: float
    converged: bool


@dataclass(frozen=True)
class _Data:
    answers: Numbers
    design: Numbers
    large: Codes
    small: Codes
    n_large: int
    n_small: int


@dataclass(frozen=True)
class _Mode:
    """Where the joint density of answers and standardized random effects is highest, and its curvature there."""

    effects: Numbers
    probabilities: Numbers
    log_density: float
    curvature: "_Curvature"


@dataclass(frozen=True)
class _Curvature:
    """The negative Hessian [[diag(diagonal), border], [border.T, C]] of the random effects, C being diagonal.

    `inner` is what is left of C when the larger grouping is eliminated.
    """

    diagonal: Numbers
    border: sparse.csr_array
    inner: Numbers

    def log_determinant(self) -> float:
        """Of the negative Hessian."""
        return float(np.log(self.diagonal).sum() + 2 * np.log(np.diag(np.linalg.cholesky(self.inner))).sum())

    def solve(self, right: Numbers) -> Numbers:
        """The inverse times `right` (effects, k)."""
        large, small = right[: len(self.diagonal)], right[len(self.diagonal) :]
        of_small = np.linalg.solve(self.inner, small - self.border.T @ (large / self.diagonal[:, None]))
        return np.concatenate([(large - self.border @ of_small) / self.diagonal[:, None], of_small])

    def inverse_at(self, large: Codes, small: Codes) -> tuple[Numbers, Numbers, Numbers]:
        """Entries of the inverse at (large, large), (large, small) and (small, small) of each answer."""
        inverse = np.linalg.inv(self.inner)
        scaled = sparse.diags_array(1 / self.diagonal) @ self.border
        across = -(scaled @ inverse)
        of_large = 1 / self.diagonal - scaled.multiply(across).sum(axis=1)
        return of_large[large], across[large, small], np.diag(inverse)[small]


def fit(answers: Numbers, design: Numbers, large: Codes, small: Codes) -> Fit:
    """The model answers ~ Bernoulli(logistic(design @ coefficients + u[large] + v[small])), u and v normal around 0.

    answers: (n,) of 0 and 1. design: (n, p), with the intercept. large, small: (n,) codes from 0 of the two groupings;
    `large` is the one with more groups. The errors are those of the coefficients, given the standard deviations.

    Coefficients and standard deviations maximize the likelihood with the random effects integrated out by Laplace's
    approximation, as lme4's `glmer` does; but for a normal prior on the coefficients with standard deviation 10.
    """
    data = _Data(answers, design, large, small, int(large.max()) + 1, int(small.max()) + 1)
    p = design.shape[1]
    start, scale = _logistic_start(data)
    effects = [np.zeros(data.n_large + data.n_small)]  # each search for the mode starts at the last one

    def coefficients_and_logs(searched: Numbers) -> Numbers:
        return np.concatenate([start + scale @ searched[:p], searched[p:]])

    def objective(searched: Numbers) -> tuple[float, Numbers]:
        parameters = coefficients_and_logs(searched)
        mode = _mode(data, parameters[:p], np.exp(parameters[p:]), effects[0])
        effects[0] = mode.effects
        value, gradient = _objective(data, parameters, mode)
        return value, np.concatenate([scale.T @ gradient[:p], gradient[p:]])

    first = np.concatenate([np.zeros(p), np.log([0.5, 0.5])])
    bounds = [(-50.0, 50.0)] * p + [(-5.0, 3.0)] * 2
    with threadpool_limits(1):  # the matrices are too small for more
        found = optimize.minimize(objective, first, jac=True, method="L-BFGS-B", bounds=bounds)
    parameters = coefficients_and_logs(found.x)
    coefficients, deviations = parameters[:p], np.exp(parameters[p:])
    mode = _mode(data, coefficients, deviations, effects[0])
    errors = np.sqrt(np.diag(np.linalg.inv(_information(data, deviations, mode))))
    likelihood = mode.log_density - 0.5 * mode.curvature.log_determinant()
    return Fit(coefficients, errors, float(deviations[0]), float(deviations[1]), likelihood, bool(found.success))


def _objective(data: _Data, parameters: Numbers, mode: _Mode) -> tuple[float, Numbers]:
    """What is minimized, and its gradient, at coefficients (p,) and the logarithms of the two standard deviations.

    The mode moves with the parameters, and the curvature with the mode: hence the second half.
    """
    p = data.design.shape[1]
    coefficients, deviations = parameters[:p], np.exp(parameters[p:])
    penalty = 0.5 * float(coefficients @ coefficients) / _PRIOR_SD**2
    value = penalty - mode.log_density + 0.5 * mode.curvature.log_determinant()
    residual = data.answers - mode.probabilities
    weights = mode.probabilities * (1 - mode.probabilities)
    of_large, of_small = mode.effects[: data.n_large][data.large], mode.effects[data.n_large :][data.small]
    directions = np.column_stack([data.design, of_large, of_small])  # of the linear predictor, by parameter
    gradient = -directions.T @ residual + np.concatenate([coefficients / _PRIOR_SD**2, [0, 0]])

    large, across, small = mode.curvature.inverse_at(data.large, data.small)
    a, b = deviations
    leverage = a**2 * large + 2 * a * b * across + b**2 * small
    slope = leverage * weights * (1 - 2 * mode.probabilities)
    moved = -np.column_stack([_by_effect(data, deviations, weights * column) for column in directions.T])
    moved[: data.n_large, p] += np.bincount(data.large, residual, minlength=data.n_large)
    moved[data.n_large :, p + 1] += np.bincount(data.small, residual, minlength=data.n_small)
    through_mode = moved.T @ mode.curvature.solve(_by_effect(data, deviations, slope)[:, None])[:, 0]
    gradient += 0.5 * (directions.T @ slope + through_mode)
    gradient[p] += weights @ (a * large + b * across)
    gradient[p + 1] += weights @ (b * small + a * across)
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
    of_large, of_small = effects[: data.n_large], effects[data.n_large :]
    linear: Numbers = deviations[0] * of_large[data.large] + deviations[1] * of_small[data.small]
    return linear


def _by_effect(data: _Data, deviations: Numbers, values: Numbers) -> Numbers:
    large = np.bincount(data.large, values, minlength=data.n_large)
    small = np.bincount(data.small, values, minlength=data.n_small)
    return np.concatenate([deviations[0] * large, deviations[1] * small])


def _log_density(data: _Data, fixed: Numbers, deviations: Numbers, effects: Numbers) -> float:
    """Of the answers and the standardized effects, without the constant that Laplace's approximation cancels."""
    linear = fixed + _linear(data, deviations, effects)
    return float(data.answers @ linear - np.logaddexp(0, linear).sum() - 0.5 * effects @ effects)


def _curvature(data: _Data, deviations: Numbers, weights: Numbers) -> _Curvature:
    diagonal = 1 + deviations[0] ** 2 * np.bincount(data.large, weights, minlength=data.n_large)
    small = 1 + deviations[1] ** 2 * np.bincount(data.small, weights, minlength=data.n_small)
    shape = (data.n_large, data.n_small)
    border = sparse.csr_array((deviations[0] * deviations[1] * weights, (data.large, data.small)), shape=shape)
    eliminated = border.T @ (sparse.diags_array(1 / diagonal) @ border)
    return _Curvature(diagonal, border, np.diag(small) - eliminated.toarray())


def _information(data: _Data, deviations: Numbers, mode: _Mode) -> Numbers:
    """Of the coefficients (p, p): the curvature of the joint density with the random effects eliminated."""
    weights = mode.probabilities * (1 - mode.probabilities)
    across = np.column_stack([_by_effect(data, deviations, weights * column) for column in data.design.T])
    fixed = (data.design.T * weights) @ data.design + np.eye(data.design.shape[1]) / _PRIOR_SD**2
    information: Numbers = fixed - across.T @ mode.curvature.solve(across)
    return information
