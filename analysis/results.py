"""Every table of a dataset, by name; what cannot be made is listed with its reason.

| name | a row is | columns (`low`, `high`: 95 % interval) |
|---|---|---|
| participants | an answer to a question | question, answer, n, share, value |
| scores_by_kind | a kind (level NaN), a level of it, or "all" | kind, level, n_pairs, n_rated, n_ratings, n_similarity, n_identity, similarity_mean, identity_rate, per recognizer `<name>_distance`, `<name>_accept`, `<name>_failures`, per other distance its mean |
| overview | a figure of the study's size | figure, n, least, median, most |
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
| strategies | a question and a facial feature | question, feature, n, n_texts, share, low, high |
| agreement | a statistic and a question | statistic, question, scope, value, low, high, interval, n_pairs, n_participants, dropped_pairs, dropped_participants, reason |
| rater_agreement | a participant | participant_id, n_pairs, similarity_pearson, identity_agreement, identity_kappa, reason |
| identity_model | a recognizer and a term | recognizer, term, estimate, se, low, high, odds_ratio, n_ratings, reason |
| roc | a recognizer and a threshold | recognizer, threshold, false_accept_rate, false_reject_rate, n_different, false_accept_low, false_accept_high, n_same, false_reject_low, false_reject_high |
| verification | a recognizer | recognizer, n_same, n_different, ties, failures, auc, auc_low, auc_high, eer, eer_low, eer_high, eer_threshold, threshold, agreement, agreement_low, agreement_high, best_threshold, best_low, best_high, best_agreement, interval, reason |
| error_rates | a recognizer, a kind or "all", and a rate | recognizer, kind, rate (false accept, false reject), n, errors, value, low, high, interval, failures, reason |
| calibration | a model and a bin of its score | model, from, to, n, score_mean, rate, low, high, interval, logistic, isotonic |
| calibration_fit | a model | model, n, n_answers, intercept, slope, half, brier, reason, slope_low, slope_high, half_low, half_high, interval |
| error_consistency | two deciders, over all and by kind | first, second, reference, condition, n, observed, expected, kappa, kappa_std, n_compared, low, high, interval, reason |
| drift | a question, or the time for an answer | figure, n, slope, low, high, interval, p, reason |
| response_time | a model | model, n, slope, low, high, interval, p, reason |
| noise_ceiling | a kind or "all", a question, and a measure or "people" | condition, question, measure, n, correlation, split_half, share, share_low, share_high, single, leave_one_out, single_share, low, high, interval, reason |
| confusion | a decider, what is right and what it answers | decider, reference, right, answer, n, share, low, high, interval, reason |
| accuracy_difference | a model and a kind, or "all" | model, reference, condition, n, people, model_accuracy, difference, squared_difference, low, high, interval, reason |
| transfer | a level of the optimized samples and a recognizer | level, reached, recognizer, is_target, n, failures, distance_mean, accept_rate, low, high, interval, reason |
| groups | a grouping, a group and a rate | grouping, group, merged, recognizer, rate, n, n_units, value, low, high, interval, difference, difference_low, difference_high, difference_interval, chance_difference, p, p_holm, ratio, reason |
| variance_components | a question and a kind | question, kind, batch, pair, rater, residual, n_batches, pairs_per_batch, n_pairs, n_raters, reason |
| power | a question, a kind, raters and a wanted width | question, kind, raters, width, batches, pairs, reason |
| limits | a statement of what the dataset cannot show | topic, subject, n, statement |
| skipped | a table that cannot be made | table, reason |

A table made from ratings has a first column `ratings_source`.
"""  # noqa: E501

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import pandas as pd

