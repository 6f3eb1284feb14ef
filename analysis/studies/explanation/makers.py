"""Makers of the tables of an explanation study, beside those that every study has.

| name | a row is | columns (`low`, `high`: 95 % interval) |
|---|---|---|
| curves | a check, classifier, explainer, measure and layer | check, classifier, explainer, measure, place, layer, n, pictures, batches, mean, low, high, interval, same_class |
| explainer_agreement | a classifier, two explainers and a measure | classifier, first, second, measure, n, mean, low, high, interval |
| noise_ceiling | as in every study, of all items but controls | |
| transfer | a setting of a manipulation, an explainer and a measure | manipulation, classifier, explainer (manipulated), setting, of, measure, n, manipulated, no_op, difference, low, high, interval |
| beyond_noise | a setting of a manipulation | manipulation, classifier, explainer, setting, goal, wanted, n, gain, no_op_gain, difference, low, high, interval, p, better, median, lowest, highest, p_holm |
| properties | a setting of a manipulation, or its no-op | manipulation, classifier, explainer, setting, version, pictures, batches, reached, same_class, probability_change, l_inf, l_2, lpips, goal, wanted, goal_before, goal_after, median, lowest, highest, likeness, likeness_wanted, fsr, fooled_below, steps, parameters_changed |
| generalization | a setting of a manipulation of a model, or its no-op, and some pictures | manipulation, classifier, explainer, setting, version, pictures, n, distance, goal, wanted, goal_before, goal_after, low, high, interval |
| settings_tried | a setting in a batch, or its no-op | as the published table `runs` |
| room | a setting of a manipulation, or its no-op | manipulation, classifier, explainer, setting, version, l_inf, n, likeness, low, high, interval |
| difference_thresholds | a kind, or "all" | as `psychometric` of a verification study |
| noticed | a kind and L-inf | kind, l_inf, n, n_answers, share, low, high, interval |
| trusted | a manipulation, or "all", and a kind | manipulation, kind, n, n_answers, share, low, high, interval |
| measure_differences | two measures | first, second, n, first_correlation, second_correlation, difference, low, high, interval, p, p_holm |
"""  # noqa: E501

from analysis.makers import Maker
from analysis.studies.explanation.data import Explanations
from analysis.studies.explanation.tables.beyond_noise import beyond_noise
from analysis.studies.explanation.tables.curves import curves
from analysis.studies.explanation.tables.explainer_agreement import explainer_agreement
from analysis.studies.explanation.tables.generalization import generalization
from analysis.studies.explanation.tables.measure_differences import measure_differences
from analysis.studies.explanation.tables.noticed import noticed, room, thresholds
from analysis.studies.explanation.tables.properties import properties, settings_tried
from analysis.studies.explanation.tables.transfer import transfer
from analysis.studies.explanation.tables.trusted import trusted
from analysis.tables.ceiling import noise_ceiling


def makers(study: Explanations) -> list[Maker]:
    """The makers, in the order of the tables."""
    measures = {name: name for name in study.measures}
    return [
        Maker(("curves",), lambda tables: curves(study.comparisons, study.sanity), of_people=False),
        Maker(("explainer_agreement",), lambda tables: explainer_agreement(study.comparisons), of_people=False),
        Maker(("transfer",), lambda tables: transfer(study), of_people=False),
        Maker(("beyond_noise",), lambda tables: beyond_noise(study), of_people=False),
        Maker(("properties",), lambda tables: properties(study), of_people=False),
        Maker(("generalization",), lambda tables: generalization(study), of_people=False),
        Maker(("settings_tried",), lambda tables: settings_tried(study), of_people=False),
        Maker(("room",), lambda tables: room(study), of_people=False),
        Maker(("difference_thresholds",), lambda tables: thresholds(study)),
        Maker(("noticed",), lambda tables: noticed(study)),
        Maker(("trusted",), lambda tables: trusted(study)),
        Maker(("noise_ceiling",), lambda tables: noise_ceiling(study.couples, measures)),
        Maker(("measure_differences",), lambda tables: measure_differences(study.couples, study.measures)),
    ]
