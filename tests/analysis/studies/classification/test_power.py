"""What the power table says of widths, against closed forms and against intervals of the design."""

import numpy as np
import pytest
from scipy import stats

from analysis.inference.rates import clopper_pearson
from analysis.studies.classification.tables.power import Design, design_of
from analysis.studies.classification.verdicts import top1_verdicts
from benchmarks.classification import SETTINGS, by_study, draw, limits_of, pilot
from tests.analysis.studies.classification import made

DESIGN = Design(n=300, mistakes=60, raw=0.2, yes=0.4, alike=0.0, between=0.002)


@pytest.mark.parametrize(("raters", "enough"), [(5, 4), (6, 5), (10, 8), (20, 16)])
def test_without_likeness_answers_are_binomial(raters: int, enough: int) -> None:
    assert DESIGN.accepted(raters) == pytest.approx(stats.binom.sf(enough - 1, raters, 0.4))


def test_raters_who_all_say_the_same_accept_as_one_does() -> None:
    alike = Design(n=300, mistakes=60, raw=0.2, yes=0.4, alike=1.0, between=0.002)
    assert (alike.accepted(5), alike.accepted(20)) == (0.4, 0.4)
    assert alike.rectified(5) == pytest.approx(0.12)


def test_a_mean_over_uniform_chances_is_a_fifth_each() -> None:
    """A uniform chance makes every number of yes among 5 as likely: 4 or 5 of 6."""
    uniform = Design(n=300, mistakes=60, raw=0.2, yes=0.5, alike=1 / 3, between=0.002)
    assert uniform.accepted(5) == pytest.approx(2 / 6)


def test_asking_every_mistake_leaves_the_variance_between_batches() -> None:
    assert DESIGN.variance(60, 5) == 0.002
    accepted = DESIGN.accepted(5)
    more = 0.2**2 * accepted * (1 - accepted) * (1 / 10 - 1 / 60)
    assert DESIGN.variance(10, 5) == pytest.approx(0.002 + more)


def test_near_zero_the_width_is_clopper_and_pearsons() -> None:
    few = Design(n=300, mistakes=9, raw=0.03, yes=0.0, alike=0.0, between=0.0004)
    c4 = np.sqrt(2 / 9) * 24 / 11.63172839656745
    effective = 0.03 * 0.97 / (0.0004 / 10 * c4**2) * (1.959964 / 2.262157) ** 2
    low, high = clopper_pearson(np.asarray(0.03), np.asarray(effective))
    assert few.width(10, 9, 5) == pytest.approx(float(high - low), rel=1e-4)


def test_the_design_of_a_study_is_what_its_batches_show() -> None:
    """Three batches of 10 rows with 2, 4 and 6 mistakes, all asked; 5 yes to the first of each batch, else none."""
    labels = [f"a{n // 10}" for n in range(30)]
    said = [["x"] if n % 10 < 2 * (n // 10) + 2 else [label] for n, label in enumerate(labels)]
    rows = made.predictions(labels, [n // 10 for n in range(30)], net=said)
    asked = [("mistake", at, "x", 1.0) for at, first in enumerate(said) if first == ["x"]]
    items = made.items(rows, asked)
    answers = [[at % 10 == 0] * 5 for _, at, _, _ in asked]
    design = design_of(top1_verdicts(made.study(rows, items, made.ratings(items, answers)), "net"))
    assert isinstance(design, Design)
    assert (design.n, design.mistakes, design.raw, design.yes, design.alike) == (10, 4, 0.4, 0.25, 1.0)
    assert design.between == pytest.approx(np.var([0.1, 0.3, 0.5], ddof=1))


def test_expected_widths_are_those_of_simulated_intervals() -> None:
    setting = SETTINGS[0]
    pool, expected = draw(600, setting, 5)["top-1, first"], pilot(setting)
    low, high, _ = limits_of(by_study(pool.totals(), 10), "rectified error")
    asked = np.isfinite(pool.weight).sum(axis=1).mean()
    assert expected.width(10, float(asked), setting.raters) == pytest.approx(float(np.mean(high - low)), rel=0.2)
