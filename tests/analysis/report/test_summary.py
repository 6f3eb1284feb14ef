import numpy as np
import pytest
from scipy import stats

from analysis.report.summary import Claim, sorted_claims


def claim(estimate: float, low: float, high: float, reference: float = 0.0, table: str = "t") -> Claim:
    return Claim(table, "figure", estimate, low, high, reference, above="More", below="Less", whether="whether more")


def test_p_is_that_of_the_interval() -> None:
    """A figure of 2 with a standard error of 1 and 9 degrees of freedom, in its t interval."""
    reach = stats.t.ppf(0.975, 9)
    assert claim(2, 2 - reach, 2 + reach).p(9) == pytest.approx(2 * stats.t.sf(2, 9))
    assert claim(reach, 0, 2 * reach).p(9) == pytest.approx(0.05)
    assert np.isnan(claim(2, np.nan, np.nan).p(9))


def test_what_is_certain_is_one_family() -> None:
    """Alone, 0.03 is below 5 %; as the largest of two it stays so, beside one that is not significant it does not."""
    sure, nearly, unsure = claim(5, 4, 6), claim(2.0, 0.2, 3.8), claim(0.1, -1, 1.2)
    assert 0.02 < nearly.p(9) < 0.05
    assert sorted_claims([nearly, sure], 9) == ([sure, nearly], [])
    assert sorted_claims([nearly, unsure, sure], 9) == ([sure], [unsure, nearly])


def test_a_claim_without_an_interval_is_open_and_first() -> None:
    unknown, unsure = claim(3, np.nan, np.nan), claim(0.1, -1, 1.2)
    assert sorted_claims([unsure, unknown], 9) == ([], [unknown, unsure])
    assert unknown.sentence(False) == "It is open whether more: figure 3 (no interval)."


def test_sentences() -> None:
    assert claim(0.5, 0.25, 0.75).sentence(True) == "More: figure 0.500 (0.250 to 0.750)."
    assert claim(-0.5, -0.75, -0.25).sentence(True) == "Less: figure -0.500 (-0.750 to -0.250)."
