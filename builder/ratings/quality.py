"""Flags: reasons to doubt a participant's answers. Nobody is dropped for one; analysis decides."""

from collections.abc import Mapping

import pandas as pd

from builder.ratings.settings import RatingsSettings
from loading_script.lands_between import FLAGS


def flags(ratings: pd.DataFrame, pairs: pd.DataFrame, settings: RatingsSettings, participants: pd.Index) -> pd.Series:
    """The flags of each of `participants`, in the order of FLAGS.

    - attention: a genuine pair, one image twice, was rated below `attention_similarity` or as different
    - speed: the median response time is below `min_median_ms`; not judged where no time is known
    - straight-lining: the similarity of all ratings, at least two, is the same
    - too-few: less than `min_share` of the pairs of the participant's batch are rated

    Args:
        ratings: columns participant_id, pair_id, similarity, identity, response_time_ms.
        pairs: indexed by pair_id; columns batch, kind (the name).
        settings: the bounds.
        participants: participant ids; one without ratings has too few.

    Returns:
        A list of flags for each participant, indexed by participant_id.
    """
    answered = ratings.join(pairs, on="pair_id")
    by_participant = answered.groupby("participant_id", sort=False)
    genuine = answered[answered["kind"] == "genuine"]
    inattentive = genuine[(genuine["similarity"] < settings.attention_similarity) | genuine["identity"].eq(False)]
    medians = answered.dropna(subset=["response_time_ms"]).groupby("participant_id")["response_time_ms"].median()
    similarity = by_participant["similarity"]
    constant = (similarity.nunique() == 1) & (similarity.count() > 1)
    wanted = batches(ratings, pairs).map(pairs.groupby("batch").size()).astype("float64") * settings.min_share
    rated = by_participant.size()
    enough = rated[rated >= wanted.reindex(rated.index)]
    flagged: Mapping[str, pd.Index] = {
        "attention": pd.Index(inattentive["participant_id"]),
        "speed": medians[medians < settings.min_median_ms].index,
        "straight-lining": constant[constant].index,
        "too-few": participants.difference(enough.index),
    }
    marks = pd.DataFrame({flag: participants.isin(flagged[flag]) for flag in FLAGS}, index=participants)
    return pd.Series(
        [[flag for flag, marked in zip(FLAGS, row, strict=True) if marked] for row in marks.to_numpy()],
        index=participants,
        dtype=object,
    )


def batches(ratings: pd.DataFrame, pairs: pd.DataFrame) -> pd.Series:
    """The batch of each participant who rated, indexed by participant_id; of several the one rated most often."""
    batch = ratings["pair_id"].map(pairs["batch"])
    counts = batch.groupby([ratings["participant_id"], batch.rename("batch")], sort=True).size().rename("n")
    ordered = counts.reset_index().sort_values(["participant_id", "n", "batch"], ascending=[True, False, True])
    return ordered.drop_duplicates("participant_id").set_index("participant_id")["batch"].astype("int64")
