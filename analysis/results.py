"""Every table of a dataset, by name; what cannot be made is listed with its reason.

| name | a row is | columns (`low`, `high`: 95 % interval) |
|---|---|---|
| participants | an answer to a question | question, answer, n, share, value |
| scores_by_kind | a kind (level NaN), a level of it, or "all" | kind, level, n_pairs, n_rated, n_ratings, similarity_mean, identity_rate, per recognizer `<name>_distance`, `<name>_accept`, `<name>_failures`, per other distance its mean |
| correlations | a kind (or "all": without genuine) and a measure | kind, measure, n, n_bases, pearson, p, stars, printed, low, high, spearman, spearman_p, spearman_low, spearman_high, reason |
| similarity_distribution | a kind and a bin of similarity | kind, from, to, n, share |
| disagreement | a rated pair and a recognizer | pair_id, base_id, sample_id, kind, level, recognizer, distance, accept, similarity_mean, identity_rate, model_closeness, people_closeness, disagreement, candidate |
| people_disagreement | a pair with two ratings or more | pair_id, base_id, sample_id, kind, level, n_ratings, similarity_mean, identity_rate, similarity_std, identity_entropy |
| attribute_model | the random forest | n_pairs, n_bases, n_attributes, r2, r2_std, reason |
| attribute_importance | an attribute | attribute, importance, importance_std |
| strategies | a question and a facial feature | question, feature, n, n_texts, share, low, high |
| agreement | a statistic and a question | statistic, question, scope, value, low, high, n_pairs, n_participants, dropped_pairs, dropped_participants, reason |
| rater_agreement | a participant | participant_id, n_pairs, similarity_pearson, identity_agreement, identity_kappa, reason |
| identity_model | a recognizer and a term | recognizer, term, estimate, se, low, high, odds_ratio, n_ratings, reason |
| roc | a recognizer and a threshold | recognizer, threshold, false_accept_rate, false_reject_rate |
| verification | a recognizer | recognizer, n_same, n_different, ties, auc, auc_low, auc_high, eer, eer_threshold, threshold, agreement, best_threshold, best_low, best_high, best_agreement, reason |
| error_rates | a recognizer, a kind or "all", and a rate | recognizer, kind, rate (false accept, false reject), n, errors, value, low, high, failures, reason |
| calibration | a recognizer and a bin of distance | recognizer, from, to, n, distance_mean, identity_rate, low, high, logistic, isotonic |
| calibration_fit | a recognizer | recognizer, n, intercept, slope, half_distance, brier, reason |
| error_consistency | two deciders | first, second, reference, n, observed, expected, kappa, kappa_std, n_raters, reason |
| transfer | a level of the optimized samples and a recognizer | level, reached, recognizer, is_target, n, failures, distance_mean, accept_rate, low, high |
| groups | a grouping, a group and a rate | grouping, group, merged, recognizer, rate, n, value, low, high, difference, ratio, reason |
| variance_components | a question and a kind | question, kind, pair, rater, residual, n_pairs, n_raters, reason |
| power | a question, a kind, raters and a wanted width | question, kind, raters, width, pairs |
| limits | a statement of what the dataset cannot show | topic, subject, n, statement |
| skipped | a table that cannot be made | table, reason |

A table made from ratings has a first column `ratings_source`.
"""  # noqa: E501
