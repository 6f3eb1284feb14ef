"""Every table of a dataset, by name; what cannot be made is listed with its reason.

These are of any kind of study; where a study calls its items pairs, it is n_pairs that stands for n_items. What a kind
adds is listed with its makers, such as `analysis.studies.verification.makers`.

| name | a row is | columns (`low`, `high`: 95 % interval) |
|---|---|---|
| overview | a figure of the study's size | figure, n, least, median, most |
| participants | an answer to a question | question, answer, n, share, value |
| agreement | a statistic and a question | statistic, question, scope, value, low, high, interval, n_items, n_participants, dropped_items, dropped_participants, reason |
| rater_agreement | a participant | participant_id, n_items, per question its columns (see `rater_agreement`), reason |
| drift | a question, or the time for an answer | figure, n, slope, low, high, interval, p, reason |
| sides | a question, or an option of one, where left and right are counterbalanced | figure, n, n_right, difference, low, high, interval, p, reason |
| noise_ceiling | a condition or "all", a question, and a measure or "people" | condition, question, measure, n, correlation, split_half, share, share_low, share_high, single, single_low, single_high, leave_one_out, leave_one_out_low, leave_one_out_high, single_share, single_share_low, single_share_high, low, high, interval, reason |
| prediction_powered | a condition or "all", a question and a measure, where people rated some of the batches | condition, question, measure, n_items, n_rated, n_ratings, mean, mean_low, mean_high, weight, value, low, high, interval, saved, reason |
| groups | a grouping, a group and a figure | grouping, group, merged, question, figure, n, n_units, value, low, high, interval, difference, difference_low, difference_high, difference_interval, chance_difference, p, p_holm, ratio, reason |
| variance_components | a question and a kind | question, kind, batch, item, rater, residual, n_batches, items_per_batch, n_items, n_raters, reason |
| power | a question, a kind, raters and a wanted width | question, kind, raters, width, batches, items, reason |
| limits | a statement of what the dataset cannot show | topic, subject, n, statement |
| skipped | a table that cannot be made | table, reason |

`kind` is the sample kind, or another column by which a kind of study looks at its items apart. A table made from
ratings has a first column `ratings_source`.
"""  # noqa: E501

from collections.abc import Callable, Iterable, Sequence

import pandas as pd

from analysis.dataset import Published
from analysis.errors import MissingDataError
from analysis.makers import Maker, Options, all_makers, ordered
from analysis.registry import Analysis, analysis_of


def results(
    published: Published,
    attributes: pd.DataFrame | None = None,
    progress: Callable[[list[Maker]], Iterable[Maker]] = iter,
    *,
    groups: Sequence[str] = (),
    compare_with: str | None = None,
    signal_detection: bool = False,
) -> dict[str, pd.DataFrame]:
    """Every table, by name: those that every study has, then those of its kind; what has nothing to show is in
    "skipped".

    attributes: more attributes of images, by image_id; each is a grouping. Where one has the name of one that is
        measured here, it is taken instead.
    progress: goes through the makers and may show how far it is, as `tqdm.tqdm` does.
    groups: columns of participants, images or attributes (see `analysis.tables.groupings`) that are groupings beside
        the participants' gender, age and continent.
    compare_with: a study whose printed figures are put beside this one's.
    signal_detection: whether the model of signal detection is sampled, which takes minutes.

    Raises:
        AnalysisError: an image cannot be read, or there is no such column, or no such printed study.
    """
    analysis = analysis_of(published.kind) or Analysis(published.kind)
    makers = all_makers(published, analysis, Options(attributes, groups, compare_with, signal_detection))
    frames: dict[str, pd.DataFrame] = {}
    reasons: dict[str, str] = {}
    for maker in progress(ordered(makers)):
        lacking = [reasons[name] for name in maker.needs if name in reasons]
        try:
            if lacking:
                raise MissingDataError(lacking[0])
            tables = maker.make({name: frames[name] for name in (*maker.needs, *maker.uses) if name in frames})
            frames.update(zip(maker.names, tables if isinstance(tables, tuple) else (tables,), strict=True))
        except MissingDataError as reason:
            reasons |= dict.fromkeys(maker.names, str(reason))
    sources = {name: published.source or "none" for maker in makers if maker.of_people for name in maker.names}
    names = [name for maker in makers for name in maker.names]
    skipped = [{"table": name, "reason": reasons[name]} for name in names if name in reasons]
    results_by_name = {name: _sourced(frames[name], sources.get(name)) for name in names if name in frames}
    return results_by_name | {"skipped": pd.DataFrame(skipped, columns=["table", "reason"])}


def _sourced(table: pd.DataFrame, source: str | None) -> pd.DataFrame:
    """The table; with whose ratings it is made from, where it says something of people."""
    if source is not None:
        table.insert(0, "ratings_source", source)
    return table
