"""The coverage of the intervals of the report on explanations, in studies drawn as they come.

python -m benchmarks.explanation [--replications 2000]

Batches have 8 pictures, 40 couples of maps and ten raters. What is measured between two maps hangs on the couple, on
its picture, and on the batch, whose drawn weights are shared; people see the same with noise, and raters lean. The
truth is the same figure of a much larger study.

Printed: the share of intervals that hold it, in percent, with its Monte Carlo error.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analysis.inference import FISHER, Interval, Numbers, jackknife, weighted_mean, weighted_pearson
from analysis.studies.explanation.tables.measure_differences import closer

REPLICATIONS, TRUTH_BATCHES = 2000, 20_000
BATCHES = (3, 5, 12)
PICTURES, COUPLES, RATERS = 8, 40, 10


@dataclass(frozen=True)
class Couples:
    """n couples of maps: people's mean likeness, two measures, and the columns batch and picture (n, 2)."""

    likeness: Numbers
    near: Numbers
    far: Numbers
    units: npt.NDArray[np.intp]


def draw(batches: int, seed: int) -> Couples:
    """The couples of so many batches."""
    rng = np.random.default_rng(seed)
    batch = np.repeat(np.arange(batches), COUPLES)
    picture = batch * PICTURES + rng.integers(0, PICTURES, len(batch))

    def shared(of_couple: float, of_picture: float, of_batch: float) -> Numbers:
        parts = rng.normal(size=len(batch)), rng.normal(size=batches * PICTURES), rng.normal(size=batches)
        drawn: Numbers = of_couple * parts[0] + of_picture * parts[1][picture] + of_batch * parts[2][batch]
        return drawn

    truth = shared(1.0, 0.4, 0.3)
    lean = rng.normal(0, 0.5, (batches, RATERS)).mean(axis=1)
    likeness = truth + lean[batch] + rng.normal(0, 0.8 / np.sqrt(RATERS), len(batch))
    near, far = truth + shared(0.5, 0.3, 0.2), truth + shared(0.8, 0.3, 0.2)
    return Couples(likeness, near, far, np.column_stack([batch, picture]))


Figure = Callable[[Couples], Interval]

FIGURES: dict[str, Figure] = {
    "mean of a curve": lambda of: jackknife(weighted_mean(of.near), of.units),
    "correlation with people": lambda of: jackknife(weighted_pearson(of.near, of.likeness), of.units, FISHER),
    "difference of two measures": lambda of: jackknife(closer(of.likeness, of.near, of.far), of.units),
}


def main() -> None:
    """Prints a line per figure and number of batches."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replications", type=int, default=REPLICATIONS)
    replications = parser.parse_args().replications
    much = draw(TRUTH_BATCHES, 1)
    for name, figure in FIGURES.items():
        truth = figure(much).estimate
        for batches in BATCHES:
            intervals = [figure(draw(batches, 2 + seed)) for seed in range(replications)]
            coverage = np.mean([each.low <= truth <= each.high for each in intervals])
            error = 100 * np.sqrt(coverage * (1 - coverage) / replications)
            print(
                f"{name:28}{batches:4} batches  {100 * coverage:5.1f} +- {error:.1f}  (truth {truth:.3f})", flush=True
            )


if __name__ == "__main__":
    main()