from analysis.errors import MissingDataError
from analysis.studies.verification.data import (
    Verification,
    identity_decisions,
    identity_scores,
    model_measures,
    time_margins,
)
from analysis.studies.verification.tables.correlations import correlations
from analysis.studies.verification.tables.disagreement import disagreement, people_disagreement
from analysis.studies.verification.tables.forest import attribute_forest
from analysis.studies.verification.tables.identity_model import identity_model
from analysis.studies.verification.tables.paper import compared_correlations, compared_means, printed_figures
from analysis.studies.verification.tables.scores_by_kind import scores_by_kind
from analysis.studies.verification.tables.similarity import similarity_distribution
from analysis.studies.verification.tables.transfer import transfer
from analysis.studies.verification.tables.verification import error_rates, roc, verification
from analysis.tables import deepface
from analysis.tables.agreement import agreement, rater_agreement
from analysis.tables.answers import QUESTIONS
from analysis.tables.attributes import image_attributes, joined, measured_names
from analysis.tables.calibration import calibration
from analysis.tables.ceiling import noise_ceiling
from analysis.tables.confusion import accuracy_difference, confusion
from analysis.tables.consistency import error_consistency
from analysis.tables.drift import drift, time_by_distance
from analysis.tables.groupings import DEFAULT, check_groupings, groupings, groups_by
from analysis.tables.limits import limits
from analysis.tables.overview import overview
from analysis.tables.participants import participants
from analysis.tables.power import power, variance_components
from analysis.tables.strategies import strategies

_Tables = dict[str, pd.DataFrame]
_Maker = tuple[list[str], Callable[[_Tables], tuple[pd.DataFrame, ...]]]

_SIZE: Final[Mapping[str, Any]] = {
    "key": "pair_id",
    "item": "pairs",
    "questions": QUESTIONS,
    "units": {"batches": "batch", "bases": "base_id"},
}
"""What the overview counts."""

_ASKED = ("items", "ratings", "key", "questions", "units")

WITHOUT_RATINGS = {"image_attributes", "deepface", "transfer", "skipped", "limits"}
"""Tables that say nothing of people, and so carry no `ratings_source`."""


def results(
    published: Verification,
    attributes: pd.DataFrame | None = None,
    progress: Callable[[list[_Maker]], Iterable[_Maker]] = iter,
    *,
    groups: Sequence[str] = (),
    compare_with: str | None = None,
) -> _Tables:
    """Every table, by name, in the order above; those with nothing to show are in "skipped".

    attributes: more attributes of images, by image_id; they join the random forest, and each is a grouping. Where one
        has the name of one that is measured here, it is taken instead.
    progress: goes through the steps and may show how far it is, as `tqdm.tqdm` does.
    groups: columns of participants, images or attributes (see `analysis.tables.groupings`) that are groupings beside
        the participants' gender, age and continent.
    compare_with: a study whose printed figures are put beside this one's (see `tables.paper` of verification).

    Raises:
        AnalysisError: an image cannot be read, or there is no such column, or no such printed study.
    """
    check_groupings(groups, _nameable(published, attributes))
    printed = printed_figures(compare_with) if compare_with else None
    made: _Tables = {}
    skipped = []
    for names, make in progress(list(_makers(published, attributes, groups, printed))):
        try:
            tables = make(made)
            made.update(zip(names, tables, strict=True))
        except MissingDataError as reason:
            skipped += [{"table": name, "reason": str(reason)} for name in names]
    made["skipped"] = pd.DataFrame(skipped, columns=["table", "reason"])
    return {name: _sourced(name, table, published.source) for name, table in made.items()}


