"""Signal detection: how well people and models tell each kind's pairs from genuine ones, and how slow they say same."""

from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from analysis import probit
from analysis.errors import MissingDataError
from analysis.frames import Column, Numbers, Table
from analysis.inference import Interval, rate, without_interval
from analysis.inference.contrast import difference
from analysis.inference.posterior import posterior
from analysis.inference.units import Codes
from analysis.studies.verification import data
from analysis.tables.deciders import PEOPLE

TYPICAL = "typical person"
_SIGNAL = "genuine"
_COLUMNS = [
    *("decider", "kind", "n_same", "n_different", "hit_rate", "false_alarm_rate", "d_prime", "d_low", "d_high"),
    *("criterion", "criterion_low", "criterion_high", "interval", "r_hat", "effective_draws", "reason"),
]


def signal_detection(pairs: Table, ratings: Table) -> tuple[pd.DataFrame, pd.DataFrame]:
    """d' and criterion of people and of each model, kind by kind, and how far raters, pairs and images differ.

    "Same" of a genuine pair is a hit, "same" of a pair of another kind a false alarm: d' = z(hits) - z(false alarms),
    criterion = -(z(hits) + z(false alarms)) / 2, above 0 where a decider is slow to say same.

    People: a hierarchical probit model (`analysis.probit`), with credible intervals. The rows "people" are of the rates
    over all raters and pairs, as a model's are; the rows "typical person" of one whose criterion and slope are the
    mean, with pairs and images of mean effect: larger, for what varies between people and pairs is no noise there.
    Models: of their decisions, half an answer added to hits and misses alike (log-linear), for a rate of 0 or 1 has no
    z; intervals are those of the rates (`analysis.inference.rate`), put together by MOVER.

    Returns:
        Columns decider, kind, n_same, n_different (answers, or decisions, about genuine pairs and about the kind's),
        hit_rate, false_alarm_rate, d_prime, d_low, d_high, criterion, criterion_low, criterion_high, interval (how they
        were made, or why there is none), r_hat, effective_draws (of the worse of d' and criterion), reason.
        Columns effect, sd, low, high, r_hat, effective_draws, reason: standard deviations in units of the noise of a
        single answer.

    Raises:
        MissingDataError: there are no answers about identity to genuine pairs, or none to others.

    Source: M. J. Hautus, "Corrections for extreme proportions and their biasing effects on estimated values of d'",
    Behavior Research Methods, Instruments, & Computers 27 (1995).
    """
    scored = data.frame(pairs)
    answered = data.answers(pairs, ratings).joined().dropna(subset="identity")
    answered = answered.merge(scored[["pair_id", "sample_id"]], on="pair_id")
    kinds = [str(kind) for kind in scored["kind"].cat.categories if (answered["kind"] == kind).any()]
    if _SIGNAL not in kinds or len(kinds) < 2:
        lacking = "of genuine pairs" if _SIGNAL not in kinds else "of pairs that are not genuine"
        raise MissingDataError(f"the dataset has no ratings of identity {lacking}")
    observations = observed(answered, kinds)
    draws = probit.sample(observations)
    scored["unit"] = data.units(scored, data.frame(ratings))
    models = [_of_model(scored, name, kind) for name in data.recognizers(scored) for kind in kinds if kind != _SIGNAL]
    table = pd.DataFrame([*_of_people(answered, observations, draws, kinds), *models])
    return table.reindex(columns=_COLUMNS), _spread(draws, kinds)


def observed(answered: pd.DataFrame, kinds: list[str]) -> probit.Observations:
    """The answers as the model takes them; an image that is in one pair alone is left to the pair."""
    code = {kind: number for number, kind in enumerate(kinds)}
    once = answered.drop_duplicates("pair_id")
    other = answered["sample_id"].mask(answered["sample_id"] == answered["base_id"])
    images = pd.concat([once["base_id"], other[once.index].dropna()]).value_counts()
    numbers = {image: number for number, image in enumerate(sorted(images.index[images > 1]))}
    return probit.Observations(
        answered["identity"].to_numpy(np.float64),
        np.asarray(answered["kind"].astype("str").map(code), np.intp),
        _codes(answered["participant_id"]),
        _codes(answered["pair_id"]),
        [np.asarray(column.map(numbers).fillna(-1), np.intp) for column in (answered["base_id"], other)],
        np.array([float(kind == _SIGNAL) for kind in kinds]),
    )


def _codes(column: Column) -> Codes:
    return pd.factorize(column, sort=True)[0].astype(np.intp)


