"""Submissions that do not count, as their platform says: consent was revoked, they were returned, or were rejected."""

from dataclasses import replace

import pandas as pd

from builder.ratings import records
from builder.ratings.clean import Cleaned, refusal
from builder.ratings.export import COUNTS, REJECTED, RETURNED, REVOKED
from builder.tasks import Questionnaire

WITHDRAWN = {
    REVOKED: "participant revoked consent",
    RETURNED: "participant returned the submission",
    REJECTED: "submission was rejected",
}
"""Statuses of people whose ratings stay out, and why their ratings are refused."""


def standing(earlier: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """The participants who stand outside after a platform's export: participant_id and status, one row for each.

    Of several submissions one that counts comes before those that do not; nothing comes before a revoked consent.

    Args:
        earlier: the same before, as in withdrawn.csv.
        after: participant_id and status of every submission that the export has.
    """
    if after.empty:
        return earlier
    order = [REVOKED, COUNTS, RETURNED, REJECTED]
    ranked = after.assign(rank=after["status"].map(order.index)).sort_values("rank", kind="stable")
    now = ranked.drop_duplicates("participant_id")[records.WITHDRAWN]
    for_good = earlier["participant_id"][earlier["status"] == REVOKED]
    now = now[~now["participant_id"].isin(for_good)]
    before = earlier[~earlier["participant_id"].isin(now["participant_id"])]
    out = pd.concat([before, now[now["status"] != COUNTS]]).astype("str")
    return out.sort_values("participant_id", ignore_index=True)


def kept_out(rows: Cleaned, withdrawn: pd.DataFrame, asks: Questionnaire) -> tuple[Cleaned, pd.DataFrame]:
    """A file's rows without those of who stands outside, and their ratings as refused.csv has them."""
    if withdrawn.empty:
        return rows, refusal(rows.ratings.iloc[:0], asks, "")
    status = dict(zip(withdrawn["participant_id"], withdrawn["status"], strict=True))
    refused = []
    for each, reason in WITHDRAWN.items():
        statuses = rows.ratings["participant_id"].map(status) == each
        refused.append(refusal(rows.ratings[statuses], asks, reason))
    left = replace(
        rows,
        ratings=rows.ratings[~rows.ratings["participant_id"].isin(status)],
        participants=rows.participants[~rows.participants.index.isin(status)],
        held_back=rows.held_back[~rows.held_back["participant_id"].isin(status)],
    )
    return left, pd.concat(refused)
