"""The coverage of the intervals of a classification report, and whether its power table tells their width.

python -m benchmarks.classification [--replications 2000]

Every cell draws 2,000 studies of 3, 5 and 10 batches: 6 classes of 50 rows each, whose error rates and agreement differ
by class and batch; two classifiers that share some of their mistakes; at most 40 mistakes of a batch, 40 successful
attacks and 10 rows with all five classes are asked, drawn at random; 5 or 10 raters of a batch of their own, who differ
in how easily they say yes. The truth is the same figure of 20,000 other batches in which every mistake was asked.
Printed as in `benchmarks.coverage`; then, for the rectified top-1 error, the mean width of its intervals beside the one
that the power table expects from a study of 30 batches.
"""

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special

from analysis.inference import PLAIN, limits
from analysis.inference.rates import rate_limits, share_limits
from analysis.studies.classification.data import ACCEPTED, OF
from analysis.studies.classification.tables.power import Design, design_of
from analysis.studies.classification.verdicts import TOP1, Verdicts, rectified_of

Numbers = npt.NDArray[np.float64]
Rows = npt.NDArray[np.bool_]

BATCHES = (3, 5, 10)
REPLICATIONS = 2000
CLASSES, PER_CLASS = 6, 50
ROWS = CLASSES * PER_CLASS
ASKED, ATTACKS_ASKED, FIVES_ASKED = 40, 40, 10
POOL, TRUTH, PILOT = 21, 22, 23
"""Seeds: of studies, of the truth, of the study that the power table is made from."""

_AT_A_TIME = 500
"""Batches that are drawn at a time."""

_TRUTH = 20_000


@dataclass(frozen=True)
class Setting:
    """A sort of study: log odds of a mistake, and of yes to one; raters of a batch."""

    name: str
    error: float
    yes: float
    raters: int


SETTINGS = (
    Setting("a fifth wrong, 5 raters", -1.4, 0.3, 5),
    Setting("a fifth wrong, 10 raters", -1.4, 0.3, 10),
    Setting("few wrong, 5 raters", -3.4, -1.2, 5),
)


@dataclass(frozen=True)
class Judged:
    """The batches' rows (s, ROWS) of one measure, as `Verdicts` has them.

    wrong: counted by the raw error. mistake: what people may side with. stays: an error whatever they say.
    level: how many of 5 would say yes. weight: NaN where people were not asked.
    """

    wrong: Rows
    mistake: Rows
    stays: Rows
    level: Numbers
    weight: Numbers

    def totals(self, *, every: bool = False) -> Numbers:
        """The totals of `Verdicts.totals`, (5, s); of `every` mistake, as if all had been asked."""
        weight = np.where(every & self.mistake, 1.0, np.nan_to_num(self.weight))
        complete = (self.mistake == np.isfinite(self.weight)).all(axis=1, keepdims=True)
        weight = np.where(complete, self.mistake, weight) if not every else weight
        columns = [np.ones(self.wrong.shape), self.stays, self.mistake, weight, weight * (self.level >= ACCEPTED)]
        return np.stack([np.asarray(column, np.float64).sum(axis=1) for column in columns])


def draw(batches: int, setting: Setting, seed: int) -> dict[str, Judged]:
    """Independent batches, by measure."""
    rng = np.random.default_rng(seed)
    parts = [_draw(min(_AT_A_TIME, batches - start), setting, rng) for start in range(0, batches, _AT_A_TIME)]
    return {
        name: Judged(
            *(np.concatenate([getattr(part[name], field) for part in parts]) for field in Judged.__annotations__)
        )
        for name in parts[0]
    }


