"""Makers of the tables of a classification study, beside those that every study has.

| name | a row is | columns (`low`, `high`: 95 % interval) |
|---|---|---|
| predicted_shares | see `tables.predicted_shares` (of pictures without labels) | |
| pairs_told_apart | a classifier and an attribute (of pictures in pairs) | classifier, attribute, pairs, failures, told_apart, share, low, high |
| pairs_by_class | a classifier, an attribute and a class (of pictures in pairs) | classifier, attribute, class, pairs, first_alone, second_alone, p, p_holm |
| errors | a classifier and a measure | classifier, measure, n, failures, raw, raw_low, raw_high, raw_interval, mistakes, asked, accepted, agreement, agreement_low, agreement_high, agreement_interval, rectified, low, high, interval, least, most, reason |
| error_differences | two classifiers and an error | first, second, error, difference, low, high, interval, p, p_holm |
| adversarial_errors | an attacked classifier, and whether people saw its images whole or explained | classifier, shown (where there are such arms), n, before, after, attacks, success_rate, float_success_rate, raw, raw_low, raw_high, raw_interval, mistakes, asked, accepted, agreement, agreement_low, agreement_high, agreement_interval, rectified, low, high, interval, least, most, reason |
| explained_pairs | see `tables.explained` (of a study with explained images) | |
| arm_difference | an attacked classifier (of a study with explained images) | classifier, pairs, whole, explained, difference, low, high, interval, p, to_yes, to_no |
| explanation_paths | a kind of image and a number of superpixels (of a study with explained images) | classifier, image, rank, n, probability, low, high, interval |
| assignment_success | a condition (of a study with assignments) | condition, n_answers, left_out, n, success, standard_error, low, high, interval, chance |
| assignment_differences | two conditions (of a study with assignments) | first, second, difference, low, high, interval, p, p_holm |
| class_examples | a class, a method and a role (of a study with assignments) | class, method, role, n_candidates, n_qualified, nearest |
| prevalence | see `tables.prevalence` (of a study with assignments) | |
| compared_assignments | a condition (with `compare_with`, of a study with assignments) | condition, study, success, standard_error |
| positive_answers | a classifier, a measure and a number of 5 | classifier, measure, yes, n, share, low, high, interval |
| rectified_curve | a classifier, a measure and a number of 5 | classifier, measure, enough, raw, agreement, rectified, low, high, interval, least, most |
| answers_by_kind | a kind of items | kind, n_items, n_asked, n_answers, yes, low, high, interval, accepted, accepted_low, accepted_high, accepted_interval |
| mistakes | a mistake that people were asked about | item_id, image_id, kind, row, label, shown_class, classifiers, n_answers, n_yes, share, accepted |
| expert_errors | a kind, a number of 5 and an error | kind, enough, error, n, errors, value, low, high, interval |
| rectified_power | a classifier, raters, mistakes of a batch and a width | classifier, raters, asked, rectified, width, batches, mistakes, ratings, reason |
| compared_errors | a measure and a classifier (with `compare_with`) | measure, study, classifier, raw, agreement, rectified, low, high, all_agree |
| error_consistency | two deciders | first, second, reference, condition, n, observed, expected, kappa, kappa_std, n_compared, low, high, interval, share, reason |
"""  # noqa: E501

from analysis.makers import Maker, Options
from analysis.studies.classification.data import ASSIGNMENT, Classification
from analysis.studies.classification.tables.assignments import (
    assignment_differences,
    assignment_success,
    compared_assignments,
)
from analysis.studies.classification.tables.consistency import consistency_of
from analysis.studies.classification.tables.errors import adversarial_errors, error_differences, errors
from analysis.studies.classification.tables.examples import class_examples
from analysis.studies.classification.tables.experts import expert_errors
from analysis.studies.classification.tables.explained import arm_difference, explained_pairs, explanation_paths
from analysis.studies.classification.tables.kinds import answers_by_kind
from analysis.studies.classification.tables.limits import limits
from analysis.studies.classification.tables.mistakes import mistakes
from analysis.studies.classification.tables.pairs import pairs_by_class, pairs_told_apart
from analysis.studies.classification.tables.paper import compared_errors, printed_figures
from analysis.studies.classification.tables.positive_answers import positive_answers, rectified_curve
from analysis.studies.classification.tables.power import rectified_power
from analysis.studies.classification.tables.predicted_shares import predicted_shares
from analysis.studies.classification.tables.prevalence import carried, people_answers, prevalence