def _of_people(
    answered: pd.DataFrame, of: probit.Observations, draws: probit.Posterior, kinds: list[str]
) -> list[dict[str, Any]]:
    shares = answered.groupby(answered["kind"].astype("str"))["identity"].agg(["mean", "size"])
    hit = kinds.index(_SIGNAL)
    rows = []
    for decider, z in ((PEOPLE, draws.rates(of)), (TYPICAL, draws.means)):
        for place, kind in enumerate(kinds):
            if kind != _SIGNAL:
                row = {"decider": decider, "kind": kind} | _posteriors(z[..., hit], z[..., place])
                row |= {"n_same": shares["size"][_SIGNAL], "n_different": shares["size"][kind]}
                row |= {"hit_rate": shares["mean"][_SIGNAL], "false_alarm_rate": shares["mean"][kind]}
                rows.append(row | {"reason": _reasons(row["reason"], _diverged(draws), _at_ceiling(shares["mean"]))})
    return rows


def _posteriors(hits: Numbers, alarms: Numbers) -> dict[str, Any]:
    """d' and criterion of draws of z (chains, draws) of both rates; neither where one of the two did not converge."""
    (d_prime, *of_d), (criterion, *of_c) = posterior(hits - alarms), posterior(-(hits + alarms) / 2)
    reason = d_prime.note or criterion.note
    row = {"r_hat": max(of_d[0], of_c[0]), "effective_draws": min(of_d[1], of_c[1]), "reason": reason}
    if reason:
        return row | {"interval": "none"}
    row |= {"d_prime": d_prime.estimate, "d_low": d_prime.low, "d_high": d_prime.high}
    row |= {"criterion": criterion.estimate, "criterion_low": criterion.low, "criterion_high": criterion.high}
    return row | {"interval": f"credible, of {d_prime.n} chains"}


def _diverged(draws: probit.Posterior) -> str:
    n = draws.divergences
    return f"{n} of {draws.criterion.size} draws diverged: the intervals may be off" if n else ""


def _at_ceiling(shares: "pd.Series[float]") -> str:
    return "all say same of genuine pairs: how large d' is rests on the prior" if shares[_SIGNAL] == 1 else ""


def _reasons(*reasons: str) -> str:
    return "; ".join(filter(None, reasons))


def _of_model(scored: pd.DataFrame, name: str, kind: str) -> dict[str, Any]:
    acquired = scored.dropna(subset=f"{name}_accept")
    (hits, hit_rate, n_same), (alarms, alarm_rate, n_different) = (
        _z(acquired[acquired["kind"] == of_kind], f"{name}_accept") for of_kind in (_SIGNAL, kind)
    )
    row = {"decider": name, "kind": kind, "n_same": n_same, "n_different": n_different}
    row |= {"hit_rate": hit_rate, "false_alarm_rate": alarm_rate}
    if not n_same or not n_different:
        return row | {"reason": f"no decision about {_SIGNAL if not n_same else kind} pairs", "interval": "none"}
    every = f"{'accepts' if hit_rate else 'rejects'} every genuine pair: its z is that of half an answer"
    d_prime, mean = difference(hits, alarms), difference(hits, _negative(alarms))
    row |= {"d_prime": d_prime.estimate, "d_low": d_prime.low, "d_high": d_prime.high}
    row |= {"criterion": -mean.estimate / 2, "criterion_low": -mean.high / 2, "criterion_high": -mean.low / 2}
    return row | {"interval": d_prime.words(), "reason": every if hit_rate in (0, 1) else ""}


def _z(rows: pd.DataFrame, column: str) -> tuple[Interval, float, int]:
    """z of the share of accepted pairs with its interval, the share itself, and of how many.

    A model that accepts every genuine pair does so by their making, as their distance is 0: its share is taken for
    known.
    """
    accept, n = rows[column].to_numpy(np.float64), len(rows)
    if not n:
        return without_interval(np.nan, 0), np.nan, 0
    z, share = float(stats.norm.ppf((accept.sum() + 0.5) / (n + 1))), float(accept.mean())
    of_rate = rate(accept, rows[list(data.UNIT_COLUMNS)])
    if share in (0, 1):
        if (rows["kind"] == _SIGNAL).all():
            return Interval(z, z, z, of_rate.method, of_rate.n), share, n
        return without_interval(z, of_rate.n, f"{'accepts' if share else 'rejects'} all: no interval"), share, n
    low, high = (float(limit) for limit in stats.norm.ppf([of_rate.low, of_rate.high]))
    return Interval(z, low, high, of_rate.method, of_rate.n, of_rate.note), share, n


def _negative(z: Interval) -> Interval:
    return Interval(-z.estimate, -z.high, -z.low, z.method, z.n, z.note)


def _spread(draws: probit.Posterior, kinds: list[str]) -> pd.DataFrame:
    effects = {"criterion of participants": draws.criterion, "slope of participants": draws.slope, "image": draws.part}
    effects |= {f"pair: {kind}": draws.item[..., place] for place, kind in enumerate(kinds)}
    rows = []
    for effect, values in effects.items():
        sd, r_hat, effective = posterior(values)
        row = {"effect": effect, "sd": sd.estimate, "low": sd.low, "high": sd.high, "r_hat": r_hat}
        rows.append(row | {"effective_draws": effective, "reason": _reasons(sd.note, _diverged(draws))})
    return pd.DataFrame(rows)
