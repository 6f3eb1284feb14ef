"""Makers of the tables of a verification study, beside those that every study has.

| name | a row is | columns (`low`, `high`: 95 % interval) |
|---|---|---|
| scores_by_kind | a kind (level NaN), a level of it, or "all" | kind, level, n_pairs, n_rated, n_ratings, n_similarity, n_identity, similarity_mean, identity_rate, per recognizer `<name>_distance`, `<name>_accept`, `<name>_failures`, per other distance its mean |
| means | a mean of `scores_by_kind` | kind, level, measure, n, value, low, high, interval |
| compared_means | a printed mean (with `compare_with`) | kind, level, measure, this_study, printed, difference |
| compared_correlations | a printed correlation (with `compare_with`) | kind, measure, this_study, low, high, printed, same_sign, inside |
| correlations | a kind, "all" (without genuine) or "all with genuine", and a measure | kind, measure, n, n_bases, pearson, p, stars, printed, low, high, interval, p_batches, p_holm, honest_stars, spearman, spearman_p, spearman_low, spearman_high, spearman_interval, reason |
| similarity_distribution | a kind and a bin of similarity | kind, from, to, n, share |
| disagreement | a rated pair and a recognizer | pair_id, base_id, sample_id, kind, level, recognizer, distance, accept, similarity_mean, identity_rate, inverted_distance, identity_disagreement, model_closeness, people_closeness, disagreement, candidate, reason |
| people_disagreement | a pair with two ratings or more | pair_id, base_id, sample_id, kind, level, n_ratings, n_similarity, n_identity, similarity_mean, identity_rate, similarity_std, identity_std, identity_entropy, reason |
| image_attributes | an image | image_id, brightness, contrast, sharpness, red, green, blue, saturation, saturation_std, per alignment `<name>_roll`, `_eyes`, `_yaw`, `_pitch`, what DeepFace says (see `deepface_attributes`) and what was joined |
| deepface | a model of DeepFace | attribute, file, n_images, n_faces, reason |
| attribute_model | the random forest | n_pairs, n_batches, n_attributes, r2, r2_low, r2_high, interval, r2_std, reason |
| attribute_importance | an attribute | attribute, importance, importance_std |
| identity_model | a recognizer and a term | recognizer, term, estimate, se, low, high, odds_ratio, n_ratings, reason |
| roc | a recognizer and a threshold | recognizer, threshold, false_accept_rate, false_reject_rate, n_different, false_accept_low, false_accept_high, n_same, false_reject_low, false_reject_high |
| verification | a recognizer | recognizer, n_same, n_different, ties, failures, auc, auc_low, auc_high, eer, eer_low, eer_high, eer_threshold, threshold, agreement, agreement_low, agreement_high, best_threshold, best_low, best_high, best_agreement, interval, reason |
| error_rates | a recognizer, a kind or "all", and a rate | recognizer, kind, rate (false accept, false reject), n, errors, value, low, high, interval, failures, reason |
| calibration | a model and a bin of its score | model, from, to, n, score_mean, rate, low, high, interval, logistic, isotonic |
| calibration_fit | a model | model, n, n_answers, intercept, slope, half, brier, reason, slope_low, slope_high, half_low, half_high, interval |
| psychometric | a model and a kind, or "all" | model, condition, n, n_answers, from, to, threshold, threshold_low, threshold_high, slope, slope_low, slope_high, lapse, interval, reason |
| error_consistency | two deciders, over all and by kind | first, second, reference, condition, n, observed, expected, kappa, kappa_std, n_compared, low, high, interval, share, reason |
| response_time | a model | model, n, slope, low, high, interval, p, reason |
| confusion | a decider, what is right and what it answers | decider, reference, right, answer, n, share, low, high, interval, reason |
| accuracy_difference | a model and a kind, or "all" | model, reference, condition, n, people, model_accuracy, difference, squared_difference, low, high, interval, reason |
| transfer | a level of the optimized samples and a recognizer | level, reached, recognizer, is_target, n, failures, distance_mean, accept_rate, low, high, interval, reason |
| controversial | two recognizers that disagree (where there are such samples) | accepts, rejects, n, side, low, high, interval, sided_with, ceiling, reason |
| model_spread | random or controversial pairs (where there are such samples) | pairs, n, per recognizer `<name>_accuracy`, variance, low, high, interval, reason |
| signal_detection | a decider (people, a typical person or a model) and a kind (where asked for) | decider, kind, n_same, n_different, hit_rate, false_alarm_rate, d_prime, d_low, d_high, criterion, criterion_low, criterion_high, interval, r_hat, effective_draws, reason |
| signal_detection_spread | what differs between raters, pairs or images (where asked for) | effect, sd, low, high, r_hat, effective_draws, reason |
| groups | a grouping, a group and a rate | grouping, group, merged, recognizer, rate, n, n_units, value, low, high, interval, difference, difference_low, difference_high, difference_interval, chance_difference, p, p_holm, ratio, reason |
| strategies | a question and a facial feature | question, feature, n, n_texts, share, low, high |
| agreement | a statistic and a question | statistic, question, scope, value, low, high, interval, n_pairs, n_participants, dropped_pairs, dropped_participants, reason |
| rater_agreement | a participant | participant_id, n_pairs, similarity_pearson, identity_agreement, identity_kappa, reason |
| variance_components | a question and a kind | question, kind, batch, pair, rater, residual, n_batches, pairs_per_batch, n_pairs, n_raters, reason |
| power | a question, a kind, raters and a wanted width | question, kind, raters, width, batches, pairs, reason |
"""  # noqa: E501

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import pandas as pd

