"""A hierarchical probit model of yes and no: signal detection with raters, items and their parts, by PyMC.

PyMC is an extra of its own, `signal`: nothing here imports it before a model is sampled.
"""

import logging
import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
from tqdm import tqdm

from analysis.errors import AnalysisError
from analysis.inference import Numbers
from analysis.inference.units import Codes

CHAINS, TUNE, DRAWS = 4, 500, 750
"""Chains, the draws of each that adapt the sampler and are dropped, and those of each that are kept."""

SEED = 0
_PRIOR_SD = 3.0
"""Prior SD of the mean of a condition, normal around 0: keeps it finite where all answers are the same."""


@dataclass(frozen=True)
class Observations:
    """Answers to one question, a row each.

    answers: (n,) of 0 and 1. condition, rater, item: (n,) codes from 0. parts: codes from 0 of what several items
    share, such as an image, (n,) each; -1 where an item has none there. signal: (conditions,), 1 where "yes" is right.
    """

    answers: Numbers
    condition: Codes
    rater: Codes
    item: Codes
    parts: Sequence[Codes]
    signal: Numbers


@dataclass(frozen=True)
class Posterior:
    """Draws of a model's parameters, in units of the noise of a single answer.

    means: (chains, draws, conditions), the probit of "yes" of the typical rater for the typical item. criterion, slope,
    part: (chains, draws), standard deviations of the raters' criteria, of their sensitivities, and of the effects of
    parts. item: (chains, draws, conditions), those of items. divergences: of the draws kept.
    """

    means: Numbers
    criterion: Numbers
    slope: Numbers
    item: Numbers
    part: Numbers
    divergences: int

    def rates(self, of: Observations) -> Numbers:
        """The probit (chains, draws, conditions) of the rate of "yes" over all raters, items and parts that there may
        be, and not only those that were asked and shown: z of a hit rate, or of a false alarm rate.
        """
        variance = 1 + self.item**2 + (self.criterion**2)[..., None] + (self.slope**2)[..., None] * of.signal
        return self.means / np.sqrt(variance + (self.part**2)[..., None] * _parts_of_each(of))


def check_installed(switch: str) -> None:
    """Refuses where PyMC is not there.

    Raises:
        AnalysisError: it is not installed.
    """
    if find_spec("pymc") is None:
        raise AnalysisError(f"{switch} samples with PyMC, which is not installed: pip install 'lands-between[signal]'")


def sample(
    of: Observations, *, chains: int = CHAINS, tune: int = TUNE, draws: int = DRAWS, seed: int = SEED
) -> Posterior:
    """Draws from the posterior of

        probit P(yes) = mean[condition] + criterion[rater] + signal[condition] * slope[rater] + item + sum of parts

    criterion, slope, item and part are normal around 0 with standard deviations that are estimated, that of items for
    each condition. Priors: means normal with SD 3, standard deviations half-normal with scale 1.

    Source: J. N. Rouder, J. Lu, "An introduction to Bayesian hierarchical models with an application in the theory of
    signal detection", Psychonomic Bulletin & Review 12 (2005); the sampler is NUTS, M. D. Hoffman, A. Gelman, "The
    No-U-Turn Sampler", Journal of Machine Learning Research 15 (2014).
    """
    bar = tqdm(total=chains * (tune + draws), desc="signal detection", unit="draw", disable=None)
    with warnings.catch_warnings(), bar:
        warnings.simplefilter("ignore")  # of versions to come, and of a BLAS that the model does not use
        import pymc

        logging.getLogger("pymc").setLevel(logging.ERROR)
        with _model(of):
            trace = pymc.sample(
                draws,
                tune=tune,
                chains=chains,
                cores=min(chains, _cores()),
                random_seed=seed,
                progressbar=False,
                compute_convergence_checks=False,
                callback=lambda trace, draw: bar.update(),
                mp_ctx="forkserver",  # the threads of other libraries do not live through a fork
            )
    arrays: dict[str, Numbers] = {
        name: trace.posterior[name].to_numpy() for name in ("means", "raters", "items", "part")
    }
    return Posterior(
        arrays["means"],
        arrays["raters"][..., 0],
        arrays["raters"][..., 1],
        arrays["items"],
        arrays["part"],
        int(trace.sample_stats["diverging"].sum()),
    )


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _model(of: Observations) -> Any:
    import pymc
    from pytensor import tensor

    n_conditions, n_raters, n_items = len(of.signal), _count(of.rater), _count(of.item)
    with pymc.Model() as model:
        means = pymc.Normal("means", 0, _PRIOR_SD, shape=n_conditions)
        raters = pymc.HalfNormal("raters", 1, shape=2)
        items = pymc.HalfNormal("items", 1, shape=n_conditions)
        part = pymc.HalfNormal("part", 1)
        rater = pymc.Normal("rater", 0, 1, shape=(2, n_raters))
        item = pymc.Normal("item", 0, 1, shape=n_items)
        # one more, always 0, for what is none
        effects = tensor.concatenate([pymc.Normal("effects", 0, 1, shape=_count(*of.parts)), np.zeros(1)])
        probit = means[of.condition] + items[of.condition] * item[of.item]
        probit += raters[0] * rater[0][of.rater] + raters[1] * of.signal[of.condition] * rater[1][of.rater]
        for codes in of.parts:
            probit += part * effects[codes]
        signs = 2 * of.answers - 1
        pymc.Potential("answers", tensor.sum(pymc.logcdf(pymc.Normal.dist(0, 1), signs * probit)))
    return model


def _count(*codes: Codes) -> int:
    return max((int(each.max(initial=-1)) + 1 for each in codes), default=0)


def _parts_of_each(of: Observations) -> Numbers:
    """(conditions,), how many parts the items of each have, on the average of its answers."""
    parts = np.sum([codes >= 0 for codes in of.parts], axis=0) if of.parts else np.zeros(len(of.answers))
    n = np.bincount(of.condition, minlength=len(of.signal))
    return np.asarray(np.bincount(of.condition, parts, len(of.signal)) / np.maximum(n, 1), np.float64)