def _makers(
    published: Verification, attributes: pd.DataFrame | None, wanted: Sequence[str], printed: Mapping[str, Any] | None
) -> Iterator[_Maker]:
    """Names of tables, and what makes them from those made before."""
    pairs, ratings = published.pairs, published.ratings
    yield ["overview"], lambda made: (overview(pairs, ratings, **_SIZE),)
    yield ["participants"], lambda made: (participants(published.participants),)
    yield ["scores_by_kind"], lambda made: (scores_by_kind(pairs, ratings),)
    yield ["correlations"], lambda made: (correlations(pairs, ratings),)
    if printed is not None:
        yield ["compared_means"], lambda made: (compared_means(made["scores_by_kind"], printed),)
        yield ["compared_correlations"], lambda made: (compared_correlations(_needed(made, "correlations"), printed),)
    yield ["similarity_distribution"], lambda made: (similarity_distribution(pairs, ratings),)
    yield ["disagreement"], lambda made: (disagreement(pairs, ratings),)
    yield ["people_disagreement"], lambda made: (people_disagreement(pairs, ratings),)
    yield ["image_attributes", "deepface"], lambda made: _attributes(published, attributes)
    yield ["attribute_model", "attribute_importance"], lambda made: _forest(published, made)
    yield ["strategies"], lambda made: (strategies(published.participants),)
    yield ["agreement"], lambda made: (agreement(pairs, ratings),)
    yield ["rater_agreement"], lambda made: (rater_agreement(pairs, ratings),)
    yield ["identity_model"], lambda made: (identity_model(pairs, ratings),)
    yield ["roc"], lambda made: (roc(pairs, ratings),)
    yield ["verification"], lambda made: (verification(pairs, ratings, published.thresholds),)
    yield ["error_rates"], lambda made: (error_rates(pairs, ratings),)
    yield ["calibration", "calibration_fit"], lambda made: calibration(**identity_scores(pairs, ratings))
    decided = identity_decisions(pairs, ratings)
    yield ["error_consistency"], lambda made: (error_consistency(**decided, condition="kind"),)
    measured = model_measures(pairs, ratings)
    yield ["drift"], lambda made: (drift(**{name: measured[name] for name in _ASKED}),)
    yield ["response_time"], lambda made: (time_by_distance(**time_margins(pairs, ratings, published.thresholds)),)
    yield ["noise_ceiling"], lambda made: (noise_ceiling(**measured),)
    yield ["confusion"], lambda made: (confusion(**decided),)
    yield ["accuracy_difference"], lambda made: (accuracy_difference(**decided, condition="kind"),)
    yield ["transfer"], lambda made: (transfer(pairs, published.target),)
    yield ["groups"], lambda made: (_groups(published, attributes, made, wanted),)
    yield ["variance_components"], lambda made: (variance_components(pairs, ratings),)
    yield ["power"], lambda made: (_power(made),)
    yield ["limits"], lambda made: (limits(published, made.get("agreement")),)


def _nameable(published: Verification, attributes: pd.DataFrame | None) -> Collection[str]:
    """Names of all groupings, known before anything is measured."""
    measured = [*measured_names(published.images), *deepface.names_at_hand()] if len(published.pictures) else []
    more = [str(name) for name in attributes.columns] if attributes is not None else []
    there = pd.DataFrame(columns=list(dict.fromkeys(["image_id", *measured, *more])))
    return groupings(published.participants, published.images, there)


def _attributes(published: Verification, attributes: pd.DataFrame | None) -> tuple[pd.DataFrame, pd.DataFrame]:
    if not len(published.pictures):
        raise MissingDataError("the dataset has no table `images`")
    known = [] if attributes is None else [str(name) for name in attributes.columns]
    faces, account = deepface.deepface_attributes(published.images, published.pictures, known)
    measured = image_attributes(published.images, published.pictures)
    return joined(joined(measured, faces), attributes), account


def _forest(published: Verification, made: _Tables) -> tuple[pd.DataFrame, pd.DataFrame]:
    if published.source is None:
        raise MissingDataError("the dataset has no ratings")
    if "image_attributes" not in made:
        raise MissingDataError("the dataset has no table `images`")
    vectors = made["image_attributes"].drop(columns=list(deepface.DOMINANT), errors="ignore")
    return attribute_forest(published.pairs, published.ratings, vectors)


def _groups(
    published: Verification, attributes: pd.DataFrame | None, made: _Tables, wanted: Sequence[str]
) -> pd.DataFrame:
    there = groupings(published.participants, published.images, made.get("image_attributes", attributes))
    more = [] if attributes is None else [str(name) for name in attributes.columns if name != "image_id"]
    qualified = [f"attributes.{name}" if f"attributes.{name}" in there else name for name in more]
    return groups_by(published.pairs, published.ratings, there, [*DEFAULT, *qualified, *wanted])


def _power(made: _Tables) -> pd.DataFrame:
    return power(_needed(made, "variance_components"))


def _needed(made: _Tables, name: str) -> pd.DataFrame:
    if name not in made:
        raise MissingDataError("the dataset has no ratings")
    return made[name]


def _sourced(name: str, table: pd.DataFrame, source: str | None) -> pd.DataFrame:
    if name not in WITHOUT_RATINGS:
        table.insert(0, "ratings_source", source or "none")
    return table
