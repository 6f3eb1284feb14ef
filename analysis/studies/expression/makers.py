"""Makers of the tables of an expression study, beside those that every study has.

| name | a row is | columns (`low`, `high`: 95 % interval) |
|---|---|---|
| counts | a group, what is counted and an emotion | grouping, group, of, emotion, n, share, low, high, interval |
| dropped | a label rule, a group and a reason | rule, grouping, group, reason, n, of, share |
| acquisition | a classifier and a group | classifier, grouping, group, n, failures, share, low, high, interval |
| accuracy | a classifier and a group | classifier, grouping, group, n, value, low, high, interval, balanced, balanced_low, balanced_high, emotions, small, reason |
| rates | a classifier, a group, an emotion and a rate | classifier, grouping, group, emotion, rate, n, value, low, high, interval, labels, predictions, at_equal_shares, equal_low, equal_high, accuracy, small, reason |
| differences | a classifier, a rate and two groups | classifier, grouping, rate, emotion, first, second, n_first, n_second, labels_first, labels_second, predictions_first, predictions_second, first_value, second_value, difference, low, high, interval, p, p_holm, family, ratio, ratio_low, ratio_high, rest_ratio, rest_low, rest_high, at_equal_shares, equal_low, equal_high, by_imbalance |
| equalized_odds | a classifier, a grouping and an emotion | classifier, grouping, emotion, n_groups, tpr_difference, fpr_difference, equalized_odds, low, high, interval, tpr_ratio, fpr_ratio, reason |
| label_rules | a classifier, a group, a rate and a label rule | classifier, grouping, group, emotion, rate, rule, n, value, low, high, interval, labels, predictions, small |
| confusion_by_group | a classifier, a group, what is right and what it says | classifier, grouping, group, right, said, n, n_right, n_said, share, low, high, interval |
| calibration | a classifier, a group and a bin of its confidence | classifier, grouping, group, from, to, n, confidence, accuracy, low, high, interval |
| calibration_by_group | a classifier and a group | classifier, grouping, group, n, confidence, accuracy, overconfidence, low, high, interval, calibration_error, small |
| faces_needed | a classifier, a group, an emotion and a rate | classifier, grouping, group, emotion, rate, n, labels, predictions, value, width, by, faces_for_0.2, faces_for_0.1, faces_for_0.05 |
| group_error | a predicted gender and one that people see | grouping, predicted, perceived, n, n_predicted, share, low, high, interval |
| corrected_rates | a classifier, a gender, an emotion and a rate | classifier, grouping, gender, emotion, rate, n, by_prediction, labels, predictions, corrected, low, high, interval, by_people, people_labels, people_predictions, people_low, people_high, reason |
| model_agreement | two who say something, and a group | first, second, grouping, group, n, agreement, low, high, interval, kappa, kappa_low, kappa_high, kappa_interval, small |
| error_consistency | two deciders | first, second, reference, condition, n, observed, expected, kappa, kappa_std, n_compared, low, high, interval, share, reason |
| confusion | a decider, what is right and what it answers | decider, reference, right, answer, n, share, low, high, interval, reason |
| disagreement | a face, a classifier and a sort | classifier, sort, item_id, image_id, said, confidence, said_by, seen, seen_by, probability, difference, and a column for each grouping |
| compared_rates | a printed figure | classifier, grouping, group, emotion, figure, n, labels, predictions, this_study, low, high, printed, difference, inside, order |
"""  # noqa: E501

import functools
from collections.abc import Callable

import pandas as pd

from analysis.makers import Maker, Options, answers_of
from analysis.studies.expression import ANALYSIS
from analysis.studies.expression.data import Expression, grouped
from analysis.studies.expression.references import PEOPLE
from analysis.studies.expression.tables.calibration import calibration_by_group
from analysis.studies.expression.tables.cells import needed
from analysis.studies.expression.tables.confusion import confusion_by_group
from analysis.studies.expression.tables.counts import acquisition, counts, dropped
from analysis.studies.expression.tables.differences import differences, equalized_odds
from analysis.studies.expression.tables.disagreement import disagreement
from analysis.studies.expression.tables.group_error import corrected_rates, group_error
from analysis.studies.expression.tables.limits import limits
from analysis.studies.expression.tables.measured import Measured, measured
from analysis.studies.expression.tables.models import ceilings, consistency, emotion_decisions, model_agreement, people
from analysis.studies.expression.tables.needed import faces_needed
from analysis.studies.expression.tables.paper import PRINTED, compared_rates, printed_figures
from analysis.studies.expression.tables.rates import accuracy, label_rules, rates
from analysis.tables.confusion import confusion


def makers(study: Expression, options: Options) -> list[Maker]:
    """The makers, in the order of the tables.

    Raises:
        AnalysisError: there is no such printed study.
    """
    printed = printed_figures(options.compare_with or PRINTED[0])
    study = grouped(study, options.groups, options.attributes)
    beside = Maker(
        ("compared_rates",),
        lambda tables: compared_rates(tables["rates"], printed),
        needs=("rates",),
        of_people=_by_people(study),
    )
    return [*_of_faces(study), *_of_rates(study), *_of_people(study), beside]


def _by_people(study: Expression) -> bool:
    """Whether rates say something of people: whether their answers are what is right."""
    return study.reference is not None and study.reference.of == PEOPLE


def _of_faces(study: Expression) -> list[Maker]:
    of_people = _by_people(study)
    return [
        Maker(("counts",), lambda tables: counts(study), of_people=of_people),
        Maker(("dropped",), lambda tables: dropped(study), of_people=of_people),
        Maker(("acquisition",), lambda tables: acquisition(study), of_people=False),
    ]


def _of_rates(study: Expression) -> list[Maker]:
    def of(name: str, make: Callable[[], pd.DataFrame]) -> Maker:
        return Maker((name,), lambda tables: make(), of_people=_by_people(study))

    @functools.cache
    def cells() -> list[Measured]:
        return list(measured(study, needed(study)))

    return [
        of("accuracy", lambda: accuracy(study, cells())),
        of("rates", lambda: rates(study, cells())),
        of("differences", lambda: differences(study, cells())),
        of("equalized_odds", lambda: equalized_odds(study, cells())),
        of("faces_needed", lambda: faces_needed(cells())),
        of("label_rules", lambda: label_rules(study)),
        of("confusion_by_group", lambda: confusion_by_group(study)),
        Maker(
            ("calibration", "calibration_by_group"),
            lambda tables: calibration_by_group(study),
            of_people=_by_people(study),
        ),
    ]


def _of_people(study: Expression) -> list[Maker]:
    answers = answers_of(study, ANALYSIS)
    return [
        Maker(("group_error",), lambda tables: group_error(study)),
        Maker(("corrected_rates",), lambda tables: corrected_rates(study)),
        Maker(("model_agreement",), lambda tables: model_agreement(study)),
        Maker(("error_consistency",), lambda tables: consistency(study, answers), of_people=people(study) is not None),
        Maker(("confusion",), lambda tables: confusion(**emotion_decisions(study, answers))),
        Maker(("noise_ceiling",), lambda tables: ceilings(study, answers)),
        Maker(("disagreement",), lambda tables: disagreement(study)),
        Maker(
            ("limits",),
            lambda tables: limits(study, answers, tables.get("agreement"), tables.get("rates")),
            uses=("agreement", "rates"),
            of_people=False,
        ),
    ]