def _draw(s: int, setting: Setting, rng: np.random.Generator) -> dict[str, Judged]:
    of_class = np.repeat(rng.normal(size=(3, s, CLASSES)), PER_CLASS, axis=2)
    of_batch = rng.normal(size=(3, s, 1))
    hard = setting.error + 0.6 * of_class[0] + 0.3 * of_batch[0] + 0.8 * rng.normal(size=(s, ROWS))
    one, two = (rng.random((s, ROWS)) < special.expit(hard + more) for more in (0.0, 0.3))
    same = one & two & (rng.random((s, ROWS)) < 0.6)
    lenient = 0.6 * rng.normal(size=(s, 1, setting.raters))
    ease = setting.yes + 0.4 * of_class[1] + 0.2 * of_batch[1]
    answers = [_levels(ease + 2.0 * rng.normal(size=(s, ROWS)), lenient, rng) for _ in range(2)]
    slots = np.concatenate([one, two & ~same], axis=1)
    weight = _drawn(slots, ASKED, rng)
    level_two = np.where(same, answers[0], answers[1])
    weight_two = np.where(same, weight[:, :ROWS], weight[:, ROWS:])
    none = np.zeros_like(one)
    made = {
        "top-1, first": Judged(one, one, none, answers[0], np.where(one, weight[:, :ROWS], np.nan)),
        "top-1, second": Judged(two, two, none, level_two, np.where(two, weight_two, np.nan)),
    }
    others = [_levels(ease - 2.0 + 2.0 * rng.normal(size=(s, ROWS)), lenient, rng) for _ in range(4)]
    most, out = (np.maximum.reduce([answers[0], *others]), one & (rng.random((s, ROWS)) < 0.3))
    fives = _drawn(one, FIVES_ASKED, rng)
    made["top-5, over top-1 mistakes"] = Judged(out, one, none, most, fives)
    made["top-5, over top-5 mistakes"] = Judged(out, out, none, most, np.where(out, fives, np.nan))
    success = ~one & (rng.random((s, ROWS)) < special.expit(2.0 + 0.5 * of_class[2] + 0.3 * of_batch[2]))
    level = _levels(setting.yes - 1.5 + 0.4 * of_class[2] + 1.5 * rng.normal(size=(s, ROWS)), lenient, rng)
    made["after the attack"] = Judged(one | success, success, one, level, _drawn(success, ATTACKS_ASKED, rng))
    return made


def _levels(ease: Numbers, lenient: Numbers, rng: np.random.Generator) -> Numbers:
    """(s, ROWS), how many of 5 say yes."""
    yes = np.zeros(ease.shape)
    for rater in range(lenient.shape[2]):
        yes += rng.random(ease.shape) < special.expit(ease + lenient[:, :, rater])
    return np.asarray(np.floor(OF * yes / lenient.shape[2]), np.float64)


def _drawn(there: Rows, most: int, rng: np.random.Generator) -> Numbers:
    """The weights of at most so many of each batch, (s, n), NaN where one was not drawn."""
    order = np.where(there, rng.random(there.shape), np.inf)
    rank = order.argsort(axis=1).argsort(axis=1)
    n = there.sum(axis=1, keepdims=True)
    return np.where(there & (rank < most), n / np.maximum(np.minimum(n, most), 1), np.nan)


def by_study(per_batch: Numbers, batches: int) -> Numbers:
    """(..., studies, batches), of the first batches."""
    n = per_batch.shape[-1] // batches
    return per_batch[..., : n * batches].reshape(*per_batch.shape[:-1], n, batches)


def limits_of(totals: Numbers, figure: str) -> tuple[Numbers, Numbers, Rows]:
    """Low, high and whether conservative, (studies,), of totals (5, studies, batches)."""
    n, _, _, asked, accepted = totals
    if figure == "rectified error":
        summed = totals.sum(axis=2, keepdims=True)
        error, without = rectified_of(summed)[:, 0], rectified_of(summed - totals)
        low, high, near = share_limits(error, without, n.sum(axis=1), totals.shape[2] * CLASSES)
        finite = np.isfinite(error) & np.isfinite(without).all(axis=1)
        return np.where(finite, low, np.nan), high, near
    whole = (asked > 0).all(axis=1)
    low, high, near = rate_limits(accepted, np.where(whole[:, None], asked, np.nan), totals.shape[2] * CLASSES)
    return low, high, near


def line(name: str, figure: str, pool: dict[str, Judged], truth: dict[str, Judged], replications: int) -> str:
    """One figure's row of the table."""
    everything = truth[name].totals(every=True).sum(axis=1)
    true = float(rectified_of(everything)) if figure == "rectified error" else float(everything[4] / everything[3])
    drawn, cells = pool[name].totals(), []
    for batches in BATCHES:
        low, high, near = limits_of(by_study(drawn, batches), figure)
        cells.append(_cell(low[:replications], high[:replications], true, near[:replications]))
    return f"| {figure}, {name} | {true:.3f} | {' | '.join(cells)} |"


