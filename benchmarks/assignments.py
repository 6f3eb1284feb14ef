"""The coverage of the intervals of assignments, and of the explained arm, in a classification report.

python -m benchmarks.assignments [--replications 2000] [--cell N]...

Every cell draws 2,000 studies. Assignments: a batch has 12 images of 6 classes of its own, which people of its own
assign in seven arms, each image in another condition in each arm; log odds of a right answer differ by condition,
person, class, image, and class within a condition. The truth is the share over 20,000 other batches. The explained
arm: 32 attacked images of 6 classes in a batch, each of which five people judge whole and five others explained; log
odds of yes differ by image, class, batch and person. Printed as in `benchmarks.coverage`.
"""

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special

from analysis.inference import Interval
from analysis.studies.classification.tables.assignments import difference_of, success_of
from analysis.studies.classification.tables.explained import change_of

Numbers = npt.NDArray[np.float64]

REPLICATIONS = 2000
ARMS, TARGETS, CLASSES, IMAGES, RATERS = 7, 12, 6, 32, 5
STUDIES, TRUTH = 31, 32
"""Seeds: of studies, of the truth."""

_TRUTH = 20_000


class Figure(NamedTuple):
    """A figure of the report: what it is called, and its interval and its true value in a study that was drawn."""

    name: str
    interval: Callable[[pd.DataFrame], Interval]
    truth: Callable[[pd.DataFrame], float]


@dataclass(frozen=True)
class Assigned:
    """A sort of study of assignments. people: of an arm and batch. means: log odds of a right answer in two of the
    conditions. person, of_class, image, within: standard deviations of log odds, the last of a class in a condition.
    """

    name: str
    people: int = 5
    means: tuple[float, float] = (0.0, 0.0)
    person: float = 0.7
    of_class: float = 0.7
    image: float = 0.5
    within: float = 0.4

    batches = (1, 2, 6)
    figures = (
        Figure("success", lambda of: success_of(of[of["condition"] == 0]), lambda of: _mean(of, 0)),
        Figure("difference", lambda of: difference_of(of, 0), lambda of: _mean(of, 0) - _mean(of, 1)),
    )

    def draw(self, batches: int, rng: np.random.Generator) -> pd.DataFrame:
        """The answers in two conditions: condition, participant_id, label, chance (of a right one), right."""
        shape = (batches, TARGETS, ARMS, self.people)
        batch, target, arm, person = (each.ravel() for each in np.indices(shape))
        kept = (target + arm) % ARMS < 2
        batch, target, arm, person = (each[kept] for each in (batch, target, arm, person))
        condition, classes = (target + arm) % ARMS, batch * CLASSES + target % CLASSES
        persons = (batch * ARMS + arm) * self.people + person
        odds = np.asarray(self.means)[condition]
        odds = odds + self.person * rng.standard_normal(batches * ARMS * self.people)[persons]
        odds += self.of_class * rng.standard_normal(batches * CLASSES)[classes]
        odds += self.image * rng.standard_normal(batches * TARGETS)[batch * TARGETS + target]
        odds += self.within * rng.standard_normal((batches * CLASSES, 2))[classes, condition]
        chance = special.expit(odds)
        answers = {"condition": condition, "participant_id": persons, "label": classes, "chance": chance}
        return pd.DataFrame({**answers, "right": rng.random(len(chance)) < chance})


