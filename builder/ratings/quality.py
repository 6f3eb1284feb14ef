"""Flags: reasons to doubt a participant's answers. Nobody is dropped for one; analysis decides."""

from collections.abc import Mapping

import pandas as pd

from builder.ratings.items import Design
from builder.tasks import Control, Scale
from loading_script.tables import FLAGS


def flags(ratings: pd.DataFrame, design: Design, participants: pd.Index) -> pd.Series:
    """The flags of each of `participants`, in the order of FLAGS.

    - attention: a control of the study was answered as nobody answers who looks
    - speed: the median response time is below `min_median_ms`; not judged where no time is known
    - straight-lining: all ratings, at least two, have the same number on one of the study's scales
    - too-few: less than `min_share` of the items that the participant's batch shows are rated

    Args:
        ratings: columns participant_id, the item's id, those of the questions, response_time_ms.
        design: what they are of.
        participants: participant ids; one without ratings has too few.

    Returns:
        A list of flags for each participant, indexed by participant_id.
    """
    settings = design.settings
    by_participant = ratings.groupby("participant_id", sort=False)
    medians = ratings.dropna(subset=["response_time_ms"]).groupby("participant_id")["response_time_ms"].median()
    least = _shown(ratings, design) * settings.min_share
    counts = by_participant.size()
    enough = counts[counts >= least.reindex(counts.index)]
    flagged: Mapping[str, pd.Index] = {
        "attention": _inattentive(ratings, design),
        "speed": medians[medians < settings.min_median_ms].index,
        "straight-lining": _constant(ratings, design),
        "too-few": participants.difference(enough.index),
    }
    marks = pd.DataFrame({flag: participants.isin(flagged[flag]) for flag in FLAGS}, index=participants)
    return pd.Series(
        [[flag for flag, marked in zip(FLAGS, row, strict=True) if marked] for row in marks.to_numpy()],
        index=participants,
        dtype=object,
    )


def _shown(ratings: pd.DataFrame, design: Design) -> pd.Series:
    """The items that each participant was shown: those of their batch, of the arms alone of which they rated any."""
    batch, items = batches(ratings, design), design.shown
    if not design.asks.arms:
        return batch.map(items.groupby("batch").size()).astype("float64")
    arms = ratings[design.asks.key].map(items["arm"]).groupby(ratings["participant_id"])
    arms_of = {str(who): list(each.dropna().unique()) for who, each in arms}
    counts = [
        ((items["batch"] == of) & (items["arm"].isna() | items["arm"].isin(arms_of[str(who)]))).sum()
        for who, of in batch.items()
    ]
    return pd.Series(counts, index=batch.index, dtype="float64")


def _inattentive(ratings: pd.DataFrame, design: Design) -> pd.Index:
    """The participants who answered a control as nobody does who looks; one that was not answered tells nothing."""
    asks = design.asks
    answered = ratings.join(design.items, on=asks.key)
    wrong = pd.Series(data=False, index=answered.index)
    for task in asks.tasks:
        ours = answered["task"] == task.name if len(asks.tasks) > 1 else pd.Series(data=True, index=answered.index)
        for control in task.controls:
            wrong |= ours & (answered[control.column] == control.value) & _fails(answered[control.question], control)
    inattentive: pd.Index = pd.Index(answered["participant_id"][wrong])
    return inattentive


def _fails(answers: pd.Series, control: Control) -> pd.Series:
    """A mark for each answer that is not the control's."""
    wrong = pd.Series(data=False, index=answers.index)
    if control.least is not None:
        wrong |= (answers < control.least).fillna(value=False)
    if control.most is not None:
        wrong |= (answers > control.most).fillna(value=False)
    if control.answer is not None:
        wrong |= (answers.notna() & answers.ne(control.answer)).fillna(value=False)
    return wrong.astype(bool)


def _constant(ratings: pd.DataFrame, design: Design) -> pd.Index:
    """The participants who gave one number to every item, on one of the scales."""
    people: pd.Index = pd.Index([])
    for question in design.asks.questions:
        if isinstance(question, Scale):
            answers = ratings.groupby("participant_id", sort=False)[question.name]
            constant = (answers.nunique() == 1) & (answers.count() > 1)
            people = people.union(pd.Index(constant[constant].index))
    return people


def batches(ratings: pd.DataFrame, design: Design) -> pd.Series:
    """The batch of each participant who rated, indexed by participant_id; of several the one rated most often."""
    batch = ratings[design.asks.key].map(design.items["batch"])
    counts = batch.groupby([ratings["participant_id"], batch.rename("batch")], sort=True).size().rename("n")
    ordered = counts.reset_index().sort_values(["participant_id", "n", "batch"], ascending=[True, False, True])
    return ordered.drop_duplicates("participant_id").set_index("participant_id")["batch"].astype("int64")