def makers(study: Classification, options: Options) -> list[Maker]:
    """The makers, in the order of the tables.

    Raises:
        AnalysisError: there is no such printed study.
    """
    several = len(study.classifiers) > 1
    return [
        *_unlabeled(study),
        Maker(("errors",), lambda tables: errors(study)),
        *([Maker(("error_differences",), lambda tables: error_differences(study))] if several else []),
        *([Maker(("adversarial_errors",), lambda tables: adversarial_errors(study))] if study.attacked else []),
        *(_explained(study) if len(study.explained) else []),
        *(_assigned(study, options) if ASSIGNMENT in set(study.items["kind"]) else []),
        Maker(("positive_answers",), lambda tables: positive_answers(study)),
        Maker(("rectified_curve",), lambda tables: rectified_curve(study)),
        Maker(("answers_by_kind",), lambda tables: answers_by_kind(study)),
        Maker(("mistakes",), lambda tables: mistakes(study)),
        *([Maker(("expert_errors",), lambda tables: expert_errors(study))] if len(study.experts) else []),
        Maker(("rectified_power",), lambda tables: rectified_power(study)),
        *([_compared(options.compare_with, bool(study.attacked))] if options.compare_with else []),
        Maker(("error_consistency",), lambda tables: consistency_of(study)),
        Maker(("limits",), lambda tables: limits(study, tables.get("agreement")), uses=("agreement",), of_people=False),
    ]


def _unlabeled(study: Classification) -> list[Maker]:
    """The makers of what pictures without labels show, and pictures in pairs."""
    predictions, names, makers = study.predictions, study.classifiers, []
    if predictions["label"].isna().any():
        unlabeled = predictions[predictions["label"].isna()]
        makers.append(Maker(("predicted_shares",), lambda tables: predicted_shares(unlabeled, names), of_people=False))
    if "pair" in predictions:
        makers.append(
            Maker(("pairs_told_apart",), lambda tables: pairs_told_apart(predictions, names), of_people=False)
        )
        makers.append(Maker(("pairs_by_class",), lambda tables: pairs_by_class(predictions, names), of_people=False))
    return makers


def _explained(study: Classification) -> list[Maker]:
    """The makers of what people say of explained images, and of what these are to the classifier."""
    return [
        Maker(("explained_pairs",), lambda tables: explained_pairs(study)),
        Maker(
            ("arm_difference",),
            lambda tables: arm_difference(study, tables["explained_pairs"]),
            needs=("explained_pairs",),
        ),
        Maker(("explanation_paths",), lambda tables: explanation_paths(study), of_people=False),
    ]


def _assigned(study: Classification, options: Options) -> list[Maker]:
    """The makers of how well classes are shown by examples, and of what is frequent among these."""
    makers = [
        Maker(("assignment_success",), lambda tables: assignment_success(study)),
        Maker(("assignment_differences",), lambda tables: assignment_differences(study)),
        Maker(("class_examples",), lambda tables: class_examples(study), of_people=False),
        Maker(
            ("prevalence",),
            lambda tables: prevalence(study, carried(study, options.attributes), people_answers(study)),
            of_people=False,
        ),
    ]
    if options.compare_with:
        name, printed = options.compare_with, printed_figures(options.compare_with)
        makers.append(
            Maker(
                ("compared_assignments",),
                lambda tables: compared_assignments(tables["assignment_success"], printed, name),
                needs=("assignment_success",),
            )
        )
    return makers


def _compared(name: str, attacked: bool) -> Maker:
    printed = printed_figures(name)
    return Maker(
        ("compared_errors",),
        lambda tables: compared_errors(
            tables["errors"], tables.get("rectified_curve"), tables.get("adversarial_errors"), printed, name
        ),
        needs=("errors",),
        uses=("rectified_curve", *(["adversarial_errors"] if attacked else [])),
    )