@dataclass(frozen=True)
class Explained:
    """A sort of study with the explained arm. means: log odds of yes, whole and explained. image, own, of_class, batch,
    person: standard deviations of log odds; `own` of an image in one of the arms. weights: least and most attacks that
    an image stands for, alike in a batch.
    """

    name: str
    means: tuple[float, float]
    image: float = 1.5
    own: float = 1.0
    of_class: float = 0.7
    batch: float = 0.4
    person: float = 0.5
    weights: tuple[int, int] = (6, 9)

    batches = (3, 5, 10)
    figures = (Figure("explained minus whole", lambda of: change_of(of), lambda of: _change(of)),)

    def draw(self, batches: int, rng: np.random.Generator) -> pd.DataFrame:
        """The pairs of a study, as `explained_pairs` has them."""
        batch, image = (each.ravel() for each in np.indices((batches, IMAGES)))
        classes = batch * CLASSES + image % CLASSES
        odds = np.asarray(self.means) + self.own * rng.standard_normal((len(batch), 2))
        odds += self.image * rng.standard_normal((len(batch), 1))
        odds += self.of_class * rng.standard_normal((batches * CLASSES, 2))[classes]
        odds += self.batch * rng.standard_normal((batches, 2))[batch]
        people = self.person * rng.standard_normal((batches, 2, RATERS))
        yes = (rng.random((len(batch), 2, RATERS)) < special.expit(odds[:, :, None] + people[batch])).sum(axis=2)
        weight = rng.integers(self.weights[0], self.weights[1] + 1, batches)[batch].astype(np.float64)
        pairs = {"unit": batch, "label": classes, "weight": weight, "n_yes": yes[:, 0], "explained_n_yes": yes[:, 1]}
        return pd.DataFrame({**pairs, "n_answers": RATERS, "explained_n_answers": RATERS})


SETTINGS: tuple[Assigned | Explained, ...] = (
    Assigned("half are right"),
    Assigned("half are right, 10 people an arm", people=10),
    Assigned("half are right, and nothing differs", person=0.0, of_class=0.0, image=0.0, within=0.0),
    Assigned("near guessing, and better", means=(-1.61, 0.4), person=0.5, of_class=0.5),
    Assigned("nearly all are right", means=(2.5, 1.5)),
    Explained("one of 20 accepted, then one of 8", (-2.5, -1.5)),
    Explained("a third accepted in both", (0.5, 0.5)),
    Explained("one of 20, then one of 8, batches count 1 to 11 times", (-2.5, -1.5), weights=(1, 11)),
    Explained("a third in both, batches count 1 to 11 times", (0.5, 0.5), weights=(1, 11)),
)


def _mean(of: pd.DataFrame, condition: int) -> float:
    return float(of.loc[of["condition"] == condition, "chance"].mean())


def _change(of: pd.DataFrame) -> float:
    return change_of(of.assign(unit=0)).estimate


def lines(number: int, replications: int) -> Iterator[str]:
    """The rows of one setting."""
    setting = SETTINGS[number]
    everything = setting.draw(_TRUTH, np.random.default_rng([TRUTH, number]))
    cells: dict[str, list[str]] = {each.name: [] for each in setting.figures}
    truths = {each.name: each.truth(everything) for each in setting.figures}
    for batches in setting.batches:
        rng = np.random.default_rng([STUDIES, number, batches])
        intervals_of: dict[str, list[Interval]] = {each.name: [] for each in setting.figures}
        for _ in range(replications):
            study = setting.draw(batches, rng)
            for each in setting.figures:
                intervals_of[each.name].append(each.interval(study))
        for name, intervals in intervals_of.items():
            cells[name].append(_cell(intervals, truths[name]))
    for name, of in cells.items():
        yield f"| {setting.name}: {name} | {truths[name]:.3f} | {' | '.join(of)} |"


def _cell(intervals: Sequence[Interval], truth: float) -> str:
    low, high = (np.array([getattr(each, end) for each in intervals], np.float64) for end in ("low", "high"))
    finite = np.isfinite(low)
    coverage = np.mean((low <= truth) & (truth <= high), where=finite)
    error = np.sqrt(coverage * (1 - coverage) / finite.sum())
    absent = f", - {np.mean(~finite):.1%}" if not finite.all() else ""
    return f"{100 * coverage:.1f} ± {100 * error:.1f}{absent}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--replications", type=int, default=REPLICATIONS)
    parser.add_argument("--cell", type=int, action="append", help="the number of a setting, from 0; all by default")
    asked = parser.parse_args(arguments)
    for number in asked.cell or range(len(SETTINGS)):
        start = time.process_time()
        print(f"| | truth | {' | '.join(f'{n} batches' for n in SETTINGS[number].batches)} |\n|---|---|---|---|---|")
        for line in lines(number, asked.replications):
            print(line, flush=True)
        print(f"<!-- {time.process_time() - start:.0f} s of processor time -->\n", flush=True)


if __name__ == "__main__":
    main()
