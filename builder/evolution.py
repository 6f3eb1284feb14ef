"""CMA-ES by ask and tell: Hansen, "The CMA Evolution Strategy: A Tutorial" (2016), through the `cma` package."""

import importlib
import math
import types
import warnings
from typing import Any

import numpy as np
import numpy.typing as npt


def strategy(start: npt.NDArray[Any], sigma: float, rng: np.random.Generator, **options: Any) -> Any:
    """A search that begins at `start`, (d,), with this step size, quietly, and draws from `rng` alone.

    options: further ones of cma, such as `maxiter`.
    """
    own = {
        # Without a generator of its own a search draws from, and with `seed` set it reseeds, NumPy's global one.
        "randn": lambda *shape: rng.standard_normal(shape),
        "seed": math.nan,
        "verbose": -9,
        "signals_filename": "",  # else cma takes options from a file of that name in the working folder
        "verb_log": 0,
    }
    return _cma().CMAEvolutionStrategy(start.astype(np.float64), sigma, own | options)


def tell(search: Any, candidates: npt.NDArray[Any], scores: npt.NDArray[Any]) -> None:
    """Tells a search what candidates (p, d) scored, (p,), the lower the better."""
    # check_points=False: cma would otherwise pull back candidates that it did not ask for in these bits.
    search.tell(list(candidates.astype(np.float64)), scores.astype(np.float64).tolist(), check_points=False)


def _cma() -> types.ModuleType:
    """cma is slow to import and warns where matplotlib is absent, which only its plots need."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return importlib.import_module("cma")
