"""The coverage of the intervals of the report on expressions, in studies drawn as they come.

python -m benchmarks.expression [--replications 2000] [--only WORD]

Two designs, 2,000 studies each. `labels`: 500 or 2,000 labeled faces, each of another person. `people`: batches of 112
faces with ten raters each, whose majority is right; raters lean towards answers of their own, batches differ in how
hard their faces are and in what they show. Of both, half of the faces are of women; a classifier is right of women more
often; a model predicts gender with errors, more of them for men. The truth is the same figure of a much larger study.

Printed: the share of intervals that hold it, in percent, with its Monte Carlo error; "-": so many of the studies have
no interval, or a cell below 30 faces, which is in no difference.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import partial

import numpy as np
import numpy.typing as npt

from analysis.inference import FISHER, PLAIN, Interval, jackknife, weighted_mean, without_interval
from analysis.inference.contrast import difference, ratio
from analysis.studies.expression.tables.cells import SMALLEST, evenly, share
from analysis.studies.expression.tables.differences import Spread, largest
from analysis.studies.expression.tables.group_error import corrected
from analysis.studies.expression.tables.models import cohen

Numbers = npt.NDArray[np.float64]
Codes = npt.NDArray[np.intp]

REPLICATIONS = 2000
LABELED, BATCHES = (500, 2000), (3, 5, 8, 20)
TRUTH_FACES, TRUTH_BATCHES = 2_000_000, 10_000
FACES, RATERS = 112, 10
MIX = np.array([0.1, 0.05, 0.08, 0.3, 0.12, 0.1, 0.25])
"""Shares of the seven emotions among faces."""
HAPPY, DISGUST, NEUTRAL = 3, 1, 6
RIGHT = (0.65, 0.5)
"""The rate of right answers of the classifier on women and men."""
WRONG_GENDER = (0.1, 0.25)
"""The rate at which the gender of women and men is predicted wrong."""
RACES = 5


@dataclass(frozen=True)
class Faces:
    """n faces: batch, label (-1 for none), what is said, confidence, gender and race, predicted gender; (n,) each."""

    batch: Codes
    label: Codes
    predictions: Codes
    confidence: Numbers
    gender: Codes
    predicted: Codes
    race: Codes
    people: bool

    @property
    def units(self) -> Codes:
        """Batches with their faces where people are the reference, else faces."""
        faces = np.arange(len(self.label))
        return np.column_stack([self.batch, faces]) if self.people else faces[:, None]

    def part(self, which: slice) -> "Faces":
        """Some of the faces."""
        made = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "people"}
        return Faces(**{name: values[which] for name, values in made.items()}, people=self.people)


Measure = Callable[[Faces], Interval]


def draw(n: int, seed: int, *, people: bool) -> Faces:
    """Faces of labeled sources, or n batches of faces with raters."""
    rng = np.random.default_rng(seed)
    batches = n if people else 1
    per_batch = FACES if people else n
    batch = np.repeat(np.arange(batches), per_batch)
    mix = rng.dirichlet(40 * MIX, batches) if people else MIX[None]
    shown = _chosen(np.repeat(mix, per_batch, axis=0), rng)
    gender, race = rng.integers(0, 2, len(batch)), rng.integers(0, RACES, len(batch))
    harder = np.repeat(rng.normal(0, 0.35 if people else 0, batches), per_batch)
    odds = np.log(np.array(RIGHT) / (1 - np.array(RIGHT)))[gender] + harder
    sure = rng.normal(0, 0.5, len(batch))
    hit = rng.random(len(batch)) < 1 / (1 + np.exp(-odds - sure))
    other = (shown + rng.choice(np.arange(1, 7), len(batch), p=[0.3, 0.1, 0.1, 0.1, 0.1, 0.3])) % 7
    predictions = np.where(hit, shown, other)
    wrong = rng.random(len(batch)) < np.array(WRONG_GENDER)[gender]
    label = _majority(shown, batches, rng) if people else shown
    confidence = 1 / (1 + np.exp(-0.5 - sure))
    predicted = np.where(wrong, 1 - gender, gender)
    return Faces(batch, label, predictions, confidence, gender, predicted, race, people)


def _chosen(shares: Numbers, rng: np.random.Generator) -> Codes:
    up_to = shares.cumsum(axis=1)
    return np.asarray(np.minimum((rng.random((len(shares), 1)) >= up_to).sum(axis=1), 6), np.intp)


def _majority(shown: Codes, batches: int, rng: np.random.Generator) -> Codes:
    """The answer of more than half of ten raters; each says neutral, or anything, as often as is their own."""
    counts = np.zeros((len(shown), 7), np.int8)
    for _ in range(RATERS):
        lean, guess = (np.repeat(rng.beta(2, 10, batches), FACES) for _ in range(2))
        at = rng.random(len(shown))
        answers = np.where(at < lean, NEUTRAL, np.where(at < lean + guess, rng.integers(0, 7, len(shown)), shown))
        counts[np.arange(len(shown)), answers] += 1
    most = counts.argmax(axis=1)
    return np.where(2 * counts.max(axis=1) > RATERS, most, -1).astype(np.intp)


def of_group(faces: Faces, gender: int | None, race: int | None = None) -> npt.NDArray[np.bool_]:
    """Faces of a group that have a label."""
    there = faces.label >= 0
    there = there & (faces.gender == gender) if gender is not None else there
    return there & (faces.race == race) if race is not None else there


def rate(faces: Faces, *, emotion: int, positive: bool, gender: int | None, race: int | None = None) -> Interval:
    """TPR or FPR of an emotion in a group; none of a cell that is too small for a difference."""
    weights = (of_group(faces, gender, race) & ((faces.label == emotion) == positive)).astype(np.float64)
    interval = share(faces.predictions == emotion, weights, faces.units)
    return interval if weights.sum() >= SMALLEST else without_interval(interval.estimate, interval.n)


def parts_of(faces: Faces, gender: int | None) -> Numbers:
    """The parts by which each face of a group counts as each emotion."""
    return np.asarray(of_group(faces, gender)[:, None] & (faces.label[:, None] == np.arange(7)), np.float64)


def at_equal_shares(faces: Faces, *, emotion: int, gender: int | None) -> Interval:
    """FPR where every other emotion counts the same."""
    weights = evenly(parts_of(faces, gender) * (np.arange(7) != emotion)).sum(axis=1)
    return share(faces.predictions == emotion, weights, faces.units)


def accuracy(faces: Faces, *, gender: int | None, balanced: bool = False) -> Interval:
    """The accuracy of the classifier; balanced: the mean of the TPR."""
    parts = parts_of(faces, gender)
    weights = (evenly(parts) if balanced else parts).sum(axis=1)
    return share(faces.predictions == faces.label, weights, faces.units)


def apart(faces: Faces, *, figure: Callable[..., Interval], by: Callable[[Interval, Interval], Interval]) -> Interval:
    """A figure of women and of men, compared."""
    return by(figure(faces, gender=0), figure(faces, gender=1))


def odds(faces: Faces, *, emotion: int, races: bool) -> Interval:
    """Equalized odds: two genders, or five races, of which none is read otherwise."""
    groups = [{"gender": None, "race": each} for each in range(RACES)] if races else [{"gender": 0}, {"gender": 1}]
    rates = [[rate(faces, emotion=emotion, positive=positive, **each) for each in groups] for positive in (True, False)]
    return largest([Spread.of(each) for each in rates])


def without_error(faces: Faces, *, emotion: int, positive: bool, gender: int) -> Interval:
    """A rate by predicted gender with the error of the prediction taken out."""
    weights = (of_group(faces, None) & ((faces.label == emotion) == positive)).astype(np.float64)
    hits = (faces.predictions == emotion).astype(np.float64)
    return corrected(hits, weights, faces.units, faces.predicted, faces.gender)[0][gender]


def kappa(faces: Faces) -> Interval:
    """Cohen's kappa of the classifier and what is right."""
    there = faces.label >= 0
    return jackknife(cohen(faces.predictions[there], faces.label[there]), faces.units[there], FISHER)