from analysis.errors import MissingDataError
from analysis.makers import Maker, Options, Tables
from analysis.probit import check_installed
from analysis.studies.verification.data import (
    Verification,
    answers,
    identity_decisions,
    identity_scores,
    time_margins,
)
from analysis.studies.verification.tables.controversial import KIND, controversial, model_spread
from analysis.studies.verification.tables.correlations import correlations
from analysis.studies.verification.tables.disagreement import disagreement, people_disagreement
from analysis.studies.verification.tables.forest import attribute_forest
from analysis.studies.verification.tables.groups import groups
from analysis.studies.verification.tables.identity_model import identity_model
from analysis.studies.verification.tables.limits import limits
from analysis.studies.verification.tables.paper import compared_correlations, compared_means, printed_figures
from analysis.studies.verification.tables.scores_by_kind import means, scores_by_kind
from analysis.studies.verification.tables.signal_detection import signal_detection
from analysis.studies.verification.tables.similarity import similarity_distribution
from analysis.studies.verification.tables.transfer import transfer
from analysis.studies.verification.tables.verification import error_rates, roc, verification
from analysis.tables import deepface
from analysis.tables.attributes import image_attributes, joined, measured_names
from analysis.tables.calibration import calibration
from analysis.tables.confusion import accuracy_difference, confusion
from analysis.tables.consistency import error_consistency
from analysis.tables.drift import time_by_distance
from analysis.tables.groupings import DEFAULT, by_each, check_groupings, groupings
from analysis.tables.groups import PERSON
from analysis.tables.psychometric import psychometric
from analysis.tables.strategies import strategies


def makers(study: Verification, options: Options) -> list[Maker]:
    """The makers, in the order of the tables.

    Raises:
        AnalysisError: there is no such column to group by, or no such printed study.
    """
    check_groupings(options.groups, _nameable(study, options.attributes))
    printed = printed_figures(options.compare_with) if options.compare_with else None
    if options.signal_detection:
        check_installed("--signal-detection")
    return [
        *_of_pairs(study),
        *(_compared(printed) if printed else ()),
        *_of_models(study),
        *(_of_signals(study) if options.signal_detection else ()),
        *(_of_disagreement(study) if study.pairs["kind"].eq(KIND).any() else ()),
        *_of_images(study, options),
    ]


def _of_pairs(study: Verification) -> list[Maker]:
    pairs, ratings = study.pairs, study.ratings
    return [
        Maker(("scores_by_kind",), lambda tables: scores_by_kind(pairs, ratings)),
        Maker(("means",), lambda tables: means(pairs, ratings)),
        Maker(("correlations",), lambda tables: correlations(pairs, ratings)),
        Maker(("similarity_distribution",), lambda tables: similarity_distribution(pairs, ratings)),
        Maker(("disagreement",), lambda tables: disagreement(pairs, ratings)),
        Maker(("people_disagreement",), lambda tables: people_disagreement(pairs, ratings)),
        Maker(("strategies",), lambda tables: strategies(study.participants)),
        Maker(("identity_model",), lambda tables: identity_model(pairs, ratings)),
        Maker(("limits",), lambda tables: limits(study, tables.get("agreement")), uses=("agreement",), of_people=False),
    ]


