import numpy as np
import pandas as pd
import pytest
from scipy import special, stats

from analysis.inference import TOO_FEW, rate, rate_from_replicates, wilson
from analysis.inference.rates import clopper_pearson


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_gives_the_figures_of_newcombe_1998(successes: int, n: int, low: float, high: float) -> None:
    assert wilson(successes, n) == pytest.approx((low, high), abs=5e-5)


def test_wilson_of_nothing() -> None:
    assert np.isnan(wilson(0, 0)).all()


@pytest.mark.parametrize(("successes", "n"), [(0, 20), (3, 40), (40, 40), (7, 9)])
def test_clopper_and_pearson_as_in_scipy(successes: int, n: int) -> None:
    oracle = stats.binomtest(successes, n).proportion_ci(0.95, method="exact")
    assert clopper_pearson(np.float64(successes / n), np.float64(n)) == pytest.approx(tuple(oracle))


def test_between_the_ends_it_is_students_on_the_logit() -> None:
    """Shares .2, .4, .6, .8 of four batches of ten rows: leaving each out gives 18, 16, 14 and 12 of 30."""
    successes = np.array([2, 4, 6, 8])
    values = np.concatenate([np.arange(10) < n for n in successes]).astype(float)
    found = rate(values, np.repeat(np.arange(4), 10))
    logits = special.logit(np.array([18, 16, 14, 12]) / 30)
    reach = stats.t.ppf(0.975, 3) * np.sqrt(3 / 4 * ((logits - logits.mean()) ** 2).sum())
    assert (found.low, found.high) == pytest.approx((special.expit(-reach), special.expit(reach)))
    assert (found.estimate, found.n, found.note) == (0.5, 4, "")


def test_where_nothing_varies_every_finest_unit_is_a_row() -> None:
    """No success in 10 batches of 4 bases of 3 rows: 40 rows, fewer by (1.960 / 2.262)^2, 30.03."""
    units = pd.DataFrame({"batch": np.repeat(np.arange(10), 12), "base": np.repeat(np.arange(40), 3)})
    found = rate(np.zeros(120), units)
    assert (found.low, found.high) == pytest.approx((0, 1 - 0.025 ** (1 / 30.03)), rel=1e-3)
    assert found.words() == "Korn and Graubard's interval of 10 batches, conservative"
    ones = rate(np.ones(120), units)
    assert (ones.low, ones.high) == pytest.approx((1 - found.high, 1))


def test_near_the_ends_it_counts_as_many_rows_as_have_the_variance() -> None:
    """One success in each of two batches of five with 10 rows: .04, jackknife variance .006 / 25."""
    values = np.zeros(50)
    values[[0, 10]] = 1
    found = rate(values, np.repeat(np.arange(5), 10))
    shares = np.array([0.1, 0.1, 0, 0, 0])
    effective = 0.04 * 0.96 / (shares.var(ddof=1) / 5) * (1.959964 / 2.776445) ** 2
    low, high = clopper_pearson(np.float64(0.04), np.float64(min(effective, 50)))
    assert (found.low, found.high) == pytest.approx((float(low), float(high)), rel=1e-5)


def test_batches_without_rows_do_not_count() -> None:
    found = rate(np.array([0.0, 1, 0, 1]), [0, 1, 2, 3], np.array([1.0, 1, 0, 0]))
    assert (found.estimate, found.n, found.note) == (0.5, 2, TOO_FEW)
    assert rate(np.array([]), []).note == "no such row"


def test_a_share_from_replicates_is_as_that_of_its_rows() -> None:
    values, units = np.concatenate([np.arange(10) < n for n in (2, 4, 6, 8)]).astype(float), np.repeat(np.arange(4), 10)
    found = rate_from_replicates(0.5, np.array([18, 16, 14, 12]) / 30, 40, 4)
    assert found == rate(values, units)


def test_a_share_that_is_not_defined_without_a_batch_has_no_interval() -> None:
    found = rate_from_replicates(0.5, np.array([0.5, np.nan, 0.5]), 30, 3)
    assert (found.note, np.isnan(found.low)) == ("not defined without one of the batches: no interval", True)
    assert rate_from_replicates(0.5, np.array([0.5, 0.4]), 30, 3).note == TOO_FEW