def overconfidence(faces: Faces) -> Interval:
    """Confidence less how often it is right, of women."""
    there = of_group(faces, 0)
    gap = faces.confidence - (faces.predictions == faces.label)
    return jackknife(weighted_mean(gap[there]), faces.units[there], PLAIN)


_tpr, _fpr = (partial(rate, positive=positive) for positive in (True, False))
MEASURES: dict[str, Measure] = {
    "TPR happy, women": partial(_tpr, emotion=HAPPY, gender=0),
    "TPR disgust, all": partial(_tpr, emotion=DISGUST, gender=None),
    "FPR happy, women": partial(_fpr, emotion=HAPPY, gender=0),
    "FPR disgust, men": partial(_fpr, emotion=DISGUST, gender=1),
    "FPR happy at equal shares, women": partial(at_equal_shares, emotion=HAPPY, gender=0),
    "accuracy, women": partial(accuracy, gender=0),
    "balanced accuracy, women": partial(accuracy, gender=0, balanced=True),
    "difference of TPR happy": partial(apart, figure=partial(_tpr, emotion=HAPPY), by=difference),
    "difference of TPR neutral": partial(apart, figure=partial(_tpr, emotion=NEUTRAL), by=difference),
    "difference of FPR happy": partial(apart, figure=partial(_fpr, emotion=HAPPY), by=difference),
    "difference of FPR disgust": partial(apart, figure=partial(_fpr, emotion=DISGUST), by=difference),
    "difference of FPR happy at equal shares": partial(
        apart, figure=partial(at_equal_shares, emotion=HAPPY), by=difference
    ),
    "difference of accuracy": partial(apart, figure=accuracy, by=difference),
    "ratio of TPR happy": partial(apart, figure=partial(_tpr, emotion=HAPPY), by=ratio),
    "ratio of FPR happy": partial(apart, figure=partial(_fpr, emotion=HAPPY), by=ratio),
    "equalized odds, happy, two genders": partial(odds, emotion=HAPPY, races=False),
    "equalized odds, happy, five equal races": partial(odds, emotion=HAPPY, races=True),
    "corrected TPR happy, men": partial(without_error, emotion=HAPPY, gender=1, positive=True),
    "corrected FPR happy, men": partial(without_error, emotion=HAPPY, gender=1, positive=False),
    "kappa": kappa,
    "overconfidence, women": overconfidence,
}