def _compared(printed: Mapping[str, Any]) -> list[Maker]:
    return [
        Maker(
            ("compared_means",),
            lambda tables: compared_means(tables["scores_by_kind"], printed),
            needs=("scores_by_kind",),
        ),
        Maker(
            ("compared_correlations",),
            lambda tables: compared_correlations(tables["correlations"], printed),
            needs=("correlations",),
        ),
    ]


def _of_models(study: Verification) -> list[Maker]:
    pairs, ratings = study.pairs, study.ratings
    decided, of_people = identity_decisions(pairs, ratings), answers(pairs, ratings)
    return [
        Maker(("roc",), lambda tables: roc(pairs, ratings)),
        Maker(("verification",), lambda tables: verification(pairs, ratings, study.thresholds)),
        Maker(("error_rates",), lambda tables: error_rates(pairs, ratings)),
        Maker(("calibration", "calibration_fit"), lambda tables: calibration(**identity_scores(pairs, ratings))),
        Maker(("psychometric",), lambda tables: psychometric(**identity_scores(pairs, ratings), condition="kind")),
        Maker(("error_consistency",), lambda tables: error_consistency(**decided, condition="kind")),
        Maker(("response_time",), lambda tables: time_by_distance(**time_margins(of_people, study.thresholds))),
        Maker(("confusion",), lambda tables: confusion(**decided)),
        Maker(("accuracy_difference",), lambda tables: accuracy_difference(**decided, condition="kind")),
        Maker(("transfer",), lambda tables: transfer(pairs, study.target), of_people=False),
    ]


def _of_signals(study: Verification) -> list[Maker]:
    names = ("signal_detection", "signal_detection_spread")
    return [Maker(names, lambda tables: signal_detection(study.pairs, study.ratings))]


def _of_disagreement(study: Verification) -> list[Maker]:
    pairs, ratings = study.pairs, study.ratings
    return [
        Maker(("controversial",), lambda tables: controversial(pairs, ratings)),
        Maker(("model_spread",), lambda tables: model_spread(pairs, ratings)),
    ]


def _of_images(study: Verification, options: Options) -> Sequence[Maker]:
    return [
        Maker(("image_attributes", "deepface"), lambda tables: _attributes(study, options.attributes), of_people=False),
        Maker(
            ("attribute_model", "attribute_importance"),
            lambda tables: _forest(study, tables["image_attributes"]),
            needs=("image_attributes",),
        ),
        Maker(("groups",), lambda tables: _groups(study, options, tables), uses=("image_attributes",)),
    ]


def _nameable(study: Verification, attributes: pd.DataFrame | None) -> Collection[str]:
    """Names of all groupings, known before anything is measured."""
    measured = [*measured_names(study.images), *deepface.names_at_hand()] if len(study.pictures) else []
    more = [str(name) for name in attributes.columns] if attributes is not None else []
    there = pd.DataFrame(columns=list(dict.fromkeys(["image_id", *measured, *more])))
    return _groupings(study, there)


def _groupings(study: Verification, attributes: pd.DataFrame | None) -> dict[str, pd.DataFrame]:
    tables = {"participants": (PERSON, study.participants), "images": ("image_id", study.images)}
    if attributes is not None:
        tables["attributes"] = ("image_id", attributes)
    return {name: table for name, table in groupings(tables).items() if name != "pair_id"}


def _attributes(study: Verification, attributes: pd.DataFrame | None) -> tuple[pd.DataFrame, pd.DataFrame]:
    if not len(study.pictures):
        raise MissingDataError("the dataset has no table `images`")
    cases = [] if attributes is None else [str(name) for name in attributes.columns]
    faces, account = deepface.deepface_attributes(study.images, study.pictures, cases)
    measured = image_attributes(study.images, study.pictures)
    return joined(joined(measured, faces), attributes), account


def _forest(study: Verification, image_attributes: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    if study.source is None:
        raise MissingDataError("the dataset has no ratings")
    vectors = image_attributes.drop(columns=list(deepface.DOMINANT), errors="ignore")
    return attribute_forest(study.pairs, study.ratings, vectors)


def _groups(study: Verification, options: Options, tables: Tables) -> pd.DataFrame:
    attributes = options.attributes
    there = _groupings(study, tables.get("image_attributes", attributes))
    more = [] if attributes is None else [str(name) for name in attributes.columns if name != "image_id"]
    qualified = [f"attributes.{name}" if f"attributes.{name}" in there else name for name in more]

    def make(table: pd.DataFrame, name: str) -> pd.DataFrame:
        return groups(study.pairs, study.ratings, table, name)

    return by_each(make, there, [*DEFAULT, *qualified, *options.groups], ("recognizer", "rate"))
