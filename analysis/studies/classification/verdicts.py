"""People's verdicts on the mistakes of a classifier, and the error that is left: the rectified one."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.frames import Numbers
from analysis.inference import Interval, from_replicates, rate, rate_from_replicates, without_interval
from analysis.inference.units import MOST_LEFT_OUT
from analysis.studies.classification.data import ACCEPTED, ADVERSARIAL, EXPLAINED, UNITS, WHOLE, Classification

TOP1, TOP5_OF_TOP1, TOP5_OF_TOP5 = ("top-1", "top-5, over top-1 mistakes", "top-5, over top-5 mistakes")
ATTACKED = "after the attack"
ATTACKED_EXPLAINED = "explained after the attack"


@dataclass(frozen=True)
class Verdicts:
    """The rows in which a classifier found something, and what people say of its mistakes.

    A rectified error is the share of rows whose mistake people do not side with, beside those that stay errors whatever
    they say. Where not every mistake was asked, those that were stand for the others by their weights.

    rows: a row per row of the source, with `unit` and `label` (see UNITS); `wrong`: counted by the raw error;
        `mistake`: what people may side with; `stays`: an error whatever they say; `level`: how many of 5 say yes, NaN
        where people were not asked; `weight`: how many mistakes it stands for, NaN where it was not drawn for it.
    """

    classifier: str
    measure: str
    rows: pd.DataFrame

    @property
    def mistakes(self) -> pd.DataFrame:
        """The rows with a mistake."""
        return self.rows[self.rows["mistake"]]

    @property
    def complete(self) -> bool:
        """Whether people were asked about every mistake."""
        return bool(self.mistakes["level"].notna().all())

    @property
    def weighed(self) -> pd.DataFrame:
        """The mistakes that estimates are from, with their weights: all, or those that were drawn."""
        if self.complete:
            return self.mistakes.assign(weight=1.0)
        return self.mistakes.dropna(subset=["level", "weight"])

    def raw(self) -> Interval:
        """The share of rows that are wrong by the label."""
        return rate(self.rows["wrong"].to_numpy(np.float64), self.rows[list(UNITS)])

    def agreement(self, least: int = ACCEPTED) -> Interval:
        """The share of mistakes that people side with, where `least` of 5 is enough for that."""
        weighed = self.weighed
        accepted = np.asarray(weighed["level"] >= least, np.float64)
        return rate(accepted, weighed[list(UNITS)], weighed["weight"].to_numpy(np.float64))

    def rectified(self, least: int = ACCEPTED) -> Interval:
        """The share of rows that are errors after people were heard."""
        if not len(self.rows):
            return without_interval(np.nan, 0, "no such row")
        totals = self.totals(least, self.units)
        without = rectified_of(totals.sum(axis=1, keepdims=True) - totals)
        finest = max(self.rows[name].nunique() for name in UNITS)
        return rate_from_replicates(float(rectified_of(totals.sum(axis=1))), without, len(self.rows), finest)

    def bounds(self, least: int = ACCEPTED) -> tuple[float, float]:
        """The least and the largest that the rectified error of these rows can be, whatever people would say of the
        mistakes that they were not asked about.
        """
        n, mistakes = len(self.rows), self.mistakes
        if not n:
            return np.nan, np.nan
        asked, accepted = (mistakes["level"].notna().sum(), (mistakes["level"] >= least).sum())
        stays = self.rows["stays"].sum()
        return float((stays + asked - accepted) / n), float((stays + len(mistakes) - accepted) / n)

    @property
    def units(self) -> list[int]:
        """The independent batches of the rows."""
        return sorted(self.rows["unit"].unique())

    def totals(self, least: int, units: Sequence[int]) -> Numbers:
        """(5, g) by independent batch: rows, those that stay errors, mistakes, weight of those asked, of those
        accepted; of more than 100 batches several are left out together.
        """
        place = {unit: number % MOST_LEFT_OUT for number, unit in enumerate(units)}
        g = min(len(units), MOST_LEFT_OUT)
        weighed = self.weighed
        accepted = weighed["weight"] * (weighed["level"] >= least)
        counted = [
            (self.rows["unit"], np.ones(len(self.rows))),
            (self.rows["unit"], self.rows["stays"]),
            (self.rows["unit"], self.rows["mistake"]),
            (weighed["unit"], weighed["weight"]),
            (weighed["unit"], accepted),
        ]
        return np.stack([np.bincount(unit.map(place), np.asarray(n, np.float64), g) for unit, n in counted])


def difference(first: Verdicts, second: Verdicts, least: int | None) -> Interval:
    """The error of one classifier minus that of another, of the same batches: raw where `least` is None.

    p is of no difference.
    """
    units = sorted({*first.units, *second.units})
    values_of = []
    for each in (first, second):
        totals = each.totals(least or ACCEPTED, units)
        wrong = each.rows["unit"][each.rows["wrong"]].map({unit: n % MOST_LEFT_OUT for n, unit in enumerate(units)})
        errors = np.bincount(wrong, minlength=totals.shape[1]).astype(np.float64)
        parts = [totals.sum(axis=1, keepdims=True), totals.sum(axis=1, keepdims=True) - totals]
        counts = [errors.sum(keepdims=True), errors.sum() - errors]
        with np.errstate(divide="ignore", invalid="ignore"):
            values = [rectified_of(part) if least else n / part[0] for part, n in zip(parts, counts, strict=True)]
        values_of.append(np.concatenate(values))
    apart = values_of[0] - values_of[1]
    if not np.isfinite(apart[0]):
        return without_interval(np.nan, 0, "not defined")
    return from_replicates(float(apart[0]), apart[1:], null=0.0)


def top1_verdicts(study: Classification, name: str) -> Verdicts:
    """The top-1 mistakes of a classifier."""
    rows = _found(study, name)
    wrong = rows[f"{name}_top1"] != rows["label"]
    items = study.judged[~study.judged["kind"].isin([ADVERSARIAL])]
    of = items.drop_duplicates(["row", "shown_class"]).set_index(["row", "shown_class"])
    of = of.assign(weight=of["weight"].where(of["kind"] == "mistake"))
    keys = pd.MultiIndex.from_arrays([rows["row"], rows[f"{name}_top1"]])
    return _verdicts(name, TOP1, rows, wrong, wrong, of.reindex(keys))


def top5_verdicts(study: Classification, name: str) -> list[Verdicts]:
    """The rows of a classifier whose label is not among its first five classes, and of what people say of these: of
    every row with a top-1 mistake, whatever its label; and of those rows alone. Empty where it names too few classes.

    People side with a row where they accept one of its five classes; it counts as asked where all five were.
    """
    if not study.has_top5(name):
        return []
    rows = _found(study, name)
    classes = rows[f"{name}_classes"]
    wrong = pd.Series([label not in set(five) for label, five in zip(rows["label"], classes, strict=True)], rows.index)
    first = rows[f"{name}_top1"] != rows["label"]
    of_row = _fives(study, rows[["row"]].assign(shown_class=classes)[first])
    judgments = of_row.reindex(rows["row"])
    measures = {TOP5_OF_TOP1: first, TOP5_OF_TOP5: wrong}
    return [_verdicts(name, measure, rows, wrong, mistake, judgments) for measure, mistake in measures.items()]


def attack_verdicts(study: Classification, name: str, arm: str = WHOLE) -> Verdicts:
    """The rows of an attacked classifier: errors are those that it made before, and successful attacks, of whose images
    people saw all or, in the arm "explained", the parts that speak for the class.
    """
    rows = _found(study, name)
    attacks = study.attacks[study.attacks["classifier"] == name].drop_duplicates("row").set_index("row")
    success = rows["row"].map(attacks["success"].astype("boolean")).fillna(False).astype(bool)
    before = rows[f"{name}_top1"] != rows["label"]
    of = study.explained if arm == EXPLAINED else study.judged[study.judged["kind"] == ADVERSARIAL]
    of = of.drop_duplicates(["row", "shown_class"]).set_index(["row", "shown_class"])
    keys = pd.MultiIndex.from_arrays([rows["row"], rows["row"].map(attacks["class"])])
    measure = ATTACKED_EXPLAINED if arm == EXPLAINED else ATTACKED
    return _verdicts(name, measure, rows, before | success, success & ~before, of.reindex(keys))


def all_attack_verdicts(study: Classification) -> list[Verdicts]:
    """The attacks on every classifier that was attacked, in each arm that there is."""
    arms = (WHOLE, EXPLAINED) if len(study.explained) else (WHOLE,)
    return [attack_verdicts(study, name, arm) for name in study.attacked for arm in arms]


def all_verdicts(study: Classification) -> list[Verdicts]:
    """The mistakes of every classifier, by each measure."""
    return [each for name in study.classifiers for each in (top1_verdicts(study, name), *top5_verdicts(study, name))]


def _found(study: Classification, name: str) -> pd.DataFrame:
    return study.labeled[study.labeled[f"{name}_top1"].notna()].reset_index(drop=True)


def _fives(study: Classification, rows: pd.DataFrame) -> pd.DataFrame:
    """The level of the class that most people accept, and the weight, by row, of rows with all classes asked.

    rows: row, shown_class (its five).
    """
    items = study.judged[study.judged["kind"] != ADVERSARIAL].drop_duplicates(["row", "shown_class"])
    items = items.assign(weight=items.get("top5_weight", np.nan))
    judgments = items[["row", "shown_class", "level", "weight"]]
    each = rows.explode("shown_class").merge(judgments, on=["row", "shown_class"], how="left")
    by_row = each.assign(lacks=each["level"].isna()).groupby("row")[["lacks", "level", "weight"]].max()
    return by_row.loc[~by_row["lacks"].astype(bool), ["level", "weight"]]


def _verdicts(
    name: str,
    measure: str,
    rows: pd.DataFrame,
    wrong: "pd.Series[bool]",
    mistake: "pd.Series[bool]",
    judged: pd.DataFrame,
) -> Verdicts:
    """judged: what people say of each row, in their order."""
    cases = rows[["row", *UNITS]].assign(wrong=wrong, mistake=mistake)
    cases["stays"] = wrong & ~mistake if measure in (ATTACKED, ATTACKED_EXPLAINED) else False
    for column in (name for name in ("level", "weight", "n_answers", "n_yes") if name in judged):
        cases[column] = pd.Series(judged[column].to_numpy(np.float64), cases.index).where(mistake)
    return Verdicts(name, measure, cases)


def rectified_of(totals: Numbers) -> Numbers:
    """The rectified error (...,) of `Verdicts.totals` (5, ...); NaN where there are mistakes and none was asked."""
    n, stays, mistakes, asked, accepted = totals
    with np.errstate(divide="ignore", invalid="ignore"):
        left = np.where(mistakes > 0, mistakes * (1 - accepted / asked), 0.0)
        return np.asarray((stays + left) / n, np.float64)