def difference_line(pool: dict[str, Judged], truth: dict[str, Judged], replications: int) -> str:
    """The difference of two classifiers."""
    pair = ("top-1, first", "top-1, second")
    first, second = (float(rectified_of(truth[name].totals(every=True).sum(axis=1))) for name in pair)
    cells = []
    for batches in BATCHES:
        errors = []
        for name in pair:
            totals = by_study(pool[name].totals(), batches)
            summed = totals.sum(axis=2, keepdims=True)
            errors.append((rectified_of(summed)[:, 0], rectified_of(summed - totals)))
        (one, without_one), (other, without_other) = errors
        low, high, _ = limits(one - other, without_one - without_other, PLAIN)
        cells.append(_cell(low[:replications], high[:replications], first - second, np.zeros(len(low), np.bool_)))
    return f"| difference of rectified errors | {first - second:.3f} | {' | '.join(cells)} |"


def _cell(low: Numbers, high: Numbers, truth: float, near: Rows) -> str:
    finite = np.isfinite(low)
    coverage = np.mean((low <= truth) & (truth <= high), where=finite)
    error = np.sqrt(coverage * (1 - coverage) / finite.sum())
    text = f"{100 * coverage:.1f} ± {100 * error:.1f}"
    conservative = np.mean(near[: len(low)], where=finite)
    text += f", conservative in {conservative:.0%}" if conservative > 0.005 else ""
    return text + (f", - {np.mean(~finite):.1%}" if not finite.all() else "")


def pilot(setting: Setting, batches: int = 30) -> Design:
    """The design that a study of so many batches shows."""
    of = draw(batches, setting, PILOT)["top-1, first"]
    rows = pd.DataFrame(
        {"unit": np.repeat(np.arange(batches), ROWS), "label": np.tile(np.arange(ROWS) // PER_CLASS, batches)}
    )
    rows = rows.assign(wrong=of.wrong.ravel(), mistake=of.mistake.ravel(), stays=False, weight=of.weight.ravel())
    rows["level"] = np.where(np.isfinite(rows["weight"]), of.level.ravel(), np.nan)
    rows["n_answers"], rows["n_yes"] = (float(setting.raters), of.level.ravel() * setting.raters / OF)
    design = design_of(Verdicts("first", TOP1, rows))
    if isinstance(design, str):
        raise RuntimeError(design)
    return design


def width_line(setting: Setting, pool: dict[str, Judged], replications: int) -> str:
    """The mean width of the intervals of the first classifier's rectified error, and what the power table expects."""
    design, drawn, cells = pilot(setting), pool["top-1, first"].totals(), []
    asked = np.isfinite(pool["top-1, first"].weight).sum(axis=1).mean()
    for batches in BATCHES:
        low, high, _ = limits_of(by_study(drawn, batches), "rectified error")
        expected = design.width(batches, float(asked), setting.raters)
        cells.append(f"{np.nanmean((high - low)[:replications]):.3f}, expected {expected:.3f}")
    return f"| width, {setting.name} | | {' | '.join(cells)} |"


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--replications", type=int, default=REPLICATIONS)
    asked = parser.parse_args(arguments)
    for setting in SETTINGS:
        start = time.perf_counter()
        pool = draw(max(BATCHES) * asked.replications, setting, POOL)
        truth = draw(_TRUTH, setting, TRUTH)
        print(f"\n{setting.name}\n\n| | truth | {' | '.join(f'{n} batches' for n in BATCHES)} |", flush=True)
        print(f"|---|---|{'---|' * len(BATCHES)}")
        for name in pool:
            print(line(name, "rectified error", pool, truth, asked.replications), flush=True)
        for name in ("top-1, first", "after the attack"):
            print(line(name, "agreement", pool, truth, asked.replications), flush=True)
        print(difference_line(pool, truth, asked.replications))
        print(width_line(setting, pool, asked.replications))
        print(f"<!-- {time.perf_counter() - start:.0f} s -->", flush=True)


if __name__ == "__main__":
    main()
