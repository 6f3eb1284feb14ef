"""A figure of which draws from a posterior are there."""

import warnings

import numpy as np

from analysis.inference.interval import CONFIDENCE, Interval
from analysis.inference.numbers import Numbers

MOST_R_HAT = 1.01
"""R-hat up to which chains are taken to have found the same posterior."""

LEAST_DRAWS = 100
"""Effective draws a chain, in the bulk and in the tails, that an interval needs."""


def posterior(draws: Numbers) -> tuple[Interval, float, float]:
    """The mean of draws (chains, n) with its central 95 % credible interval, its R-hat, and its effective draws, the
    fewer of those in the bulk and in the tails.

    Where the chains did not converge, neither the figure nor its interval is there (NaN), and the note says so.

    Source: A. Vehtari et al., "Rank-normalization, folding, and localization: an improved R-hat", Bayesian Analysis 16
    (2021), section 4: R-hat below 1.01, and more than 100 effective draws a chain.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it announces versions to come
        import arviz

    r_hat = float(arviz.rhat(draws))
    effective = float(min(arviz.ess(draws, method=method) for method in ("bulk", "tail")))
    chains = len(draws)
    if not (r_hat <= MOST_R_HAT and effective >= LEAST_DRAWS * chains):
        note = f"the chains did not converge (R-hat {r_hat:.3f}, {effective:.0f} effective draws): no figure"
        return Interval(np.nan, np.nan, np.nan, "none", chains, note), r_hat, effective
    low, high = (float(limit) for limit in np.quantile(draws, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2]))
    return Interval(float(draws.mean()), low, high, "credible", chains), r_hat, effective
