"""Makers of the tables of an explanation study, beside those that every study has.

| name | a row is | columns (`low`, `high`: 95 % interval) |
|---|---|---|
| curves | a check, classifier, explainer, measure and layer | check, classifier, explainer, measure, place, layer, n, pictures, batches, mean, low, high, interval, same_class |
| explainer_agreement | a classifier, two explainers and a measure | classifier, first, second, measure, n, mean, low, high, interval |
| noise_ceiling | as in every study, of all items but controls | |
| measure_differences | two measures | first, second, n, first_correlation, second_correlation, difference, low, high, interval, p, p_holm |
"""  # noqa: E501

from analysis.makers import Maker
from analysis.studies.explanation.data import Explanations
from analysis.studies.explanation.tables.curves import curves
from analysis.studies.explanation.tables.explainer_agreement import explainer_agreement
from analysis.studies.explanation.tables.measure_differences import measure_differences
from analysis.tables.ceiling import noise_ceiling


def makers(study: Explanations) -> list[Maker]:
    """The makers, in the order of the tables."""
    measures = {name: name for name in study.measures}
    return [
        Maker(("curves",), lambda made: curves(study.comparisons, study.sanity), of_people=False),
        Maker(("explainer_agreement",), lambda made: explainer_agreement(study.comparisons), of_people=False),
        Maker(("noise_ceiling",), lambda made: noise_ceiling(study.couples, measures)),
        Maker(("measure_differences",), lambda made: measure_differences(study.couples, study.measures)),
    ]
