"""Makers of the tables of a counterfeits study, beside those that every study has.

| name | a row is | columns (`low`, `high`: 95 % interval) |
|---|---|---|
| seen | a kind of items, a round, and a class or a range of confidence, or all | kind, round, class, confidence, n_items, n, confidence_mean, as_classifier, nothing, another, certainty, low and high, interval |
| inversion | a kind of images, a round and a class, or all | kind, round, class, n, accuracy, confidence, above_9, above_99, above_999, low and high, interval |
| convergence | a generator | batch, round, kind, accuracy, least_accuracy, min_accuracy, confidence, converged |
| curves | a kind, a round, a term of the loss and a step | kind, round, term, step, mean, least, most |
| distance | a kind of images, a round, a class (or all) and a measure | kind, round, class, measure, n, median, mean, held_out_median, held_out_far, beyond, low and high, interval |
| diversity | a kind of images, a round and a class, or all | kind, round, class, n, pixels, features, nearest_pixels, nearest_features, frechet, low and high, real_pixels, real_features, twins, interval |
| detectors | a kind of images, a round and a detector | kind, round, detector, n, n_held_out, auroc, low, high, interval, caught |
| detector_roc | the same and a share of alarms | kind, round, detector, alarms, caught |
| defense | a kind of images, their round and a classifier | kind, round, classifier, n, passes, rejects, low and high, interval |
| error_consistency | two deciders, over all and by kind | first, second, reference, condition, n, observed, expected, kappa, kappa_std, n_compared, low, high, interval, share, reason |
"""  # noqa: E501

from analysis.makers import Maker, answers_of
from analysis.studies.counterfeits import ANALYSIS
from analysis.studies.counterfeits.data import Counterfeits, decisions
from analysis.studies.counterfeits.tables.detectors import defense, detector_roc, detectors
from analysis.studies.counterfeits.tables.distance import distance, diversity
from analysis.studies.counterfeits.tables.inversion import convergence, curves, inversion
from analysis.studies.counterfeits.tables.seen import seen
from analysis.tables.consistency import error_consistency


def makers(of: Counterfeits) -> list[Maker]:
    """The makers, in the order of the tables."""
    return [
        Maker(("seen",), lambda tables: seen(of, answers_of(of, ANALYSIS))),
        Maker(("inversion",), lambda tables: inversion(of), of_people=False),
        Maker(("convergence",), lambda tables: convergence(of), of_people=False),
        Maker(("curves",), lambda tables: curves(of), of_people=False),
        Maker(("distance",), lambda tables: distance(of), of_people=False),
        Maker(("diversity",), lambda tables: diversity(of), of_people=False),
        Maker(("detectors",), lambda tables: detectors(of), of_people=False),
        Maker(("detector_roc",), lambda tables: detector_roc(of), of_people=False),
        Maker(("defense",), lambda tables: defense(of), of_people=False),
        Maker(("error_consistency",), lambda tables: error_consistency(**decisions(of), condition="kind")),
    ]