EQUAL = "equalized odds, happy, five equal races"
"""The figure whose truth is 0."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--replications", type=int, default=REPLICATIONS)
    parser.add_argument("--only", default="", help="measures whose name contains this")
    asked = parser.parse_args(arguments)
    for people in (False, True):
        table(asked.replications, asked.only, people=people)


def table(replications: int, only: str = "", *, people: bool) -> None:
    """Prints the table of a design, of the measures whose name contains a word."""
    sizes, per, word = (BATCHES, FACES, "batches") if people else (LABELED, 1, "faces")
    heads = " | ".join(f"{size} {word}" for size in sizes)
    print(f"\n| {'people' if people else 'labels'} | truth | {heads} |\n|---|---|{'---|' * len(sizes)}", flush=True)
    studies = draw(max(sizes) * replications, 1, people=people)
    truth = draw(TRUTH_BATCHES if people else TRUTH_FACES, 2, people=people)
    for name, measure in MEASURES.items():
        if only in name:
            start = time.process_time()
            true = 0.0 if name == EQUAL else measure(truth).estimate
            cells = [cell(measure, studies, true, size * per, replications) for size in sizes]
            print(
                f"| {name} | {true:.3f} | {' | '.join(cells)} | <!-- {time.process_time() - start:.0f} s -->",
                flush=True,
            )


def cell(measure: Measure, studies: Faces, truth: float, n: int, replications: int) -> str:
    """Coverage of one measure in studies of n faces."""
    intervals = [measure(studies.part(slice(start * n, (start + 1) * n))) for start in range(replications)]
    low, high = (np.array([getattr(each, name) for each in intervals]) for name in ("low", "high"))
    finite = np.isfinite(low)
    if finite.mean() < 0.1:
        return "no interval"
    coverage = float(np.mean((low <= truth) & (truth <= high), where=finite))
    error = np.sqrt(coverage * (1 - coverage) / finite.sum())
    text = f"{100 * coverage:.1f} ± {100 * error:.1f}"
    conservative = np.mean([each.note != "" for each in intervals], where=finite)
    text += f", conservative in {conservative:.0%}" if conservative > 0.005 else ""
    return text + (f", - {np.mean(~finite):.1%}" if not finite.all() else "")


if __name__ == "__main__":
    main()
